"""What a person sees: the GraphiQL page in a real browser."""
