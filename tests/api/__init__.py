"""Whole requests and operations, through ASGI."""
