"""The privacy probe: a client that walks everything the contract offers, to find what a viewer reaches and how."""
