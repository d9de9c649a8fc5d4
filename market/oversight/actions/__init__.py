"""What regulators and operators do: outside the tables, with complaints, inspections, red flags, clean-up."""
