"""The embedded index: Whoosh on disk, read as arrays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session
from whoosh import fields, index
from whoosh.analysis import SpaceSeparatedTokenizer

from search.documents import Document
from search.postings import Postings
from search.query import FACETS, GRADES, Hits, Query
from search.words import query_terms

SCHEMA = fields.Schema(
    key=fields.ID(unique=True, stored=True),
    kind=fields.ID(),
    words=fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False),
    items=fields.KEYWORD(),
    regions=fields.KEYWORD(),
    held=fields.KEYWORD(commas=True),
    grade=fields.ID(),
    score=fields.NUMERIC(sortable=True, signed=True),
    offers=fields.STORED(),
)


def _fields(document: Document) -> dict[str, Any]:
    """A document as the schema takes it; what is empty is left out."""
    texts = {"items": " ".join(document["items"]), "regions": " ".join(document["regions"]), "held": ",".join(document["held"])}
    whole = {**document, **texts}
    return {name: value for name, value in whole.items() if value not in ("", {})}


class Whoosh:
    """An index in a folder. Only the jobs worker writes; every process may read."""

    name = "whoosh"
    in_database = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[Any, Postings] | None = None

    def exists(self, session: Session | None = None) -> bool:
        return bool(self.folder.is_dir() and index.exists_in(str(self.folder)))

    def _postings(self) -> Postings:
        """The index as it is on disk now, kept until somebody writes it anew."""
        stamp = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_ino) for path in self.folder.glob("*.toc"))
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, Postings(index.open_dir(str(self.folder)).reader())
        return self._read[1]

    def forget(self) -> None:
        self._read = None

    def update(self, session: Session | None, documents: dict[str, Document | None]) -> None:
        writer = index.open_dir(str(self.folder)).writer(timeout=30)
        for key, document in documents.items():
            if document is None:
                writer.delete_by_term("key", key)
            else:
                writer.update_document(**_fields(document))
        writer.commit()

    def write(self, session: Session | None, documents: list[Document]) -> int:
        """Beside the old one; then they are swapped."""
        fresh = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        writer = index.create_in(str(fresh), SCHEMA).writer(limitmb=256)
        for document in documents:
            writer.add_document(**_fields(document))
        writer.commit()
        shutil.rmtree(self.folder, ignore_errors=True)
        fresh.rename(self.folder)
        return len(documents)

    def search(self, session: Session | None, query: Query) -> Hits:
        wanted = query_terms(query.words, typing=query.typing)
        if query.words.strip() and not wanted:
            return Hits(backend=self.name)
        postings = self._postings()
        found = postings.find(wanted, {"kind": query.kind, **query.filters}, query.item, query.least, query.most)
        keys, total = postings.page(found, query.order_by, query.item, (query.page - 1) * query.size, query.size)
        counts = {name: postings.count(found, name) for name in FACETS} if query.counts else {}
        if counts:
            counts["grade"] = dict.fromkeys(GRADES, 0) | counts["grade"]
        return Hits(keys, total, counts, self.name)
