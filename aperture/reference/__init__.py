"""The schema reference at `/docs`: the contract as a page, made once, with its limits in words and examples."""

from aperture.reference.routes import reference_routes

__all__ = ["reference_routes"]
