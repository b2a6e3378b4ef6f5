"""Attacks on accounts: each is a test, and each is refused."""
