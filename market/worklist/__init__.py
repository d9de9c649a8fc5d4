"""What waits for whoever is signed in, and what it was notified of."""
