"""Contracts: from templates and clauses to signatures, deliverables, changes and disputes."""
