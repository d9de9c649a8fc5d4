"""Who hears of a tender that was published openly: agencies that may answer it, who saved such a search.

After the event, some at a time, and each once: what was told before a kill is not told again.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from market.chunks import chunk_size
from market.extensions import db
from market.notices.telling import put_down
from models import notifications
from models.events import Event
from models.sourcing import matching, saved_searches
from models.sourcing.tenders import Tender

OPENED = ("tender.publish", "tender.turn")  # acts after which agencies answer, anew or at all
Find = Callable[[Session, Tender, int, int], tuple[list[int], int | None]]
# By what a notice is about; whoever may answer and also saved such a search is told as one who may answer.
FOUND: dict[str, Find] = {"work": matching.able_agencies, "saved": saved_searches.told_of}


def alert(happened: list[Event]) -> None:
    """The consumer, outside of any transaction."""
    for event in happened:
        if event.kind in OPENED:
            for kind, find in FOUND.items():
                _alert(event.id, event.case_identifier, kind, find)


def _alert(event: int, identifier: str, kind: str, find: Find) -> None:
    size, after = chunk_size(("alerts", kind)), 0
    while True:
        tender = Tender.load(db.session, identifier)
        if tender.state != "published" or tender.openness != "open":
            db.session.rollback()
            return
        told, go_on = find(db.session, tender, after, size.size)
        db.session.rollback()
        if told:
            with size.piece() as session:
                put_down(session, notifications.tell(session, [(key, event, kind) for key in told]))
        if go_on is None:
            return
        after = go_on
