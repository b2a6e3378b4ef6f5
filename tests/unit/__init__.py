"""Pure things: no database, no network."""
