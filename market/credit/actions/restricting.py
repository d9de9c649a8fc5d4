"""Telling an organisation what it is stopped at, and what it may do again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import events
from models.actors import SYSTEM
from models.base import Json
from models.credit import restrictions
from models.credit.records import CreditRecord
from models.events import Event

BEGINS, ENDS = {"uphold", "resume"}, {"expire", "repair", "revoke", "suspend"}
STOP, OPEN = "credit_record.stop", "credit_record.open"


def tell_of_restrictions(session: Session, happened: list[Event]) -> None:
    """Event handler: the subject of a record that begins or ends to limit anything is told so.

    What is stopped, why, until when and what lifts it; or what it may do again, and what it still may not.
    """
    acts = {
        event.case_identifier: act
        for event in happened
        if event.case_type == "credit_record" and (act := event.kind.partition(".")[2]) in BEGINS | ENDS
    }
    if not acts:
        return
    query = select(CreditRecord).where(CreditRecord.identifier.in_(acts)).order_by(CreditRecord.id)
    records = [record for record in session.scalars(query) if record.limits]
    left = restrictions.of(session, [record.subject for record in records])
    for record in records:
        stopped = {each.activity for each in left[record.subject_id]}
        begins = acts[record.identifier] in BEGINS
        events.record(
            session,
            SYSTEM,
            STOP if begins else OPEN,
            "credit_record",
            record.identifier,
            data={"title": record.title, **(_begun(record) if begins else _ended(record, stopped))},
            notify=[record.subject_id],
        )


def _begun(record: CreditRecord) -> Json:
    until = {"until": record.ends_at.isoformat()} if record.ends_at else {}
    return {"stops": record.limits, **until, "duty": record.rule.duty}


def _ended(record: CreditRecord, stopped: set[str]) -> Json:
    return {
        "opens": [each for each in record.limits if each not in stopped],
        "still": [each for each in record.limits if each in stopped],
    }
