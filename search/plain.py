"""The same questions in SQL where there is no index: any typed word is part of a name.

Slower, and coarser: it knows no prices, so it orders by credit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Qualification
from models.agencies.fees import FeeSchedule
from models.agencies.serving import ServiceArea, serving
from models.catalogue import ServiceItem, current_items
from models.credit.kept import CreditScore
from search.analysis import plain, query_terms
from search.documents import ALL, Document, item_words
from search.query import GRADES, Counts, Hits, Query


class Sql:
    name = "sql"

    def search(self, session: Session, query: Query) -> Hits:
        if query.kind == "item":
            return self._items(session, query)
        statement = self._agencies(query)
        total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
        page = statement.offset((query.page - 1) * query.size).limit(query.size)
        counts = self._counts(session, query) if query.counts else {}
        return Hits(list(session.scalars(page)), total, counts, self.name)

    def _counts(self, session: Session, query: Query) -> Counts:
        agency, today = Organisation, clock.today()
        grade = func.coalesce(CreditScore.grade, "none")
        offered = and_(FeeSchedule.agency_id == agency.id, FeeSchedule.effective_from <= today)
        held = and_(Qualification.agency_id == agency.id, Qualification.valid_on(today))
        grouped: dict[str, tuple[Any, tuple[Any, Any], dict[str, Any]]] = {
            "grade": (grade, (CreditScore, CreditScore.agency_id == agency.id), {"grade": ""}),
            "items": (FeeSchedule.item_code, (FeeSchedule, offered), {"item": ""}),
            "held": (Qualification.kind, (Qualification, held), {"held": ""}),
        }
        found: Counts = {}
        for name, (value, joined, without) in grouped.items():
            matching = self._agencies(replace(query, **without)).order_by(None)
            counted = select(value, func.count(func.distinct(agency.id))).select_from(agency)
            counted = counted.join(*joined, isouter=name == "grade")
            found[name] = dict(
                session.execute(counted.where(agency.identifier.in_(matching)).group_by(value)).all()
            )  # type: ignore[arg-type]
        areas = self._areas(session, replace(query, region=""))
        return {**found, "grade": dict.fromkeys(GRADES, 0) | found["grade"], "regions": areas}

    def _items(self, session: Session, query: Query) -> Hits:
        """The items that have the most of the words: the catalogue is small enough to be read."""
        wanted = query_terms(query.words, typing=query.typing)
        points = {item.code: _points(set(item_words(item)), wanted) for item in current_items(session)}
        keys = [code for code, gained in points.items() if gained or not query.words.strip()]
        keys.sort(key=lambda code: -points[code])
        first = (query.page - 1) * query.size
        return Hits(keys[first : first + query.size], len(keys), backend=self.name)

    def _areas(self, session: Session, query: Query) -> dict[str, int]:
        """How many serve each place or some place in it, and how many each whole area, as an index has it."""
        code = func.coalesce(ServiceArea.region_code, Organisation.region_code)
        served = (
            select(Organisation.id.label("agency"), code.label("code"))
            .outerjoin(ServiceArea, ServiceArea.agency_id == Organisation.id)
            .where(Organisation.identifier.in_(self._agencies(query).order_by(None)))
            .subquery()
        )
        found: dict[str, int] = {}
        for digits in (2, 4, 6):
            area = func.substr(served.c.code, 1, digits)
            counted = select(area, func.count(func.distinct(served.c.agency))).group_by(area)
            if digits > 2:
                counted = counted.where(func.substr(served.c.code, digits - 1, 2) != "00")
            found |= {f"{begin:0<6}": number for begin, number in session.execute(counted)}
        whole = select(served.c.code, func.count(func.distinct(served.c.agency))).group_by(served.c.code)
        return found | {place + ALL: number for place, number in session.execute(whole)}

    def _agencies(self, query: Query) -> Any:
        statement = (
            select(Organisation.identifier)
            .outerjoin(CreditScore, CreditScore.agency_id == Organisation.id)
            .where(Organisation.kind == "agency", Organisation.state == "verified")
        )
        in_force = and_(FeeSchedule.agency_id == Organisation.id, FeeSchedule.effective_from <= clock.today())
        if query.item:
            statement = statement.where(
                select(FeeSchedule.id).where(in_force, FeeSchedule.item_code == query.item).exists()
            )
        if query.region:
            statement = statement.where(serving(query.region))
        if query.grade:
            grade = CreditScore.grade.is_(None) if query.grade == "none" else CreditScore.grade == query.grade
            statement = statement.where(grade)
        if query.held:
            kept = and_(
                Qualification.agency_id == Organisation.id,
                Qualification.valid_on(clock.today()),
                Qualification.kind == query.held,
            )
            statement = statement.where(select(Qualification.id).where(kept).exists())
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


def _points(words: set[str], wanted: dict[str, float]) -> float:
    """What a document gains by the wanted terms it has; one that ends in `*` is the beginning of any."""
    return sum(
        weight
        for term, weight in wanted.items()
        if term in words or (term.endswith("*") and any(word.startswith(term[:-1]) for word in words))
    )


class NoIndex:
    """No index at all, and nothing to keep in step: every question is answered in SQL."""

    name = Sql.name
    in_database = False

    def exists(self, session: Session) -> bool:
        return False

    def forget(self) -> None:
        """Nothing is kept."""

    def alone(self, session: Session | None) -> AbstractContextManager[None]:
        return nullcontext()

    def update(self, session: Session, documents: dict[str, Document | None]) -> None:
        """There is nothing to put them in."""

    def write(
        self,
        session: Session,
        documents: Iterable[Document],
        late: Callable[[], dict[str, Document | None]] = dict,
    ) -> int:
        return 0

    def search(self, session: Session, query: Query) -> Hits:
        return Sql().search(session, query)
