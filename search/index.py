"""One interface to search; `Whoosh` on disk, `Sql` when there is no index."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session
from whoosh import fields, index
from whoosh.analysis import SpaceSeparatedTokenizer

from models import clock
from models.accounts import Organisation
from models.agencies import FeeSchedule
from models.catalogue import ServiceItem, current_items
from models.credit import CreditScore
from models.regions import above, within
from search.postings import Postings
from search.words import plain, query_terms, sounds, terms

log = logging.getLogger(__name__)
GRADES = ("A", "B", "C", "D", "E", "none")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, and exact filters. `region` takes the area and all below it."""

    words: str = ""
    kind: str = "agency"
    item: str = ""
    region: str = ""
    grade: str = ""
    page: int = 1
    size: int = 20


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of identifiers (agencies) or codes (items), best first, and how many there are in all.

    `grades` says how many agencies of each grade (or `none`) there are for the same question asked of all grades.
    """

    keys: list[str] = field(default_factory=list)
    total: int = 0
    grades: dict[str, int] = field(default_factory=dict)
    backend: str = ""


class Index(Protocol):
    """What every backend does."""

    def search(self, session: Session, query: Query) -> Hits: ...


SCHEMA = fields.Schema(
    key=fields.ID(unique=True, stored=True),
    kind=fields.ID(),
    words=fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False),
    items=fields.KEYWORD(),
    regions=fields.KEYWORD(),
    grade=fields.ID(),
    score=fields.NUMERIC(sortable=True, signed=True),
)


def agency_documents(session: Session, agency_ids: Iterable[int] | None = None) -> dict[str, dict[str, Any] | None]:
    """Identifier to document, for these agencies or all; None where it should not be found."""
    query = select(Organisation).where(Organisation.kind == "agency")
    priced = select(FeeSchedule.agency_id, FeeSchedule.item_code).where(FeeSchedule.effective_from <= clock.today())
    scored = select(CreditScore)
    if agency_ids is not None:
        wanted = list(agency_ids)
        query = query.where(Organisation.id.in_(wanted))
        priced = priced.where(FeeSchedule.agency_id.in_(wanted))
        scored = scored.where(CreditScore.agency_id.in_(wanted))
    names = {item.code: item.name for item in current_items(session)}
    offered: dict[int, set[str]] = {}
    for agency_id, code in session.execute(priced):
        offered.setdefault(agency_id, set()).add(code)
    scores = {score.agency_id: score for score in session.scalars(scored)}
    documents: dict[str, dict[str, Any] | None] = {}
    for agency in session.scalars(query):
        codes = sorted(offered.get(agency.id, ()))
        score = scores.get(agency.id)
        called = " ".join([agency.name, *(names.get(code, "") for code in codes)])
        documents[agency.identifier] = (
            {
                "key": agency.identifier,
                "kind": "agency",
                "words": " ".join([*terms(f"{called} {agency.introduction}"), *sounds(called)]),
                "items": " ".join(codes),
                "regions": " ".join(above(agency.region_code)),
                "grade": (score.grade if score else None) or "none",
                "score": score.score if score else 0,
            }
            if agency.state == "verified"
            else None
        )
    return documents


def item_documents(session: Session) -> dict[str, dict[str, Any] | None]:
    """Code to document for every current item."""
    return {
        item.code: {
            "key": item.code,
            "kind": "item",
            "words": " ".join([*terms(f"{item.name} {item.name_en} {item.approval_matter} {item.department}"), *sounds(item.name)]),
            "score": 0,
        }
        for item in current_items(session)
    }


class Whoosh:
    """An index on disk. Only the jobs worker writes; every process may read."""

    name = "whoosh"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[Any, Postings] | None = None

    def exists(self) -> bool:
        return bool(self.folder.is_dir() and index.exists_in(str(self.folder)))

    def _postings(self) -> Postings:
        """The index as it is on disk now, kept until somebody writes it anew."""
        stamp = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_ino) for path in self.folder.glob("*.toc"))
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, Postings(index.open_dir(str(self.folder)).reader())
        return self._read[1]

    def forget(self) -> None:
        """Read the index from disk again the next time."""
        self._read = None

    def update(self, documents: dict[str, dict[str, Any] | None]) -> None:
        """Put these documents in, or take them out where None. Doing it twice changes nothing."""
        writer = index.open_dir(str(self.folder)).writer(timeout=30)
        for key, document in documents.items():
            if document is None:
                writer.delete_by_term("key", key)
            else:
                writer.update_document(**document)
        writer.commit()

    def rebuild(self, session: Session) -> int:
        """Make the index of this market anew. Returns how many documents it holds."""
        documents = {**item_documents(session), **agency_documents(session)}
        return self.write([document for document in documents.values() if document is not None])

    def write(self, documents: list[dict[str, Any]]) -> int:
        """Make an index of these documents beside the old one and swap them."""
        fresh = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        writer = index.create_in(str(fresh), SCHEMA).writer(limitmb=256)
        for document in documents:
            writer.add_document(**document)
        writer.commit()
        shutil.rmtree(self.folder, ignore_errors=True)
        fresh.rename(self.folder)
        return len(documents)

    def search(self, session: Session, query: Query) -> Hits:
        wanted = query_terms(query.words)
        if query.words.strip() and not wanted:
            return Hits(backend=self.name)
        must = [("kind", query.kind), ("items", query.item), ("regions", query.region), ("grade", query.grade)]
        asked = [(field, text) for field, text in must if text]
        postings = self._postings()
        keys, total = postings.search(wanted, asked, (query.page - 1) * query.size, query.size)
        grades = postings.count(wanted, [pair for pair in asked if pair[0] != "grade"], "grade", GRADES)
        return Hits(keys, total, grades, self.name)


class Sql:
    """The same questions in SQL: every typed word must be part of a name. Slower, and coarser."""

    name = "sql"

    def search(self, session: Session, query: Query) -> Hits:
        statement = self._items(query) if query.kind == "item" else self._agencies(query)
        total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
        page = statement.offset((query.page - 1) * query.size).limit(query.size)
        return Hits(list(session.scalars(page)), total, self._grades(session, query), self.name)

    def _grades(self, session: Session, query: Query) -> dict[str, int]:
        if query.kind == "item":
            return {}
        matching = self._agencies(replace(query, grade="")).order_by(None)
        grade = func.coalesce(CreditScore.grade, "none")
        counted = (
            select(grade, func.count())
            .select_from(Organisation)
            .outerjoin(CreditScore, CreditScore.agency_id == Organisation.id)
            .where(Organisation.identifier.in_(matching))
            .group_by(grade)
        )
        return dict.fromkeys(GRADES, 0) | {letter: number for letter, number in session.execute(counted)}

    def _items(self, query: Query) -> Any:
        newest = select(ServiceItem.code).where(ServiceItem.withdrawn_on.is_(None)).distinct()
        wanted = plain(query_terms(query.words))
        if query.words.strip():
            newest = newest.where(or_(false(), *(ServiceItem.name.contains(term, autoescape=True) for term in wanted)))
        return newest.order_by(ServiceItem.code)

    def _agencies(self, query: Query) -> Any:
        statement = (
            select(Organisation.identifier)
            .outerjoin(CreditScore, CreditScore.agency_id == Organisation.id)
            .where(Organisation.kind == "agency", Organisation.state == "verified")
        )
        in_force = and_(FeeSchedule.agency_id == Organisation.id, FeeSchedule.effective_from <= clock.today())
        if query.item:
            statement = statement.where(select(FeeSchedule.id).where(in_force, FeeSchedule.item_code == query.item).exists())
        if query.region:
            statement = statement.where(within(Organisation.region_code, query.region))
        if query.grade:
            grade = CreditScore.grade.is_(None) if query.grade == "none" else CreditScore.grade == query.grade
            statement = statement.where(grade)
        if query.words.strip():
            offers = (
                select(FeeSchedule.id)
                .join(ServiceItem, ServiceItem.code == FeeSchedule.item_code)
                .where(in_force)
            )
            matches = [
                or_(
                    Organisation.name.contains(term, autoescape=True),
                    offers.where(ServiceItem.name.contains(term, autoescape=True)).exists(),
                )
                for term in plain(query_terms(query.words))
            ]
            statement = statement.where(or_(false(), *matches))
        return statement.order_by(func.coalesce(CreditScore.score, 0).desc(), Organisation.id)


class Fallback:
    """The index where there is one, SQL where there is none or it fails."""

    def __init__(self, whoosh: Whoosh) -> None:
        self.whoosh = whoosh
        self.sql = Sql()

    def search(self, session: Session, query: Query) -> Hits:
        try:
            if self.whoosh.exists():
                return self.whoosh.search(session, query)
        except Exception:  # a torn file raises whatever its bytes happen to mean; the search must still answer
            log.exception("the search index cannot be read; answering from the database")
            self.whoosh.forget()
        return self.sql.search(session, query)


def open_index(folder: Path) -> Fallback:
    """The index in this folder, existing or not."""
    return Fallback(Whoosh(folder))
