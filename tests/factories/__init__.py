"""The smallest valid things for tests, one file per feature."""
