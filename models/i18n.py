"""Marking the texts that models hold for people; they are translated where a page or answer is made."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - gettext's customary name for "mark, do not translate yet"
    """Mark a literal for the translators and return it unchanged."""
    return text
