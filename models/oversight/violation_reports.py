"""Reports of violations (举报): anybody's, named or anonymous; who reported is seen by the handlers alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, and_, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Base, Name
from models.documents import Document
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.oversight.handled import Handled, office_for
from models.oversight.kinds import ViolationKind, violations
from models.oversight.violation_report_workflow import FOUND, OPEN, VIOLATION_REPORT
from models.workflow import start
from models.workflow_table import Workflow

FACTS = N_("请写明时间、地点、谁做了什么(%(least)s 到 %(most)s 个字)。")
CONTACT = N_("实名举报请留下姓名和电话或者邮箱;不想留的,请选择匿名。")


class ReportHelper(Base):
    """A department that helps to check a report, and what it found; the lead decides."""

    __tablename__ = "report_helpers"

    report_id: Mapped[int] = mapped_column(ForeignKey("violation_reports.id"), index=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    findings: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    found_at: Mapped[datetime | None]
    authority: Mapped[Organisation] = relationship(lazy="joined")


class ViolationReport(Handled, Base):
    """A report.

    `named`: the reporter said who it is (`reporter_name`, `reporter_contact`); `reporter_id` is the account
    it was signed in with, which follows it as anybody with the code does. `told_at`: the accused was told
    what to explain (`asked`); before that it has no part in it. `remedy` is what is to be done by `mend_by`.
    `merged_into_id`: the open report on the same matter that answers this one too. `sibling` is the number
    of the complaint that was split off the same paper, for the handlers alone.
    """

    __tablename__ = "violation_reports"
    workflow: ClassVar[Workflow] = VIOLATION_REPORT
    prefix: ClassVar[str] = "VR"
    parties: ClassVar[dict[str, str]] = {"subject": "subject_id"}
    persons: ClassVar[dict[str, str]] = {"reporter": "reporter_id"}

    subject_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    item_code: Mapped[str | None] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(String(2000), info={LEAST: 10})
    named: Mapped[bool]
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    reporter_name: Mapped[Name] = mapped_column(default="")
    reporter_contact: Mapped[Name] = mapped_column(default="")
    sibling: Mapped[str] = mapped_column(String(24), default="")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("violation_reports.id"), index=True)
    asked: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    told_at: Mapped[datetime | None]
    explain_until: Mapped[datetime | None]
    explanation: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    explained_at: Mapped[datetime | None]
    extended_at: Mapped[datetime | None]
    abuse: Mapped[str | None] = mapped_column(String(1000))
    found: Mapped[bool | None]
    remedy: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 5})
    mend_by: Mapped[datetime | None]
    mending: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    mended_at: Mapped[datetime | None]
    record: Mapped[str] = mapped_column(String(24), default="")
    subject: Mapped[Organisation] = relationship(foreign_keys=[subject_id], lazy="joined")
    office: Mapped[Organisation | None] = relationship(
        foreign_keys="ViolationReport.office_id", lazy="joined"
    )
    helpers: Mapped[list[ReportHelper]] = relationship(order_by=ReportHelper.id, lazy="selectin")
    merged_into: Mapped[ViolationReport | None] = relationship(
        remote_side="ViolationReport.id", foreign_keys=[merged_into_id]
    )

    @property
    def title(self) -> str:
        return self.subject.name

    @property
    def category(self) -> ViolationKind:
        return violations()[self.kind]

    @property
    def longer_until(self) -> datetime:
        """When an extended check ends: so many working days after it would have."""
        return self.days("extend_days")

    @property
    def lead(self) -> ViolationReport:
        """The report that is checked and answered for this one: itself, or what it was merged into."""
        return self.merged_into or self

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """The accused has no part before it was told; a helper has one while it is a helper."""
        found = set(super().roles_of(actor)) | (actor.roles & {"reporter"})
        if self.told_at is None:
            found.discard("subject")
        if "regulator" in actor.roles and any(
            each.authority_id == actor.organisation_id for each in self.helpers
        ):
            found.add("helper")
        return frozenset(found)

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        if role == "subject":
            return and_(found, cls.told_at.is_not(None))
        return found

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """A helper has a part in it beside whoever does everywhere."""
        found = super().visible_to(actor)
        if "regulator" not in actor.roles or actor.organisation_id is None:
            return found
        helps = exists().where(
            ReportHelper.report_id == cls.id, ReportHelper.authority_id == actor.organisation_id
        )
        return or_(found, helps)

    def parties_told(self, roles: Sequence[str]) -> list[int]:  # type: ignore[override]
        """The accused hears of nothing before it was told."""
        return super().parties_told(roles) if self.told_at is not None else []

    def reporter_shown_to(self, actor: Actor) -> bool:
        """Whether this reader may know who reported: who handles it, and nobody else."""
        return "regulator" in self.roles_of(actor) and actor.user_id not in self.recused

    def file_open_to(self, file: Document, actor: Actor) -> bool:
        """Whether this reader may have a file: the accused only its own, since evidence may tell whose it is.

        A paper of the platform's goes to whoever it concerns, as long as it is not the reporter's.
        """
        roles = self.roles_of(actor)
        if roles & {"regulator", "helper", "admin", "system"}:
            return True
        own = file.organisation_id is not None and file.organisation_id == actor.organisation_id
        if "subject" in roles:
            return own
        return "reporter" in roles and (file.issued is not None or file.organisation_id is None)

    def check_override(self, target: str) -> None:
        """Nothing is found, and nobody cleared, past the procedure."""
        raise RuleViolation(N_("举报只能按受理、核查、处理的程序办理,不能直接改状态。"), "target")


def subject_named(session: Session, named: str) -> Organisation:
    """The agency or enterprise of this number, credit code or exact name.

    RuleViolation at `subject` where there is none.
    """
    from models import spelling

    code = spelling.code(named)
    found = session.scalars(
        select(Organisation)
        .where(
            or_(
                Organisation.identifier == code, Organisation.uscc == code, Organisation.name == named.strip()
            ),
            Organisation.kind.in_(("agency", "enterprise")),
            Organisation.state.in_(("verified", "suspended")),
        )
        .order_by(Organisation.id)
    ).first()
    if found is None:
        raise RuleViolation(N_("没有找到这家单位。请填写单位编号、统一社会信用代码或者全称。"), "subject")
    return found


def file_report(
    session: Session,
    *,
    subject: Organisation,
    kind: str,
    facts: str,
    named: bool,
    name: str,
    contact: str,
    reporter: Actor,
    department: str | None,
    item_code: str | None = None,
) -> ViolationReport:
    """Put a report down for the competent authority; no event says whose it is.

    One on a matter that is being checked already is merged into that.
    """
    if kind not in violations():
        raise RuleViolation(N_("请选择一项。"), "kind")
    if named and not (name.strip() and contact.strip()):
        raise RuleViolation(CONTACT, "contact")
    made = ViolationReport(
        identifier=identifiers.issue(session, ViolationReport),
        subject_id=subject.id,
        subject=subject,
        kind=kind,
        item_code=item_code,
        facts=check_text(ViolationReport.facts, facts, FACTS),
        named=named,
        reporter_id=reporter.user_id,
        reporter_name=name.strip()[:200] if named else "",
        reporter_contact=contact.strip()[:200] if named else "",
        region_code=subject.region_code,
        department=violations()[kind].line or department or None,
        recused=[],
    )
    made.hand_to(office_for(session, made.department, made.region_code))
    before = session.scalars(
        select(ViolationReport)
        .where(
            ViolationReport.subject_id == subject.id,
            ViolationReport.kind == kind,
            ViolationReport.state.in_(OPEN),
        )
        .order_by(ViolationReport.id)
    ).first()
    if before is not None:
        made.merged_into_id, made.state = before.id, "merged"
        made.region_code, made.department = before.region_code, before.department
        made.office_id = before.office_id
    start(session, made, SYSTEM, "file")
    if before is not None:
        made.due_at = None
    return made


def merged_with(session: Session, report: ViolationReport) -> list[ViolationReport]:
    """The reports that this one answers too, oldest first."""
    found = select(ViolationReport).where(ViolationReport.merged_into_id == report.id)
    return list(session.scalars(found.order_by(ViolationReport.id)).unique())


def mend_until(days: int) -> datetime:
    """The instant so many calendar days from now, by which a violation is to be put right."""
    return clock.now() + timedelta(days=days)


def found_at(until: datetime) -> ColumnElement[bool]:
    """Reports of which a violation was found by an instant, and which were not reopened since."""
    return and_(
        ViolationReport.state.in_(FOUND),
        ViolationReport.found.is_(True),
        ViolationReport.answered_at <= until,
    )
