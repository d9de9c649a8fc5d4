"""Sourcing: a buyer's tender, what agencies answer to it, and the award that comes of it."""
