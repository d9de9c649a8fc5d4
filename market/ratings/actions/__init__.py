"""What people do with ratings: give them, reply, follow a bad one up, appeal."""
