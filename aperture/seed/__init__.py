"""A small living world for development: the same each time, and made by the product's own verbs."""

from aperture.seed.world import seed

__all__ = ["seed"]
