"""Twice is once, nothing is lost, and nothing stands in the way of the rest."""
