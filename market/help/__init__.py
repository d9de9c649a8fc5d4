"""Help: the words of the market, and whom to call."""
