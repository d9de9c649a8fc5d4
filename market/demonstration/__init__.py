"""What a demonstration is made of: its accounts, the register it asks, how far it is played."""
