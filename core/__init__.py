"""Ground: time, ids, errors, events, PostgreSQL, Redis, storage. Knows nothing of the product's rules."""
