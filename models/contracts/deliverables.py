"""Deliverables: what is handed over for a milestone, version by version, and what is made of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, and_, case, false, func, null, or_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.base import Base, Json, Name
from models.contracts.agreement import RUNNING, Milestone
from models.contracts.lateness import as_stood, came_in_time, days_late
from models.contracts.of_contract import OfContract
from models.documents import Document
from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing.of_tender import PARTIES
from models.workflow_table import Limit, Move, State, Workflow

FAULTS = {"agency": N_("机构原因"), "buyer": N_("业主原因"), "other": N_("其他原因")}
# Why a department sends a report back, in codes that can be counted.
REASONS = {
    "data": N_("基础资料不足或者不实"),
    "omission": N_("内容缺项"),
    "method": N_("方法或者标准适用错误"),
    "analysis": N_("分析论证不充分"),
    "measures": N_("措施不可行"),
    "conclusion": N_("结论不成立"),
    "format": N_("图件、格式不规范"),
    "signature": N_("签字盖章、人员资格不符"),
    "client": N_("业主提供的资料有误或者项目变化"),
    "policy": N_("法规政策变化"),
}


def _running(session: Session, deliverable: Deliverable) -> None:
    if deliverable.contract.state not in RUNNING:
        raise RuleViolation(N_("合同现在是“%(state)s”,暂不能办理。"), state=deliverable.contract.state_label)


def _rounds_left(session: Session, deliverable: Deliverable) -> None:
    most = policy.get(deliverable.policy_version).number("contract.correction_rounds")
    if deliverable.returns >= most:
        raise RuleViolation(N_("退回次数已达上限 %(most)s 次;请验收,或提出争议。"), "reason", most=most)


_DELIVER = Limit(attribute="deliver_by", act="lapse", remind="contract.remind_days")
_CORRECT = up("contract.correction_days", remind="contract.remind_days")
_ACCEPT = Limit(policy="contract.deemed_acceptance_days", act="accept", remind="contract.remind_days")
_REVIEWERS = ("department", "superior")
_OPEN = ("due", "late", "submitted", "returned", "accepted", "sent_back")

DELIVERABLE = Workflow(
    name="deliverable",
    label=N_("成果"),
    states=(
        State("due", N_("待提交")),
        State("late", N_("逾期未提交"), tone="bad"),
        State("submitted", N_("待业主验收")),
        State("returned", N_("已退回修改"), tone="bad"),
        State("accepted", N_("待审批评审")),
        State("sent_back", N_("审批退回"), tone="bad"),
        State("passed", N_("评审通过"), tone="good", terminal=True),
        State("finished", N_("验收完成"), tone="good", terminal=True),
        State("unreviewed", N_("逾期未评审,已按验收结清"), tone="plain", terminal=True),
        State("cancelled", N_("不再提交"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "due",
            "submit",
            "submitted",
            who={"agency"},
            main=True,
            rules=(_running,),
            notify=("buyer",),
            limit=_ACCEPT,
        ),
        Move(
            "due",
            "lapse",
            "late",
            who={"system"},
            rules=(_running,),
            notify=("buyer", "agency"),
            limit=up("contract.late_days"),
        ),
        Move(
            "late",
            "submit",
            "submitted",
            who={"agency"},
            main=True,
            rules=(_running,),
            notify=("buyer",),
            limit=_ACCEPT,
        ),
        Move(
            "submitted",
            "accept",
            "accepted",
            who={"buyer", "system"},
            main=True,
            rules=(_running,),
            notify=("agency", "department"),
            limit=up("contract.review_days", remind="contract.remind_days"),
        ),
        Move(
            "submitted",
            "return",
            "returned",
            who={"buyer"},
            needs_reason=True,
            rules=(_running, _rounds_left),
            limit=_CORRECT,
            notify=("agency",),
        ),
        Move(
            "returned",
            "submit",
            "submitted",
            who={"agency"},
            main=True,
            rules=(_running,),
            notify=("buyer",),
            limit=_ACCEPT,
        ),
        Move("accepted", "finish", "finished", who={"system"}, notify=("agency",)),
        Move("accepted", "pass", "passed", who=_REVIEWERS, main=True, notify=("buyer", "agency")),
        Move(
            "accepted",
            "send_back",
            "sent_back",
            who=_REVIEWERS,
            needs_reason=True,
            limit=_CORRECT,
            notify=("buyer", "agency"),
        ),
        Move(
            "accepted",
            "refer",
            "accepted",
            who={"system"},
            notify=("buyer", "agency", "department"),
            limit=up("contract.review_above_days"),
        ),
        Move(
            "accepted",
            "waive",
            "unreviewed",
            who={"regulator", "system"},
            needs_reason=True,
            above=True,
            notify=("buyer", "agency", "department"),
        ),
        *referrals("late", "returned", "sent_back", notify=("buyer", "agency")),
        Move(
            "sent_back",
            "submit",
            "submitted",
            who={"agency"},
            main=True,
            rules=(_running,),
            notify=("buyer",),
            limit=_ACCEPT,
        ),
        Move("due", "extend", "due", who={"system"}, limit=_DELIVER, notify=("buyer", "agency")),
        Move("late", "extend", "due", who={"system"}, limit=_DELIVER, notify=("buyer", "agency")),
        *(Move(state, "cancel", "cancelled", who={"system"}, notify=("buyer", "agency")) for state in _OPEN),
    ),
    duties=("submit", "accept", "return"),
    openings={"expect": N_("开始计算工期")},
    consequences={
        "accept": N_("成果视为符合约定。要审批评审的送审批部门,其余的随即结算这个节点的价款。"),
        "pass": N_("这个节点就此完成,价款随即结算给机构。"),
        "waive": N_("不再等评审结果,这个节点按验收结算给机构。"),
        "return": N_("机构要按所列问题修改后重新提交。"),
        "send_back": N_("机构要按所列问题修改后重新提交,由业主再次验收。"),
    },
    buttons={"accept": N_("验收"), "pass": N_("评审")},
    acts={
        "submit": N_("提交成果"),
        "lapse": N_("逾期未提交"),
        "extend": N_("延期"),
        "accept": N_("验收通过"),
        "return": N_("退回修改"),
        "finish": N_("验收完成"),
        "pass": N_("评审通过"),
        "send_back": N_("评审退回"),
        "cancel": N_("不再提交"),
        "waive": N_("不再等待评审,按验收结清"),
        **REFERRAL_ACTS,
    },
    opening=_DELIVER,
)


class Deliverable(OfContract, Base):
    """What the agency hands over for a milestone.

    Where its department let the limit pass the one above, `superior`, may decide too. `reviews` and
    `faulty_reviews` count the approving department's outcomes and those sent back through the agency's fault;
    `submitted_at` is the first submission; `missed_at` when it was found that none had come: at its limit, or
    when the contract ended through the agency's fault; `cancelled_at` when it was called off. While its
    contract is paused its limit rests in `held_due_at`. `earlier` has the limits it had before, oldest first,
    None where it had no other: see `keep_limit`.
    """

    __tablename__ = "deliverables"
    workflow: ClassVar[Workflow] = DELIVERABLE
    prefix: ClassVar[str] = "V"
    parties: ClassVar[dict[str, str]] = {**PARTIES, "department": "department_id", "superior": "superior_id"}

    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestones.id"), unique=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    item_code: Mapped[str] = mapped_column(String(12), index=True)
    deliver_by: Mapped[datetime]
    held_due_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    earlier: Mapped[list[Json] | None]
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    returns: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    faulty_reviews: Mapped[int] = mapped_column(default=0)
    milestone: Mapped[Milestone] = relationship(lazy="joined")
    department: Mapped[Organisation | None] = relationship(foreign_keys=[department_id])
    superior: Mapped[Organisation | None] = relationship(foreign_keys=[superior_id])
    versions: Mapped[list[DeliverableVersion]] = relationship(
        back_populates="deliverable", order_by="DeliverableVersion.number"
    )
    outcomes: Mapped[list[ReviewOutcome]] = relationship(order_by="ReviewOutcome.id")

    def at_once_after(self, act: str) -> str:
        return "finish" if act == "accept" and not self.milestone.reviewed else ""

    @hybrid_property
    def on_time(self) -> bool | None:
        """Whether the first submission came in time: what never came is late. None while there is time."""
        if self.submitted_at is not None:
            return came_in_time(self.submitted_at, self.deliver_by)
        gone = self.state == "cancelled" or self.deliver_by <= clock.now()
        return False if self.missed_at is not None and gone else None

    @on_time.inplace.expression
    @classmethod
    def _on_time(cls) -> ColumnElement[bool | None]:
        over = or_(cls.state == "cancelled", cls.deliver_by <= clock.now())
        return case(
            (cls.submitted_at.is_not(None), cls.submitted_at <= cls.deliver_by),
            (and_(cls.missed_at.is_not(None), over), false()),
            else_=null(),
        )

    @property
    def late_days(self) -> int:
        """Working days by which the first submission is, or was, late."""
        return days_late(self.deliver_by, self.submitted_at or clock.now())

    def check_override(self, target: str) -> None:
        """Whether and when it was called off follows from its contract's end, and scores go by that."""
        if "cancelled" in (self.state, target):
            raise RuleViolation(N_("成果是否不再提交,只随合同结束而定,不能直接改状态。"), "target")

    def keep_limit(self, paused_at: datetime | None) -> None:
        """Keep how its limit stood until now: lateness at an instant goes by the limit of that instant.

        `until`, `deliver_by`, `missed_at` and since when the contract was paused, if it was, as ISO 8601.
        """
        stood = as_stood(self.deliver_by, self.missed_at, paused_at)
        self.earlier = [*(self.earlier or []), stood]

    @property
    def first_pass(self) -> bool | None:
        """Whether no review was lost through the agency's fault; what was called off since it never came is.

        None before any outcome.
        """
        if self.reviews:
            return self.faulty_reviews == 0
        never_came = self.submitted_at is None and self.missed_at is not None
        return False if self.state == "cancelled" and never_came else None

    @hybrid_property
    def counted_at(self) -> datetime | None:
        """When it came in, or was found not to have."""
        return self.submitted_at or self.missed_at

    @counted_at.inplace.expression
    @classmethod
    def _counted_at(cls) -> ColumnElement[datetime | None]:
        return func.coalesce(cls.submitted_at, cls.missed_at)


