"""What a demonstration is made of, below the rooms: its accounts, the register it asks, how far it is
played.
"""
