"""One interface to search: `Whoosh` on disk or PostgreSQL's full text, and plain SQL when there is no index."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy.orm import Session

from search.documents import agency_documents, item_documents
from search.embedded import Whoosh
from search.plain import Sql
from search.postgresql import FullText
from search.query import Backend, Hits, Query

log = logging.getLogger(__name__)


class Search:
    """The index where there is one, SQL where there is none or it fails."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.sql = Sql()

    def search(self, session: Session, query: Query) -> Hits:
        try:
            if self.backend.exists(session):
                return self.backend.search(session, query)
        except Exception:  # a torn file raises whatever its bytes happen to mean; the search must still answer
            log.exception("the search index cannot be read; answering from the database")
            self.backend.forget()
            session.rollback()
        return self.sql.search(session, query)

    def rebuild(self, session: Session) -> int:
        """Make the index of this market anew. Returns how many documents it holds."""
        documents = {**item_documents(session), **agency_documents(session)}
        return self.backend.write(session, [document for document in documents.values() if document is not None])


def open_index(setting: str, folder: Path) -> Search:
    """The index of this setting: `whoosh`, in this folder, or `postgresql`, in the market's database."""
    backend: Backend = FullText() if setting == "postgresql" else Whoosh(folder)
    return Search(backend)