class DeliverableVersion(Base):
    """One submission: its files, the agency's answers to the checklist (point to yes), and the buyer's.

    Point to what is wrong, empty where it is met; None before it answered, or where its silence did.
    """

    __tablename__ = "deliverable_versions"

    deliverable_id: Mapped[int] = mapped_column(ForeignKey("deliverables.id"), index=True)
    number: Mapped[int]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    note: Mapped[Name]
    checklist: Mapped[Json]
    answers: Mapped[Json | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    deliverable: Mapped[Deliverable] = relationship(back_populates="versions")
    document: Mapped[Document] = relationship(lazy="joined")
    attachments: Mapped[list[Document]] = relationship(
        secondary="version_attachments", lazy="selectin", order_by=Document.id
    )

    @property
    def files(self) -> list[Document]:  # the report first
        return [self.document, *self.attachments]


class VersionAttachment(Base):
    """A file handed over with a version, beside the report itself."""

    __tablename__ = "version_attachments"
    __table_args__ = (UniqueConstraint("version_id", "document_id"),)

    version_id: Mapped[int] = mapped_column(ForeignKey("deliverable_versions.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), index=True)


class ReviewOutcome(Base):
    """What the approving department made of a version.

    Passed, or sent back with coded reasons and whose fault it was.
    """

    __tablename__ = "review_outcomes"

    deliverable_id: Mapped[int] = mapped_column(ForeignKey("deliverables.id"), index=True)
    version: Mapped[int]
    passed: Mapped[bool]
    reasons: Mapped[list[str]]
    fault: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(default=clock.now)


def check_list(points: list[str], ticked: list[str]) -> Json:
    """The checklist with each point's answer; RuleViolation if one is left open.

    What is not ready is not handed over.
    """
    missing = [point for point in points if point not in ticked]
    if missing:
        raise RuleViolation(N_("清单里还有未勾选的要点:%(points)s。"), "ticked", points=missing)
    return dict.fromkeys(points, True)


def check_answers(points: list[str], answers: Json) -> Json:
    """The buyer's answer to every point: what is wrong with it, or an empty text where it is met.

    RuleViolation if nothing is.
    """
    given = {point: str(answers.get(point, "")).strip()[:300] for point in points}
    if not any(given.values()):
        raise RuleViolation(N_("请至少写明一个要点哪里不符合。"), "point_0")
    return given


def record_outcome(
    deliverable: Deliverable, *, passed: bool, reasons: list[str], fault: str | None, note: str
) -> None:
    """Keep what the department found on the newest version.

    RuleViolation without a reason or a fault when it is sent back.
    """
    if not passed and not (reasons and set(reasons) <= set(REASONS)):
        raise RuleViolation(N_("请至少选择一个原因。"), "codes")
    if not passed and fault not in FAULTS:
        raise RuleViolation(N_("请选择一项。"), "fault")
    deliverable.outcomes.append(
        ReviewOutcome(
            version=len(deliverable.versions),
            passed=passed,
            reasons=sorted(set(reasons)),
            fault=fault,
            note=note.strip()[:1000],
        )
    )
    deliverable.reviews += 1
    deliverable.faulty_reviews += fault == "agency"
    deliverable.decided_at = clock.now()
