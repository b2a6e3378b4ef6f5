"""Tables, their keys and indexes, and how each is spread over shards."""
