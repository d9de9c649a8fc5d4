"""What the jobs worker does here.

It keeps the index in step with events, issues letters, and warns of certificates that end.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market.chunks import chunk_size, in_chunks
from market.extensions import db
from market.files import issue_outside
from market.printing import letter as printed
from market.transaction import transaction
from models import clock, events, policy
from models.accounts import ORGANISATION, Organisation
from models.actors import SYSTEM
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.entry import letter
from models.cases import Case
from models.clock import BEIJING
from models.documents import of_case
from models.events import Event
from models.i18n import N_
from search import Search

LETTER, COMMITTED = N_("承诺书"), N_("承诺时间")
DATED: dict[str, type[Qualification] | type[Practitioner]] = {
    "qualification": Qualification,
    "practitioner": Practitioner,
}


def warn_of_expiry() -> int:
    """Once at each of the policy's thresholds (calendar days before the end, and at 0 when it is over).

    An event that tells the agency, for its own certificates and its people's. A day that was missed is made
    up for. Returns how many were told.
    """
    mine = chunk_size("expiry", most=200)
    return sum(
        in_chunks("expiry", act, "certificate", _ending(kind), partial(_warn, kind), mine)
        for act, kind in DATED.items()
    )


def _watched(kind: type[Qualification] | type[Practitioner]) -> Select[Any]:
    """The certificates of this kind that end soon, each with its agency."""
    thresholds = policy.current().numbers("entry.expiry_warning_days")
    pairs: Any = select(kind, Organisation)
    watched: Select[Any] = (
        pairs.join(Organisation, Organisation.id == kind.agency_id)
        .where(kind.revoked_on.is_(None), kind.warned.is_distinct_from(0))
        .where(kind.valid_until <= clock.today() + timedelta(days=max(thresholds)))
        .order_by(kind.id)
    )
    return watched.where(Practitioner.left_on.is_(None)) if kind is Practitioner else watched


def _ending(kind: type[Qualification] | type[Practitioner]) -> list[str]:
    """The keys of those to be told of today, found without any lock."""
    today, thresholds = clock.today(), policy.current().numbers("entry.expiry_warning_days")
    found = [
        str(held.id)
        for held, _agency in db.session.execute(_watched(kind))
        if held.warning(today, thresholds) is not None
    ]
    db.session.rollback()
    return found


def _warn(kind: type[Qualification] | type[Practitioner], session: Session, keys: list[str]) -> int:
    """Tell the agencies of these certificates, as they stand now. Returns how many."""
    today, told = clock.today(), 0
    thresholds = policy.current().numbers("entry.expiry_warning_days")
    for held, agency in session.execute(
        _watched(kind).where(kind.id.in_([int(key) for key in keys])).with_for_update(of=kind)
    ):
        reached = held.warning(today, thresholds)
        if reached is None:
            continue
        held.warned = reached
        whose = {"name": held.name} if isinstance(held, Practitioner) else {}
        events.record(
            session,
            SYSTEM,
            "organisation.expiring" if reached else "organisation.expire",
            "organisation",
            agency.identifier,
            data={
                "title": agency.name,
                "certificate": held.kind,
                "number": held.number,
                "valid_until": held.valid_until.isoformat(),
                **whose,
            },
            notify=[agency.id],
        )
        told += 1
    return told


def index_agencies(happened: list[Event]) -> None:
    """The consumer, outside of any transaction.

    Put what these events changed into the index, as it stands now. Only an index in the database has a
    transaction, its own.
    """
    search: Search = current_app.extensions["search"]
    with transaction() if search.backend.in_database else nullcontext(db.session) as session:
        search.follow(session, happened)


def issue_letters(happened: list[Event]) -> None:
    """The consumer, outside of any transaction.

    The letter (承诺书) of every agency that has just committed itself, as a paper anyone can check.
    """
    for event in happened:
        if (
            event.kind in ("organisation.submit", "organisation.commit") and "letter" in event.data
        ):  # an enterprise commits itself to nothing
            _issue_letter(event)


def _issue_letter(event: Event) -> None:
    """One letter, unless the agency has this one, or a later one."""
    agency, at = Organisation.load(db.session, event.case_identifier), event.at.astimezone(BEIJING)
    wanted = partial(_lacks_letter, f"{at:%Y-%m-%d %H:%M}")
    if not wanted(db.session, agency):
        return
    facts = [
        [N_("机构"), agency.name],
        [N_("统一社会信用代码"), agency.uscc],
        [N_("法定代表人"), agency.legal_representative],
        [N_("怎样入驻"), ORGANISATION.acts[event.kind.partition(".")[2]]],
        [COMMITTED, f"{at:%Y-%m-%d %H:%M}"],
        [N_("版本"), event.data["letter"]],
    ]
    made = partial(
        printed,
        title=LETTER,
        at=at,
        by=agency.name,
        to="各级监管部门、项目业主",
        before=letter().splitlines(),
        rows=facts,
        after=[],
    )
    issue_outside(agency, f"承诺书 {agency.identifier}.pdf", LETTER, facts, made, wanted)


def _lacks_letter(at: str, session: Session, agency: Case) -> bool:
    issued = [
        d.issued
        for d in of_case(session, "organisation", agency.identifier)
        if d.issued and d.issued["title"] == LETTER
    ]
    return not any(dict(each["facts"]).get(COMMITTED, "") >= at for each in issued)
