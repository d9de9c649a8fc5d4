"""What people and jobs do with credit: scores, and records."""
