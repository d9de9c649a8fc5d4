"""Help: a tutorial for each role, the words of the market, and whom to call."""
