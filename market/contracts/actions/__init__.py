"""What people do with a contract: draft, sign, hand over, change, dispute.

And what the clock does for them.
"""
