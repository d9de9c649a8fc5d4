"""Appeals against a rating (评价申诉): on a ground of a list, with evidence, heard, decided with a reason.

Until then the rating stays where it is and counts. Only where the appeal is upheld it is hidden: its levels,
words and reply are shown no more and count no more, and a line stays that says when it was hidden and why.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.base import Base
from models.cases import Case
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.ratings.rating import GROUNDS, Rating
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow_table import Limit, Move, State, Workflow

_BOTH = ("rater", "ratee")
_DECIDE = up("rating.appeal_decide_days")

RATING_APPEAL = Workflow(
    name="rating_appeal",
    label=N_("评价申诉"),
    states=(
        State("filed", N_("待评价方说明")),
        State("deciding", N_("待监管部门处理")),
        State("upheld", N_("申诉成立,评价已隐去"), tone="good", terminal=True),
        State("rejected", N_("申诉不成立,评价保留"), tone="plain", terminal=True),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
    ),
    moves=(
        Move("filed", "state", "deciding", who={"rater"}, main=True, limit=_DECIDE, notify=("ratee",)),
        Move("filed", "lapse", "deciding", who={"system"}, limit=_DECIDE, notify=_BOTH),
        *(
            Move(state, "withdraw", "withdrawn", who={"ratee"}, notify=("rater",))
            for state in ("filed", "deciding")
        ),
        Move(
            "deciding",
            "uphold",
            "upheld",
            who={"regulator"},
            main=True,
            needs_reason=True,
            notify=_BOTH,
        ),
        Move("deciding", "reject", "rejected", who={"regulator"}, needs_reason=True, notify=_BOTH),
        *referrals("deciding", notify=_BOTH, urged=False),
    ),
    duties=("file", "state", "withdraw"),
    openings={"file": N_("提出评价申诉")},
    decides={"deciding": N_("处理评价申诉")},
    buttons={"uphold": N_("申诉成立,隐去评价"), "reject": N_("申诉不成立,保留评价")},
    consequences={
        "uphold": N_("评价的满意程度、评语和回复不再显示,也不再计入信用;只留下隐去的日期和理由,不能恢复。"),
        "reject": N_("评价保留,不能再次申诉。"),
        "withdraw": N_("申诉了结,评价保留,不能再次申诉。"),
    },
    acts={
        "state": N_("说明情况"),
        "lapse": N_("逾期未说明"),
        "withdraw": N_("撤回申诉"),
        "uphold": N_("申诉成立"),
        "reject": N_("申诉不成立"),
        "refer": REFERRAL_ACTS["refer"],
    },
    opening=Limit(policy="rating.appeal_answer_days", act="lapse"),
)

CLAIM_WORDS = N_("请写明评价哪里不实或者不当(%(least)s 到 %(most)s 个字)。")
STATEMENT_WORDS = N_("请写明情况(%(least)s 到 %(most)s 个字)。")


class RatingAppeal(Case, Base):
    """One appeal, the only one a rating can have."""

    __tablename__ = "rating_appeals"
    workflow: ClassVar[Workflow] = RATING_APPEAL
    prefix: ClassVar[str] = "RA"
    lock_after: ClassVar[str] = "rating"
    parties: ClassVar[dict[str, str]] = {"rater": "rater_id", "ratee": "ratee_id"}

    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id"), unique=True)
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    ratee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    ground: Mapped[str] = mapped_column(String(12))
    claim: Mapped[str] = mapped_column(String(2000), info={LEAST: 10})
    statement: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 10})
    decision: Mapped[str | None] = mapped_column(String(1000))
    filed_at: Mapped[datetime] = mapped_column(default=clock.now)
    stated_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    rating: Mapped[Rating] = relationship(lazy="joined")
    rater: Mapped[Organisation] = relationship(foreign_keys=[rater_id], lazy="joined")
    ratee: Mapped[Organisation] = relationship(foreign_keys=[ratee_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.rating.title

    @property
    def line(self) -> str | None:
        """The line of work of what was rated; its area is that of whoever was."""
        return self.rating.line

    @classmethod
    def of_line(cls, department: str) -> ColumnElement[bool]:
        return cls.rating.has(Rating.of_line(department))


def make(rating: Rating, identifier: str, ground: str, claim: str) -> RatingAppeal:
    """An appeal against a rating, for the regulator of the area of whoever was rated.

    RuleViolation for a ground that is none of the list, or too few words.
    """
    if ground not in GROUNDS:
        raise RuleViolation(N_("请选择一项。"), "ground")
    return RatingAppeal(
        identifier=identifier,
        rating_id=rating.id,
        rating=rating,
        rater_id=rating.rater_id,
        ratee_id=rating.ratee_id,
        ground=ground,
        claim=check_text(RatingAppeal.claim, claim, CLAIM_WORDS),
        region_code=rating.ratee.region_code,
        policy_version=rating.policy_version,
    )


def of_rating(session: Session, rating: Rating) -> RatingAppeal | None:
    """The appeal there is or was against a rating."""
    return session.scalars(select(RatingAppeal).where(RatingAppeal.rating_id == rating.id)).one_or_none()


def hide(rating: Rating, appeal: RatingAppeal, reason: str) -> None:
    """Note on a rating why it is hidden. What it said stays kept, and is shown to nobody any more."""
    rating.hidden_at, rating.hidden_ground, rating.hidden_reason = clock.now(), appeal.ground, reason
