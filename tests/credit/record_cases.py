"""Credit records in every state, made by the acts people do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from harness.factories import PDF, World
from market.credit.actions import records
from market.extensions import db
from market.files import File, keep
from models.credit.records import CreditRecord, months_later
from models.events import Event

FACTS = "2026年3月2日现场检查发现,出具的报告引用了不存在的监测数据。"
STATEMENT = "监测数据由委托方提供,我们核对过原始记录,附采样单。"
REPLY = "采样单日期与报告不符,该项申辩不予采纳。"
REASON = "事实清楚,证据确凿,予以认定。"
COMMITMENT = "承诺今后如实出具报告,接受社会监督。"


def files(name: str = "证据.pdf") -> list[File]:
    return [File(name, keep(PDF))]


def found(record: str) -> CreditRecord:
    db.session.rollback()
    return CreditRecord.load(db.session, record)


def second_official(world: World) -> None:
    """Another official of the regulator's office: `decider`."""
    if "decider" not in world.emails:
        world.member("regulator", "decider")


def proposed(
    world: World,
    *,
    subject: str = "agency",
    kind: str = "false_report",
    facts: str = FACTS,
    source: str = "应急罚字2026第12号",
) -> str:
    second_official(world)
    return records.propose_by_hand(
        world.actor("regulator"),
        subject=world.identifiers[subject],
        kind=kind,
        facts=facts,
        source=source,
        files=files(),
    )


def notified(world: World, **about: Any) -> str:
    record = proposed(world, **about)
    records.notify(world.actor("regulator"), record)
    return record


def heard(world: World, statement: str = STATEMENT, subject: str = "agency", **about: Any) -> str:
    record = notified(world, subject=subject, **about)
    records.defend(world.actor(subject), record, statement=statement, files=files("采样单.pdf"))
    return record


def in_force(world: World, *, months: int = 0, **about: Any) -> str:
    record = heard(world, **about)
    records.uphold(
        world.actor("decider"),
        record,
        reason=REASON,
        months=months or found(record).rule.months,
        reply=REPLY,
    )
    return record


def repairing(world: World, time: Any, subject: str = "agency", **about: Any) -> str:
    record = in_force(world, subject=subject, **about)
    case = found(record)
    assert case.in_force_from is not None
    time.instant = months_later(case.in_force_from, case.term.least_months)
    records.ask_repair(world.actor(subject), record, commitment=COMMITMENT, files=files("整改报告.pdf"))
    return record


def repaired(world: World, time: Any, **about: Any) -> str:
    record = repairing(world, time, **about)
    records.repair(world.actor("regulator"), record, reason="整改已经完成,同意修复。")
    return record


def last_event(record: str) -> Event:
    """The newest of what happened with a record."""
    query = select(Event).where(Event.case_identifier == record).order_by(Event.id.desc())
    return db.session.scalars(query.limit(1)).one()
