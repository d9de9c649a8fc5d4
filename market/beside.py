"""What stands beside a form to be read first: words as they were written, and files to be opened."""

from __future__ import annotations

from collections.abc import Iterable

from flask import url_for
from markupsafe import Markup

from market.formatting import format_instant
from models.documents import Document


def words(text: str | None) -> Markup:
    """What somebody wrote, in its lines; nothing of nothing."""
    return Markup('<span class="prose">{}</span>').format(text) if text else Markup("")


def files(documents: Iterable[Document]) -> Markup:
    """Links to files, each with when it came; nothing of none."""
    row = Markup('<a href="{}">{}</a> <small>{}</small>')
    return Markup("<br>").join(
        row.format(_url(each), each.name, format_instant(each.created_at)) for each in documents
    )


def _url(document: Document) -> str:
    return url_for("contracts.document", identifier=document.identifier)


def lines(told: Iterable[str]) -> Markup:
    """Several things, each on a line of its own."""
    return Markup("<br>").join(each for each in told if each)
