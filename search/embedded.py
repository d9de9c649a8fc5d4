"""The embedded index: Whoosh on disk, read as arrays."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session
from whoosh import fields, index
from whoosh.analysis import SpaceSeparatedTokenizer

from search.analysis import query_terms
from search.documents import Document
from search.inverted_index import Postings
from search.query import FACETS, GRADES, Hits, Query

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
    texts = {
        "items": " ".join(document["items"]),
        "regions": " ".join(document["regions"]),
        "held": ",".join(document["held"]),
    }
    whole = {**document, **texts}
    return {name: value for name, value in whole.items() if value not in ("", {})}


class Whoosh:
    """An index in a folder.

    It lies in a generation of its own, a folder below named in `current`: one made anew takes the place of
    the old one by a single rename, and who still reads the old one goes on. One process writes at a time;
    every process may read.
    """

    name = "whoosh"
    in_database = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self._read: tuple[Any, Postings] | None = None

    @property
    def folder(self) -> Path:
        """Where the index lies now; without generations, as it was kept once, in the folder itself."""
        try:
            return self.home / (self.home / "current").read_text(encoding="ascii")
        except FileNotFoundError:
            return self.home

    def exists(self, session: Session | None = None) -> bool:
        folder = self.folder
        return bool(folder.is_dir() and index.exists_in(str(folder)))

    def _postings(self) -> Postings:
        """The index as it is on disk now, kept until somebody writes it anew."""
        folder = self.folder
        stamp = sorted(
            (str(path), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.glob("*.toc")
        )
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, Postings(index.open_dir(str(folder)).reader())
        return self._read[1]

    def forget(self) -> None:
        self._read = None

    @contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        """One process, and one thread of it, at a time; a process that dies lets go."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with self.home.with_name(f"{self.home.name}.{what}").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def alone(self, session: Session | None) -> Iterator[None]:
        with self._locked("writing"):
            if session is not None:
                session.rollback()
            yield

    def update(self, session: Session | None, documents: dict[str, Document | None]) -> None:
        self._put(self.folder, documents)

    @staticmethod
    def _put(folder: Path, documents: dict[str, Document | None]) -> None:
        writer = index.open_dir(str(folder)).writer(timeout=30)
        for key, document in documents.items():
            if document is None:
                writer.delete_by_term("key", key)
            else:
                writer.update_document(**_fields(document))
        writer.commit()

    def write(
        self,
        session: Session | None,
        documents: Iterable[Document],
        late: Callable[[], dict[str, Document | None]] = dict,
    ) -> int:
        count = 0
        with self._locked("building"):
            fresh = self._next_generation()
            writer = index.create_in(str(fresh), SCHEMA).writer(limitmb=256)
            for document in documents:
                writer.add_document(**_fields(document))
                count += 1
            writer.commit()
            with self.alone(session):
                changed = late()
                if changed:
                    self._put(fresh, changed)
                self._swap(fresh)
        return count

    def _next_generation(self) -> Path:
        numbers = [int(path.name[1:]) for path in self.home.glob("g*") if path.name[1:].isdigit()]
        fresh = self.home / f"g{max(numbers, default=0) + 1}"
        fresh.mkdir(parents=True)
        return fresh

    def _swap(self, fresh: Path) -> None:
        """From now on `fresh` is the index.

        The one before stays until the next time, for who is about to open it.
        """
        before, pointer = self.folder, self.home / "current.new"
        pointer.write_text(fresh.name, encoding="ascii")
        pointer.replace(self.home / "current")
        for path in self.home.iterdir():
            if path.is_dir() and path not in (fresh, before):
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file() and path.name != "current" and before != self.home:
                path.unlink(missing_ok=True)

    def search(self, session: Session | None, query: Query) -> Hits:
        wanted = query_terms(query.words, typing=query.typing)
        if query.words.strip() and not wanted:
            return Hits(backend=self.name)
        postings = self._postings()
        found = postings.find(
            wanted, {"kind": (query.kind,), **query.filters}, query.item, query.least, query.most
        )
        keys, total = postings.page(
            found, query.order_by, query.item, (query.page - 1) * query.size, query.size
        )
        counts = {name: postings.count(found, name) for name in FACETS} if query.counts else {}
        if counts:
            counts["grade"] = dict.fromkeys(GRADES, 0) | counts["grade"]
        return Hits(keys, total, counts, self.name)
