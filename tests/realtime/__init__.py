"""Sockets and what they are sent."""
