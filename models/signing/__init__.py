"""Electronic signatures.

Keys and certificates of organisations, and PAdES signatures on PDF files (docs/signatures.md).
"""
