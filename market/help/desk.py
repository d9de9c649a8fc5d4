"""Whom to call: the desk of this market, from its settings."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from market.glossary import language


@dataclass(frozen=True)
class Desk:
    """A desk in the reader's language; what is not set is empty."""

    name: str
    phone: str
    hours: str
    mail: str


def desk() -> Desk | None:
    """Whom to call; None where nobody can be called or written to.

    The setting of a name or of hours may hold its English after a bar.
    """
    told = current_app.config
    if not (told["HELP_PHONE"] or told["HELP_MAIL"]):
        return None
    return Desk(
        _in_language(told["HELP_DESK"]),
        told["HELP_PHONE"],
        _in_language(told["HELP_HOURS"]),
        told["HELP_MAIL"],
    )


def _in_language(text: str) -> str:
    chinese, _bar, english = text.partition("|")
    return (english if language() == "en" and english else chinese).strip()
