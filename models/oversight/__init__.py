"""Oversight: complaints and reports, random inspections, red flags, clean-up."""
