"""Money: payments and payouts, charges, statements, invoices, and the postings of all of it."""
