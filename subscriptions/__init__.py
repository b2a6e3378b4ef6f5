"""The way in for sockets: streams of events that can be resumed, each read afresh for its own viewer."""
