"""The rules of the product; the only room that queries. A way in opens the transaction, services never commit."""
