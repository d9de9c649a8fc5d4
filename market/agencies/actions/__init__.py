"""What agencies and their regulators do here."""
