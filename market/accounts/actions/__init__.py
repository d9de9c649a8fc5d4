"""What people do about themselves, their organisations and how they sign in."""
