"""Credit: an agency's score from the records behind it, and records proposed about it."""
