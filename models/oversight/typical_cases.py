"""Typical cases (典型案例): a violation that was found, told to the public in a text of its own.

The subject's name stands there only as long as a credit record on it is published (信用修复管理办法 ends
publication with the repair, the same second), and a natural person's never does.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Select, String, and_, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import Membership, User
from models.base import Base, Name
from models.credit.records import CreditRecord
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.oversight.violation_report_workflow import FOUND
from models.oversight.violation_reports import ViolationReport

WORDS = N_("请写明案情、处理和提示(%(least)s 到 %(most)s 个字)。")
NAMED = N_("文中有不能公开的名字或者联系方式:“%(name)s”。")


class TypicalCase(Base):
    """A published case. `record`: the credit record by which it names its subject, if it does."""

    __tablename__ = "typical_cases"

    report_id: Mapped[int] = mapped_column(ForeignKey("violation_reports.id"), unique=True)
    heading: Mapped[Name]
    text: Mapped[str] = mapped_column(String(4000), info={LEAST: 20})
    record: Mapped[str] = mapped_column(String(24), default="", index=True)
    published_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    withdrawn_at: Mapped[datetime | None]
    report: Mapped[ViolationReport] = relationship(lazy="joined")


def check_words(session: Session, report: ViolationReport, text: str, *, named: bool) -> None:
    """RuleViolation at `text` where it names a person, or an organisation that may not be named."""
    people = select(User.name).join(Membership, Membership.user_id == User.id)
    hidden = [*session.scalars(people.where(Membership.organisation_id == report.subject_id))]
    hidden += [report.subject.legal_representative, report.reporter_name, report.reporter_contact]
    for merged in session.scalars(
        select(ViolationReport).where(ViolationReport.merged_into_id == report.id)
    ).unique():
        hidden += [merged.reporter_name, merged.reporter_contact]
    if not named:
        hidden += [report.subject.name, report.subject.uscc]
    rest = text.replace(report.subject.name, "") if named else text
    for each in hidden:
        if len(each.strip()) > 1 and each.strip() in rest:
            raise RuleViolation(NAMED, "text", name=each.strip())


def publish(
    session: Session, report: ViolationReport, *, heading: str, text: str, named: bool
) -> TypicalCase:
    """Tell the public of a violation that was found.

    RuleViolation at `named` where no record on it is published, at `text` for what may not be told.
    """
    if report.state not in FOUND:
        raise RuleViolation(N_("查实的举报才能作为典型案例公布。"))
    record = session.scalars(
        select(CreditRecord).where(CreditRecord.identifier == report.record, CreditRecord.is_published())
    ).first()
    if named and record is None:
        raise RuleViolation(N_("这件事的信用记录没有在公示,不能公布单位名称。"), "named")
    check_words(session, report, f"{heading}\n{text}", named=named)
    words = check_text(TypicalCase.text, text, WORDS)
    kept = session.scalars(select(TypicalCase).where(TypicalCase.report_id == report.id)).first()
    made = kept or TypicalCase(report_id=report.id, report=report)
    made.heading, made.text, made.record = heading.strip()[:200], words, report.record if named else ""
    made.published_at, made.withdrawn_at = clock.now(), None
    session.add(made)
    return made


def withdraw(session: Session, report: ViolationReport) -> None:
    """It is told no more. RuleViolation where it is not published."""
    kept = session.scalars(select(TypicalCase).where(TypicalCase.report_id == report.id)).first()
    if kept is None or kept.withdrawn_at is not None:
        raise RuleViolation(N_("这件事没有作为典型案例公布。"))
    kept.withdrawn_at = clock.now()


def published() -> Select[TypicalCase]:
    """The cases that are told now, the newest first.

    One that names its subject only while the record is published; none that is checked again.
    """
    named = exists().where(CreditRecord.identifier == TypicalCase.record, CreditRecord.is_published())
    return (
        select(TypicalCase)
        .join(ViolationReport, ViolationReport.id == TypicalCase.report_id)
        .where(
            and_(TypicalCase.withdrawn_at.is_(None), or_(TypicalCase.record == "", named)),
            ViolationReport.state.in_(FOUND),
        )
        .order_by(TypicalCase.published_at.desc(), TypicalCase.id.desc())
    )
