"""What whoever complained or reported says of the answer, and what the level above makes of that.

Each is asked once about each answer, 1 to 5 with words. A mark that is low, or silence past the policy's
days, has the level above look at the answer: it upholds it, or has the matter taken up again.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers, policy
from models.accounts import Organisation, authority_for
from models.actors import SYSTEM, Actor
from models.base import Base
from models.cases import Case
from models.errors import RuleViolation
from models.i18n import N_
from models.oversight.complaints import Complaint
from models.oversight.handled import Handled
from models.oversight.violation_reports import ViolationReport
from models.referrals import REFERRAL_ACTS, referrals, up
from models.regions import above, current
from models.workflow import start
from models.workflow_table import Limit, Move, State, Workflow

MARKS = {
    5: N_("非常满意"),
    4: N_("满意"),
    3: N_("基本满意"),
    2: N_("不满意"),
    1: N_("非常不满意"),
}
_WHO = {"reporter", "claimant"}
_REVIEW = up("complaint.review_days")

ANSWER = Workflow(
    name="answer",
    label=N_("答复评价"),
    states=(
        State("asked", N_("待评价")),
        State("looking", N_("待上级复查")),
        State("content", N_("已评价"), tone="good", terminal=True),
        State("upheld", N_("上级认为答复妥当"), tone="plain", terminal=True),
        State("reopened", N_("上级要求重新办理"), tone="bad", terminal=True),
    ),
    moves=(
        Move("asked", "rate", "content", who=_WHO, main=True),
        Move("asked", "rate_low", "looking", who=_WHO, limit=_REVIEW, offered=lambda answer: False),
        Move("asked", "lapse", "looking", who={"system"}, limit=_REVIEW),
        Move("looking", "uphold", "upheld", who={"regulator"}, main=True, needs_reason=True),
        Move("looking", "reopen", "reopened", who={"regulator"}, needs_reason=True),
        *referrals("looking", urged=False),
    ),
    opening=Limit(policy="complaint.rate_days", act="lapse"),
    openings={"ask": N_("请评价答复")},
    duties=("rate", "rate_low"),
    prepares=("rate", "rate_low"),
    before_confirming=("rate", "rate_low"),
    decides={"looking": N_("复查答复")},
    buttons={"rate": N_("评价答复"), "uphold": N_("答复妥当"), "reopen": N_("要求重新办理")},
    consequences={
        "rate": N_("1 分、2 分的,由上级复查答复。"),
        "reopen": N_("原办理部门重新受理或者重新核查,期限重新计算。"),
    },
    acts={
        "rate": N_("评价"),
        "rate_low": N_("评价为不满意"),
        "lapse": N_("逾期未评价"),
        "uphold": N_("维持答复"),
        "reopen": N_("退回重办"),
        "refer": REFERRAL_ACTS["refer"],
    },
)


class Answer(Case, Base):
    """One answer to one reporter or claimant, and what became of it.

    `office_region` is where the authority is that answered: that level does not look at itself, unless there
    is none above it (`topmost`).
    """

    __tablename__ = "answers"
    workflow: ClassVar[Workflow] = ANSWER
    prefix: ClassVar[str] = "AN"
    parties: ClassVar[dict[str, str]] = {"claimant": "claimant_id"}
    persons: ClassVar[dict[str, str]] = {"reporter": "reporter_id"}

    report_id: Mapped[int | None] = mapped_column(ForeignKey("violation_reports.id"), index=True)
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaints.id"), index=True)
    claimant_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    office_region: Mapped[str] = mapped_column(String(6))
    topmost: Mapped[bool]
    department: Mapped[str | None] = mapped_column(String(40))
    reply: Mapped[str] = mapped_column(String(2000))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    mark: Mapped[int | None]
    words: Mapped[str | None] = mapped_column(String(1000))
    rated_at: Mapped[datetime | None]
    review: Mapped[str | None] = mapped_column(String(1000))
    reviewed_at: Mapped[datetime | None]
    report: Mapped[ViolationReport | None] = relationship(lazy="joined")
    complaint: Mapped[Complaint | None] = relationship(lazy="joined")
    office: Mapped[Organisation | None] = relationship(foreign_keys=[office_id], lazy="joined")

    @property
    def about(self) -> Handled:
        """The report or complaint that was answered."""
        found: Handled | None = self.report or self.complaint
        assert found is not None
        return found

    @property
    def title(self) -> str:
        return self.about.title

    @property
    def line(self) -> str | None:
        return self.department

    @classmethod
    def of_line(cls, department: str) -> ColumnElement[bool]:
        return or_(cls.department.is_(None), cls.department == department)

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """The regulator here is the level above whoever answered."""
        found = super().roles_of(actor) | (actor.roles & {"reporter"})
        level = actor.region_code is not None and current(actor.region_code) == self.office_region
        return found - {"regulator"} if level and not self.topmost else found

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        if role != "regulator" or actor.region_code is None:
            return found
        return and_(found, or_(cls.topmost.is_(True), cls.office_region != current(actor.region_code)))

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Whoever was accused, too: none of its people looks at the answer."""
        accused = self.report.subject_id if self.report else self.complaint and self.complaint.respondent_id
        return super().involved(session, known) | ({accused} if accused else set())

    def check_override(self, target: str) -> None:
        """An answer is rated by whoever got it, and looked at by the level above."""
        raise RuleViolation(N_("答复的评价不能直接改状态。"), "target")


def ask(session: Session, about: ViolationReport | Complaint, lead: Handled | None = None) -> Answer:
    """Ask whoever came with this what it says of the answer just given: its own, or that of its lead."""
    answered = lead or about
    report = about if isinstance(about, ViolationReport) else None
    complaint = about if isinstance(about, Complaint) else None
    office = session.get(Organisation, answered.office_id) if answered.office_id else None
    here = office.region_code if office else answered.region_code
    areas = above(answered.region_code)
    wider = areas[areas.index(here) + 1 :] if here in areas else areas
    higher = authority_for(session, "regulator", answered.line, answered.region_code, among=wider)
    made = Answer(
        identifier=identifiers.issue(session, Answer),
        report_id=report.id if report else None,
        report=report,
        complaint_id=complaint.id if complaint else None,
        complaint=complaint,
        claimant_id=complaint.claimant_id if complaint else None,
        reporter_id=report.reporter_id if report else None,
        office_id=answered.office_id,
        office_region=here,
        topmost=higher is None,
        department=answered.line,
        reply=answered.reply or "",
        region_code=answered.region_code,
        policy_version=answered.policy_version,
    )
    start(session, made, SYSTEM, "ask", notify=("claimant",))
    return made


def act_of(answer: Answer, mark: int) -> str:
    """The act a mark is: one that is low has the level above look. RuleViolation at `mark` for no mark."""
    if mark not in MARKS:
        raise RuleViolation(N_("请选择一项。"), "mark")
    low = policy.get(answer.policy_version).number("complaint.low_mark")
    return "rate_low" if mark <= low else "rate"


def answers_of(session: Session, about: ViolationReport | Complaint) -> list[Answer]:
    """What was said of the answers given to one report or complaint, oldest first."""
    key = Answer.report_id if isinstance(about, ViolationReport) else Answer.complaint_id
    return list(session.scalars(select(Answer).where(key == about.id).order_by(Answer.id)).unique())
