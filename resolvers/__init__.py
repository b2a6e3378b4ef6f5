"""The way in for requests: opens the transaction, calls one verb, answers through a loader."""
