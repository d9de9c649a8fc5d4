"""What anybody may check or take away without an account."""
