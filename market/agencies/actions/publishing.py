"""What an agency publishes about itself."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.agencies.actions.common import own
from market.files import hand_in, with_file
from market.transaction import action
from models import clock, events
from models.actors import Actor
from models.agencies import fees
from models.agencies.certificates import Qualification, certified, check_dates
from models.base import Json
from models.catalogue import item_by_code
from models.credit import restrictions
from models.errors import RuleViolation
from models.i18n import N_


@with_file
@action
def add_qualification(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    number: str,
    level: str,
    issuer: str,
    valid_from: date,
    valid_until: date,
    file_name: str = "",
    content: bytes = b"",
) -> str:
    """Register a certificate. RuleViolation for one that has ended, or whose number is registered already."""
    agency = own(session, actor)
    kind, number = certified(kind, number)
    check_dates(valid_from, valid_until)
    taken = select(Qualification.id).where(Qualification.kind == kind, Qualification.number == number)
    if session.scalar(taken):
        raise RuleViolation(N_("这个证书编号已经登记过。"), "number")
    held = Qualification(
        agency_id=agency.id,
        kind=kind,
        number=number,
        level=level.strip(),
        issuer=issuer.strip(),
        valid_from=valid_from,
        valid_until=valid_until,
    )
    if content:
        held.document_identifier = hand_in(session, actor, agency, file_name, content, scan=True).identifier
    session.add(held)
    events.record(
        session,
        actor,
        "organisation.qualify",
        "organisation",
        agency.identifier,
        audience="public",
        data={"kind": kind, "number": held.number, "valid_until": valid_until.isoformat()},
    )
    return agency.identifier


@action
def publish_fees(
    session: Session,
    actor: Actor,
    *,
    item_code: str,
    terms: Json,
    days: int,
    note: str = "",
    effective_from: date | None = None,
) -> str:
    """Publish the next version of the agency's price for an item."""
    agency = own(session, actor)
    restrictions.check(session, agency, "fees")
    item = item_by_code(session, item_code)
    if item is None or item.withdrawn:
        raise RuleViolation(N_("清单里没有这个服务事项。"), "item_code")
    schedule = fees.publish_schedule(
        session, agency.id, item, terms, days, note.strip(), effective_from or clock.today()
    )
    events.record(
        session,
        actor,
        "organisation.fees",
        "organisation",
        agency.identifier,
        audience="public",
        data={"item": item.name, "code": item.code, "version": schedule.version},
    )
    return agency.identifier
