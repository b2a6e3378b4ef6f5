"""Rules against a real PostgreSQL and Valkey."""
