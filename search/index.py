"""One interface to search.

`Whoosh` on disk or PostgreSQL's full text, and plain SQL when there is no index.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.accounts import Organisation
from models.events import Event
from search.documents import PIECE, Document, agency_documents, item_documents, touched
from search.interpretation import Interpretation
from search.plain import NoIndex, Sql
from search.postgresql import FullText
from search.query import Backend, Hits, Query

log = logging.getLogger(__name__)


class Search:
    """The index where there is one, SQL where there is none or it fails.

    `between` is called between two pieces of long work.
    """

    def __init__(self, backend: Backend, between: Callable[[], None] = lambda: None) -> None:
        self.backend, self.between = backend, between
        self.sql = Sql()

    def search(self, session: Session, query: Query) -> Hits:
        try:
            if self.backend.exists(session):
                return self.backend.search(session, query)
        except (
            Exception
        ):  # a torn file raises whatever its bytes happen to mean; the search must still answer
            log.exception("the search index cannot be read; answering from the database")
            self.backend.forget()
            session.rollback()
        return self.sql.search(session, query)

    def items(
        self, session: Session, meant: Interpretation, typed: str, *, typing: bool = False, size: int = 10
    ) -> list[str]:
        """The codes of the items a question means: as it was understood, then those the words are near to."""
        asked = meant.words if meant.region and not meant.items else typed
        if not asked.strip():
            return meant.items[:size]
        near = self.search(session, Query(words=asked, kind="item", typing=typing, size=size)).keys
        return list(dict.fromkeys([*meant.items, *near]))[:size]

    def follow(self, session: Session, happened: list[Event]) -> None:
        """Put what these events changed into the index, as it stands now.

        An event makes no index where there is none.
        """
        if self.backend.exists(session):
            with self.backend.alone(session):
                documents = touched(session, happened)
                if documents:
                    self.backend.update(session, documents)

    def rebuild(self, session: Session) -> int:
        """Make the index of this market anew, beside the old one, which answers until the new one is there.

        What happens meanwhile is put in just before they are swapped. Returns how many documents it holds.
        """
        since = session.scalar(select(func.max(Event.id))) or 0
        return self.backend.write(session, self._every(session), lambda: self._late(session, since))

    def _every(self, session: Session) -> Iterator[Document]:
        """Every document there is, read a piece at a time."""
        yield from (document for document in item_documents(session).values() if document is not None)
        after = 0
        while True:
            self._afresh(session)
            following = (
                select(Organisation.id)
                .where(Organisation.kind == "agency", Organisation.id > after)
                .order_by(Organisation.id)
                .limit(PIECE)
            )
            agencies = session.scalars(following).all()
            if not agencies:
                return
            yield from (
                document for document in agency_documents(session, agencies).values() if document is not None
            )
            after = agencies[-1]

    def _late(self, session: Session, since: int) -> dict[str, Document | None]:
        """What changed since an event."""
        documents: dict[str, Document | None] = {}
        while True:
            self._afresh(session)
            happened = session.scalars(
                select(Event).where(Event.id > since).order_by(Event.id).limit(PIECE)
            ).all()
            if not happened:
                return documents
            since = happened[-1].id
            documents |= touched(session, happened)

    def _afresh(self, session: Session) -> None:
        """Read what is there now, not what was."""
        if self.backend.in_database:
            session.expunge_all()
        else:
            session.rollback()
        self.between()


def open_index(setting: str, folder: Path, between: Callable[[], None] = lambda: None) -> Search:
    """The index of this setting.

    `whoosh`, in this folder, `postgresql`, in the market's database, or `sql`, none at all. The library of
    the first is loaded for it alone: where that is not to be had or not to be trusted, the others need none
    (docs/decisions/0033).
    """
    return Search(_backend(setting, folder), between)


def _backend(setting: str, folder: Path) -> Backend:
    if setting == "postgresql":
        return FullText()
    if setting == "sql":
        return NoIndex()
    from search.embedded import Whoosh

    return Whoosh(folder)
