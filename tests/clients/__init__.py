"""The clients that front-end teams come with, each run against the real API."""
