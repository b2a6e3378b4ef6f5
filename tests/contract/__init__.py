"""What the contract promises, held against the code and its clients."""
