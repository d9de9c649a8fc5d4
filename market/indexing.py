"""The search index made anew, whole."""

from __future__ import annotations

from contextlib import nullcontext

from flask import current_app

from market.extensions import db
from market.transaction import transaction
from search import Search


def rebuild_index() -> int:
    """Make the search index anew. Returns how many documents it holds."""
    search: Search = current_app.extensions["search"]
    db.session.rollback()  # what reads the old index must be done with it
    with transaction() if search.backend.in_database else nullcontext(db.session) as session:
        count = search.rebuild(session)
    db.session.rollback()
    return int(count)


def refresh_index() -> None:
    """The index anew, where there is one: what an agency offers and holds changes with the day alone."""
    search: Search = current_app.extensions["search"]
    exists = search.backend.exists(db.session)
    db.session.rollback()
    if exists:
        rebuild_index()
