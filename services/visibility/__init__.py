"""The one door: rows become visible things here and nowhere else. Loaders call it; `rules.py` decides."""
