"""What is done with money.

Paying and confirming, paying out, charging through a gateway, reading the bank's statements, recording
invoices, closing the books.
"""
