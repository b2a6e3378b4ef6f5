"""The home feed: timelines written when a post appears, and pages read from them or, without them, from the tables."""
