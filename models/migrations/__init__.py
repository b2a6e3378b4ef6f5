"""The steps from an empty database to today's tables; each works with the code before it and after it."""
