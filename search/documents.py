"""What is put into an index: agencies and items as documents of words, filters and figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Qualification
from models.agencies.fees import FeeSchedule
from models.agencies.serving import areas_of, served
from models.catalogue import ServiceItem, current_items
from models.credit.kept import CreditScore
from models.events import Event
from models.regions import above, full_name
from models.synonyms import synonyms_of
from search.analysis import sounds, terms

Document = dict[str, Any]
PIECE = 500  # agencies read at once
ALL = "+"  # after the code of an area: all of it


def agency_documents(session: Session, agency_ids: Iterable[int] | None = None) -> dict[str, Document | None]:
    """Identifier to document, for these agencies or all; None where it should not be found.

    `items`, `regions` (see `_places`) and `held` (kinds of valid qualifications) are lists; `offers` has, by
    item, the published price in fen for the item's example job and the promised working days.
    """
    wanted = list(agency_ids) if agency_ids is not None else None
    agencies: Any = select(Organisation).where(Organisation.kind == "agency")
    priced: Any = (
        select(FeeSchedule).where(FeeSchedule.effective_from <= clock.today()).order_by(FeeSchedule.version)
    )
    scored: Any = select(CreditScore)
    held: Any = select(Qualification.agency_id, Qualification.kind).where(
        Qualification.valid_on(clock.today())
    )
    if wanted is not None:
        agencies = agencies.where(Organisation.id.in_(wanted))
        priced, scored, held = (
            q.where(c.agency_id.in_(wanted))
            for q, c in ((priced, FeeSchedule), (scored, CreditScore), (held, Qualification))
        )
    items = {item.code: item for item in current_items(session)}
    schedules: dict[int, dict[str, FeeSchedule]] = defaultdict(dict)
    for schedule in session.scalars(priced):
        if schedule.item_code in items:
            schedules[schedule.agency_id][schedule.item_code] = schedule
    kinds: dict[int, set[str]] = defaultdict(set)
    for agency_id, kind in session.execute(held):
        kinds[agency_id].add(kind)
    scores = {score.agency_id: score for score in session.scalars(scored)}
    areas = areas_of(session, wanted)
    return {
        agency.identifier: _agency(
            agency,
            schedules[agency.id],
            kinds[agency.id],
            scores.get(agency.id),
            items,
            served(agency, areas),
        )
        if agency.state == "verified"
        else None
        for agency in session.scalars(agencies)
    }


def touched(session: Session, happened: Iterable[Event]) -> dict[str, Document | None]:
    """The documents these events may have changed, as they stand now."""
    named, items = set(), False
    for event in happened:
        items = items or event.case_type == "item"
        if event.case_type == "organisation":
            named.add(event.case_identifier)
        elif event.kind == "credit.refreshed":
            named |= set(event.data["agencies"])
    documents = item_documents(session) if items else {}
    names = sorted(named)
    for first in range(0, len(names), PIECE):
        part = names[first : first + PIECE]
        documents |= agency_documents(
            session, session.scalars(select(Organisation.id).where(Organisation.identifier.in_(part))).all()
        )
    return documents


def _agency(
    agency: Organisation,
    schedules: dict[str, FeeSchedule],
    held: set[str],
    score: CreditScore | None,
    items: dict[str, ServiceItem],
    areas: list[str],
) -> Document:
    called = " ".join([agency.name, *(items[code].name for code in sorted(schedules))])
    also = [word for code in sorted(schedules) for word in synonyms_of(code)[:1]]
    known_by = " ".join([called, *also, agency.introduction, full_name(agency.region_code), agency.uscc])
    return {
        "key": agency.identifier,
        "kind": "agency",
        "words": " ".join([*terms(known_by), *sounds(called)]),
        "items": sorted(schedules),
        "regions": _places(areas),
        "held": sorted(held),
        "grade": (score.grade if score else None) or "none",
        "score": score.score if score else 0,
        "offers": {
            code: [price, schedule.days]
            for code, schedule in schedules.items()
            if (price := schedule.price_if_any(items[code].example)) is not None
        },
    }


def _places(areas: list[str]) -> list[str]:
    """What somebody serves, to be found by a place: areas, those they lie in, and each area as a whole."""
    return sorted({place for area in areas for place in above(area)} | {area + ALL for area in areas})


def item_documents(session: Session) -> dict[str, Document | None]:
    """Code to document for every item; None for one that is not in the catalogue now."""
    current = {item.code: item for item in current_items(session)}
    every = session.scalars(select(ServiceItem.code).distinct())
    return {code: _item(current[code]) if code in current else None for code in sorted(every)}


def item_words(item: ServiceItem) -> list[str]:
    """What an item is found by: its code, its names and synonyms in both languages, and how they sound."""
    called = [item.name, *synonyms_of(item.code)]
    said = [item.code, *called, item.name_en, item.approval_matter, item.department]
    return [*terms(" ".join(said)), *(term for name in called for term in dict.fromkeys(sounds(name)))]


def _item(item: ServiceItem) -> Document:
    return {
        "key": item.code,
        "kind": "item",
        "words": " ".join(item_words(item)),
        "items": [],
        "regions": [],
        "held": [],
        "grade": "",
        "score": 0,
        "offers": {},
    }
