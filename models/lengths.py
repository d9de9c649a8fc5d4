"""How long a text may be: said once, on its column, and asked from there by forms and models alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from models.errors import RuleViolation
from models.i18n import N_

TOO_LONG = N_("最多 %(most)s 个字符。")
REASON_LEAST, REASON_MOST = 5, 1000  # characters of a reason, which stands in an event and has no column
LEAST = "least"  # in a column's `info`: the fewest characters its text has


def bounds(column: Any) -> tuple[int, int]:
    """The fewest and the most characters that a text column, an attribute of its class, takes."""
    declared = column.property.columns[0]
    return declared.info.get(LEAST, 0), declared.type.length


def says_something(text: str) -> bool:
    """Whether a text has a letter, a character or a figure: it is not blanks, marks and stops alone."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def check_text(column: Any, text: str, message: str) -> str:
    """The text without blanks around it.

    RuleViolation at the field called like the column, with this `message` (which may name %(least)s and
    %(most)s), for one that is too short or too long.
    """
    least, most = bounds(column)
    if not least <= len(text.strip()) <= most or (least and not says_something(text)):
        raise RuleViolation(message, column.key, least=least, most=most)
    return text.strip()


def hold(field: str, most: int) -> Callable[..., None]:
    """A listener to a column's attribute: RuleViolation at `field` for a text it cannot keep."""

    def check(instance: object, value: Any, *_before: object) -> None:
        if isinstance(value, str) and len(value) > most:
            raise RuleViolation(TOO_LONG, field, most=most)

    return check
