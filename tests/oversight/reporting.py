"""Reports and complaints as the tests make them."""

from __future__ import annotations

from typing import Any

from harness.factories import PDF, World
from market.credit.actions import records
from market.extensions import db
from market.files import File
from market.oversight.actions import answering, filing, reports
from models.actors import VISITOR, Actor
from models.credit.records import CreditRecord
from models.oversight.answers import Answer, answers_of
from models.oversight.violation_reports import ViolationReport

FACTS = "十一月三日在门口看到它收了钱没有开票,价目表也没有挂。"
NAME, CONTACT = "举报的卓玛", "0971-5550199"
REPLY = "经现场核查,该单位没有公示收费。"


def report(world: World, by: Actor = VISITOR, *, kind: str = "fees_unpublished", **more: Any) -> str:
    """A report about the world's agency, named where nothing else is said."""
    told = {"named": True, "name": NAME, "contact": CONTACT, "facts": FACTS} | more
    return filing.report(
        by, subject=world.identifiers["agency"], kind=kind, files=[File("证据.pdf", PDF)], **told
    )


def of(identifier: str) -> ViolationReport:
    db.session.rollback()
    return ViolationReport.load(db.session, identifier)


def found(world: World, identifier: str, regulator: str = "regulator") -> str:
    """It is accepted, the accused heard, and a violation found. Returns the credit record."""
    official = world.actor(regulator)
    reports.accept(official, identifier)
    reports.tell(official, identifier, asked="请说明收费公示的情况")
    reports.explain(world.actor("agency"), identifier, explanation="已经挂在墙上")
    reports.find(official, identifier, reply=REPLY, remedy="公示全部收费", days=30)
    return of(identifier).record


def answer_to(identifier: str) -> Answer:
    """The newest answer to a report."""
    return answers_of(db.session, of(identifier))[-1]


def rated(identifier: str, mark: int, code: str, words: str = "") -> str:
    return answering.rate(VISITOR, answer_to(identifier).identifier, mark=mark, words=words, code=code)


def published(world: World, record: str) -> None:
    """The credit record of a report is decided, by somebody who did not propose it."""
    regulator = world.actor("regulator")
    records.notify(regulator, record)
    records.waive(world.actor("agency"), record)
    records.uphold(
        regulator,
        record,
        reason="事实清楚,证据充分",
        months=CreditRecord.load(db.session, record).rule.months,
    )
