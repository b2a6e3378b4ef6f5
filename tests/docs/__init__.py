"""The documents are true: what they print works as printed."""
