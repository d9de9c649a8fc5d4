"""Following up a bad rating (差评回访整改): whoever was rated so must go and see about it.

It begins by itself when the rating is published. The rated organisation contacts the rater within the
policy's working days, hands in what came of it within others, and whoever was dissatisfied says whether it is
mended; who says nothing has said nothing. 国办发〔2019〕51号 asks of every bad rating (差评) to be verified,
put right and answered, and of the one who gave it to be asked again (回访).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers, policy, workdays
from models.accounts import Organisation
from models.actors import SYSTEM
from models.base import Base
from models.cases import Case
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.ratings.rating import Rating, overall
from models.referrals import REFERRAL_ACTS, referrals
from models.workflow import perform, start
from models.workflow_table import Limit, Move, State, Workflow

_BOTH = ("rater", "ratee")
_RESULT = Limit(attribute="result_by", act="refer")
_SAY = Limit(policy="rating.mended_days", act="lapse")
_OPEN = ("due", "contacted")

FOLLOW_UP = Workflow(
    name="follow_up",
    label=N_("差评回访"),
    states=(
        State("due", N_("待联系评价方")),
        State("contacted", N_("待提交处理结果")),
        State("answered", N_("待评价方确认")),
        State("mended", N_("评价方确认已解决"), tone="good", terminal=True),
        State("not_mended", N_("没有解决"), tone="bad", terminal=True),
        State("unsaid", N_("已提交结果,评价方未表态"), tone="plain", terminal=True),
        State("called_off", N_("评价已隐去,不再回访"), tone="plain", terminal=True),
    ),
    moves=(
        Move("due", "contact", "contacted", who={"ratee"}, main=True, limit=_RESULT, notify=("rater",)),
        Move("contacted", "report", "answered", who={"ratee"}, main=True, limit=_SAY, notify=("rater",)),
        Move("answered", "mend", "mended", who={"rater"}, main=True, notify=("ratee",)),
        Move("answered", "deny", "not_mended", who={"rater"}, needs_reason=True, notify=("ratee",)),
        Move("answered", "lapse", "unsaid", who={"system"}, notify=_BOTH),
        *(
            Move(
                state,
                "find",
                "not_mended",
                who={"regulator"},
                above=True,
                needs_reason=True,
                notify=_BOTH,
            )
            for state in _OPEN
        ),
        *referrals(*_OPEN, notify=_BOTH),
        *(Move(state, "call_off", "called_off", who={"system"}) for state in (*_OPEN, "answered")),
    ),
    duties=("contact", "report", "mend", "deny"),
    openings={"begin": N_("开始差评回访")},
    decides={"answered": N_("确认是否已解决")},
    buttons={"mend": N_("已解决"), "deny": N_("没有解决"), "find": N_("认定没有整改")},
    consequences={
        "report": N_("处理结果交评价方确认是否已解决;评价方和监管部门都看得到。"),
        "find": N_("回访就此结束,结果公开为“没有解决”。"),
    },
    acts={
        "contact": N_("联系评价方"),
        "report": N_("提交处理结果"),
        "mend": N_("确认已解决"),
        "deny": N_("认为没有解决"),
        "lapse": N_("评价方逾期未表态"),
        "find": N_("监管部门认定没有整改"),
        "call_off": N_("不再回访"),
        **REFERRAL_ACTS,
    },
    opening=Limit(attribute="contact_by", act="refer"),
)


class FollowUp(Case, Base):
    """What is done about one bad rating.

    `contact` is how the rater was reached and what it said, `result` what was done. Both limits run from
    when the rating was published.
    """

    __tablename__ = "follow_ups"
    workflow: ClassVar[Workflow] = FOLLOW_UP
    prefix: ClassVar[str] = "RF"
    lock_after: ClassVar[str] = "rating"
    parties: ClassVar[dict[str, str]] = {"rater": "rater_id", "ratee": "ratee_id"}

    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id"), unique=True)
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    ratee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    contact_by: Mapped[datetime]
    result_by: Mapped[datetime]
    contact: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 5})
    contacted_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 10})
    answered_at: Mapped[datetime | None]
    said: Mapped[str | None] = mapped_column(String(1000))
    ended_at: Mapped[datetime | None]
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

    @property
    def contact_late(self) -> bool:
        """Whether the rater was, or has not been, reached after the limit."""
        return (self.contacted_at or self.ended_at or clock.now()) > self.contact_by

    @property
    def result_late(self) -> bool:
        return (self.answered_at or self.ended_at or clock.now()) > self.result_by


def is_bad(rating: Rating) -> bool:
    """Whether a published rating has to be followed up: by its level, or by one of its dimensions."""
    if not rating.scores:
        return False
    rules = policy.get(rating.policy_version)
    return overall(rating.scores) <= rules.number("rating.bad_level") or min(
        rating.scores.values()
    ) <= rules.number("rating.bad_dimension")


def begin(session: Session, rating: Rating) -> FollowUp | None:
    """Begin to follow up a rating that was just published; None where it is none of the bad ones.

    The regulator is that of the area where whoever was rated is.
    """
    if not is_bad(rating):
        return None
    rules, now = policy.get(rating.policy_version), clock.now()
    made = FollowUp(
        identifier=identifiers.issue(session, FollowUp),
        rating_id=rating.id,
        rating=rating,
        rater_id=rating.rater_id,
        ratee_id=rating.ratee_id,
        contact_by=workdays.add(now, rules.number("rating.contact_days")),
        result_by=workdays.add(now, rules.number("rating.result_days")),
        region_code=rating.ratee.region_code,
        policy_version=rating.policy_version,
    )
    start(session, made, SYSTEM, "begin", notify=_BOTH)
    return made


def of_rating(session: Session, rating: Rating) -> FollowUp | None:
    """What is done about a rating, if anything has to be."""
    return session.scalars(select(FollowUp).where(FollowUp.rating_id == rating.id)).one_or_none()


def call_off(session: Session, rating: Rating) -> None:
    """A rating that is hidden needs no following up any more."""
    found = session.scalars(
        select(FollowUp).where(FollowUp.rating_id == rating.id).with_for_update(of=FollowUp)
    ).one_or_none()
    if found is not None and not found.workflow.states[found.state].terminal:
        perform(session, found, "call_off", SYSTEM)
        found.ended_at = clock.now()


def note_contact(found: FollowUp, words: str) -> None:
    """Keep how the rater was reached."""
    found.contact = check_text(
        FollowUp.contact, words, N_("请写明怎样联系、对方怎么说(%(least)s 到 %(most)s 个字)。")
    )
    found.contacted_at = clock.now()


def note_result(found: FollowUp, words: str) -> None:
    """Keep what was done about it."""
    found.result = check_text(
        FollowUp.result, words, N_("请写明核实的情况和整改的结果(%(least)s 到 %(most)s 个字)。")
    )
    found.answered_at = clock.now()
