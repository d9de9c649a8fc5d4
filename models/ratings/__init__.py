"""Ratings: what each side of a contract says of the other, what follows from it, and how it is contested."""
