"""What a contract's money does: its course, what is received for it, what is paid out of it."""
