"""What the two parties of a case write to each other, and whom they may call."""
