"""Figures: each file is one benchmark, started by `python -m bench.<name>`, with a baseline beside it."""
