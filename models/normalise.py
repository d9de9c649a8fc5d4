"""What people write in several ways, in the one in which it is compared and kept."""

from __future__ import annotations

import unicodedata


def code(text: str) -> str:
    """A code, a number of a paper or a reference as it is compared: NFKC (full width is half width), without format characters
    (joiners, marks of direction, what a copied cell brings along) and without blanks at its ends."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip()
