"""What the jobs worker does here: it keeps the index in step with events, issues letters, and warns of certificates that end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.credit.actions import agencies_scored
from market.files import issue
from market.printing import letter as printed
from models import clock, events, policy
from models.accounts import ORGANISATION, Organisation
from models.actors import SYSTEM
from models.agencies import Practitioner, Qualification, letter
from models.clock import BEIJING
from models.documents import Document
from models.events import Event
from models.text import N_
from search.documents import agency_documents, item_documents

LETTER = N_("承诺书")


def warn_of_expiry(session: Session) -> int:
    """Once at each of the policy's thresholds (calendar days before the end, and at 0 when it is over): an event that
    tells the agency, for its own certificates and its people's. A day that was missed is made up for. Returns how many
    were told."""
    return sum(_warn(session, kind) for kind in (Qualification, Practitioner))


def _warn(session: Session, kind: type[Qualification] | type[Practitioner]) -> int:
    today, told = clock.today(), 0
    thresholds = policy.current().numbers("entry.expiry_warning_days")
    pairs: Any = select(kind, Organisation)
    watched = (
        pairs.join(Organisation, Organisation.id == kind.agency_id)
        .where(kind.revoked_on.is_(None), kind.warned.is_distinct_from(0))
        .where(kind.valid_until <= today + timedelta(days=max(thresholds)))
    )
    if kind is Practitioner:
        watched = watched.where(Practitioner.left_on.is_(None))
    for held, agency in session.execute(watched.with_for_update(of=kind)):
        reached = held.warning(today, thresholds)
        if reached is None:
            continue
        held.warned = reached
        whose = {"name": held.name} if isinstance(held, Practitioner) else {}
        events.record(
            session, SYSTEM, "organisation.expiring" if reached else "organisation.expire", "organisation", agency.identifier,
            data={"title": agency.name, "certificate": held.kind, "number": held.number, "valid_until": held.valid_until.isoformat(), **whose},
            tells=[agency.id],
        )  # fmt: skip
        told += 1
    return told


def index_agencies(session: Session, happened: list[Event]) -> None:
    """Event handler: put what these events changed into the index, as it stands now."""
    backend = current_app.extensions["search"].backend
    if not backend.exists(session):
        return
    named = {e.case_identifier for e in happened if e.case_type == "organisation"}
    touched = set(session.scalars(select(Organisation.id).where(Organisation.identifier.in_(named))))
    touched |= agencies_scored(session, happened)
    documents = agency_documents(session, touched) if touched else {}
    if any(e.case_type == "item" for e in happened):
        documents |= item_documents(session)
    if documents:
        backend.update(session, documents)


def issue_letters(session: Session, happened: list[Event]) -> None:
    """Event handler: the letter (承诺书) of every agency that has just committed itself, as a paper anyone can check."""
    named = {event.case_identifier: event for event in happened if event.kind in ("organisation.submit", "organisation.commit")}
    agencies = session.scalars(select(Organisation).where(Organisation.identifier.in_(named)).order_by(Organisation.id)).all()
    issued = {(d.case_identifier, str(d.issued)) for d in session.scalars(select(Document).where(Document.case_identifier.in_(named), Document.issued.is_not(None)))}
    for agency in agencies:
        event = named[agency.identifier]
        at = event.at.astimezone(BEIJING)
        facts = [
            [N_("机构"), agency.name], [N_("统一社会信用代码"), agency.uscc], [N_("法定代表人"), agency.legal_representative],
            [N_("怎样入驻"), ORGANISATION.acts[event.kind.partition(".")[2]]], [N_("承诺时间"), f"{at:%Y-%m-%d %H:%M}"], [N_("版本"), event.data["letter"]],
        ]  # fmt: skip
        if (agency.identifier, str({"title": LETTER, "facts": facts})) not in issued:
            made = partial(printed, title=LETTER, at=at, by=agency.name, to="各级监管部门、项目业主", before=letter().splitlines(), rows=facts, after=[])
            issue(session, agency, f"承诺书 {agency.identifier}.pdf", LETTER, facts, made)
