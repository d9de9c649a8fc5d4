"""What is carried out in a process of its own: printing, and reading what strangers send.

Imports nothing of the house, so that such a process is small and starts at once (the one exception,
signatures, loads `models` when it is first asked for).
"""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - as in models/errors.py
    """Mark a literal for the translators and return it unchanged."""
    return text


class Refused(Exception):
    """Why a file was refused, in words: a marked text with `%(name)s` places for `params`."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message, self.params = message, params
