"""Breadth-first execution of a Strawberry schema; knows nothing of the product."""
