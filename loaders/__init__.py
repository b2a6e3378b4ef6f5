"""Batching: each question is one function from keys to a list of the same length, asked for one viewer."""
