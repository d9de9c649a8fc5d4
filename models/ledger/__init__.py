"""The ledger: the books, what they add up to, and the closing of each day."""
