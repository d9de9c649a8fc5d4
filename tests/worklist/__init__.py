"""Notices: read and unread, by which channel, in digests."""
