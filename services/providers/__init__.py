"""Log-in with outside providers: attempts, the accounts over there that are linked here, and who comes in by them."""
