"""Input by the thousand that nobody thought of; the same input in every run unless more of it is asked for."""
