"""Ratings: each party of a contract that ended rates the other, and so does the department that reviewed.

A rating is sealed, words included, until both parties' are in or the window ends; nobody can answer one with
the other. Once published it stays as it is: the rated party replies once, and only a decision with a reason
(appeals.py) takes it out of sight. It is shown as the five levels of 好差评 (国办发〔2019〕51号).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, UniqueConstraint, or_
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy, sealing, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Json
from models.cases import Case
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.workflow_table import Limit, Move, State, Workflow

LEVELS = {
    5: N_("非常满意"),
    4: N_("满意"),
    3: N_("基本满意"),
    2: N_("不满意"),
    1: N_("非常不满意"),
}
DIMENSIONS = {
    "buyer": {
        "quality": N_("成果质量"),
        "timeliness": N_("按时交付"),
        "service": N_("服务态度"),
        "price": N_("收费规范"),
        "integrity": N_("诚信守约"),
    },
    "agency": {
        "clarity": N_("需求清楚"),
        "materials": N_("资料及时"),
        "cooperation": N_("配合程度"),
        "payment": N_("付款及时"),
        "integrity": N_("诚信守约"),
    },
    "department": {
        "completeness": N_("内容完整"),
        "soundness": N_("结论可靠"),
        "standards": N_("法规标准适用"),
        "corrections": N_("修改到位"),
        "integrity": N_("真实诚信"),
    },
}
# Of a contract that was never begun nobody can judge the work.
_NOT_BEGUN = {
    "integrity": N_("诚信守约"),
    "communication": N_("沟通答复"),
    "notice": N_("及时告知"),
}
NEVER_BEGUN = {"buyer": _NOT_BEGUN, "agency": _NOT_BEGUN}
PARTIES_RATE = ("buyer", "agency")  # the two sides whose ratings wait for each other
COUNTED = ("published", "appealed")  # the states in which a rating is shown and counts
PUBLIC = (*COUNTED, "hidden")  # those in which everybody may open its page
GROUNDS = {
    "personal": N_("含有个人信息"),
    "insult": N_("侮辱诽谤"),
    "fraud": N_("虚假评价,经查证属实"),
    "unrelated": N_("与本合同无关"),
}

_PUBLISH = Limit(attribute="closes_at", act="publish")


def _window_open(session: Session, rating: Rating) -> None:
    if clock.arrival(session) > rating.closes_at:
        raise RuleViolation(N_("评价期已经结束,不能再评价。"))


def _not_replied(session: Session, rating: Rating) -> None:
    if rating.reply is not None:
        raise RuleViolation(N_("这条评价已经回复过:只能回复一次,公开以后不能修改。"))


def _may_be_appealed(session: Session, rating: Rating) -> None:
    if rating.appealed_at is not None:
        raise RuleViolation(N_("这条评价已经申诉过,一条评价只能申诉一次。"))
    if not rating.in_appeal_window_at(clock.arrival(session)):
        raise RuleViolation(N_("申诉期限已过:应当在评价公布后的申诉期内提出。"))


RATING = Workflow(
    name="rating",
    label=N_("评价"),
    states=(
        State("due", N_("待评价")),
        State("sealed", N_("已密封"), tone="plain"),
        State("published", N_("已公布"), tone="good"),
        State("appealed", N_("已公布,申诉处理中")),
        State("hidden", N_("已隐去"), tone="plain", terminal=True),
        State("lapsed", N_("逾期未评"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "due",
            "rate",
            "sealed",
            who={"rater"},
            rules=(_window_open,),
            main=True,
            limit=_PUBLISH,
        ),
        Move("due", "lapse", "lapsed", who={"system"}),
        Move("sealed", "publish", "published", who={"system"}, public=True, notify=("rater", "ratee")),
        *(
            Move(
                state,
                "reply",
                state,
                who={"ratee"},
                rules=(_not_replied,),
                public=True,
                notify=("rater",),
                once=True,
                offered=lambda rating: rating.reply is None,
            )
            for state in COUNTED
        ),
        Move(
            "published",
            "appeal",
            "appealed",
            who={"ratee"},
            rules=(_may_be_appealed,),
            public=True,
            offered=lambda rating: rating.appealed_at is None and rating.in_appeal_window,
        ),
        Move("appealed", "keep", "published", who={"system"}, public=True),
        Move("appealed", "hide", "hidden", who={"system"}, public=True),
    ),
    duties=("rate", "reply", "appeal"),
    openings={"ask": N_("请求评价")},
    consequences={
        "rate": N_("双方都评价或者期满后一同公开,在此之前对方看不到;交上以后不能修改;计入信用。"),
        "reply": N_("回复对所有人公开,只能回复一次,公开以后不能修改或者撤回。"),
        "appeal": N_("一条评价只能申诉一次。处理期间评价照常公开、计分,并注明正在申诉。"),
    },
    acts={
        "rate": N_("评价"),
        "publish": N_("公布"),
        "lapse": N_("逾期"),
        "reply": N_("回复评价"),
        "appeal": N_("对评价申诉"),
        "keep": N_("申诉了结,评价保留"),
        "hide": N_("依决定隐去评价"),
    },
    opening=Limit(attribute="closes_at", act="lapse"),
)


class Rating(Case, Base):
    """One party's rating of the other, or a department's of the agency.

    `scores` and `comment` are empty until it is published. `about` is `work`, or `award` of a contract that
    was never begun. `appeal_by` is until when it may be appealed; what was hidden stays in its columns, and
    is in no mean and on no page.
    """

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("contract_id", "by", "rater_id"),)
    workflow: ClassVar[Workflow] = RATING
    prefix: ClassVar[str] = "R"
    beneath: ClassVar[str] = "contract"
    lock_after: ClassVar[str] = "contract"
    parties: ClassVar[dict[str, str]] = {"rater": "rater_id", "ratee": "ratee_id"}

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    by: Mapped[str] = mapped_column(String(10))
    about: Mapped[str] = mapped_column(String(8), default="work")
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    ratee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    closes_at: Mapped[datetime]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    scores: Mapped[Json | None]
    comment: Mapped[str | None] = mapped_column(String(1000))
    published_at: Mapped[datetime | None]
    reply: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 5})
    replied_at: Mapped[datetime | None]
    appeal_by: Mapped[datetime | None]
    appealed_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_ground: Mapped[str | None] = mapped_column(String(12))
    hidden_reason: Mapped[str | None] = mapped_column(String(1000))
    contract: Mapped[Contract] = relationship(lazy="joined")
    rater: Mapped[Organisation] = relationship(foreign_keys=[rater_id], lazy="joined")
    ratee: Mapped[Organisation] = relationship(foreign_keys=[ratee_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.contract.title

    @property
    def dimensions(self) -> dict[str, str]:
        """What is rated, by name, and what that is called."""
        return dimensions_of(self.by, self.about)

    @property
    def shown(self) -> bool:
        """Whether its levels and words are there for everybody to read, and count."""
        return self.state in COUNTED

    @property
    def mean(self) -> float | None:
        """The mean of its dimensions, 1 to 5; None until published, and once it is hidden."""
        shown = self.scores and self.state != "hidden"
        return sum(self.scores.values()) / len(self.scores) if shown and self.scores else None

    @property
    def level(self) -> int | None:
        """The level it comes to, 1 to 5: its mean, rounded, a half up."""
        return overall(self.scores) if self.scores and self.state != "hidden" else None

    @property
    def in_appeal_window(self) -> bool:
        """Whether it may still be appealed now."""
        return self.in_appeal_window_at(clock.now())

    def in_appeal_window_at(self, instant: datetime) -> bool:
        """Whether it may be appealed at an instant, by the limit its party was told of.

        What was published before there were appeals is reckoned from its day.
        """
        until = self.appeal_by
        if until is None and self.published_at is not None:
            days = policy.get(self.policy_version).number("rating.appeal_days")
            until = workdays.add(self.published_at, days)
        return until is not None and instant <= until

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Everybody reads what is published, and that something was hidden."""
        return self.state in PUBLIC or super().readable_by(session, actor)

    @classmethod
    def shown_to(cls, actor: Actor) -> ColumnElement[bool]:
        return or_(super().shown_to(actor), cls.state.in_(PUBLIC))

    def check_override(self, target: str) -> None:
        """What is sealed would be open before its time, and what is published gone without a decision."""
        if {self.state, target} - {"due", "lapsed"}:
            raise RuleViolation(N_("评价只按评价期、双方评价和申诉决定改变状态,管理员不能改。"), "target")


def dimensions_of(by: str, about: str | None = "work") -> dict[str, str]:
    """What somebody rates: of a contract, or of an award that came to none."""
    return NEVER_BEGUN[by] if about == "award" else DIMENSIONS[by]


def overall(scores: Json) -> int:
    """The level of these scores: their mean, rounded, a half up."""
    return (2 * sum(scores.values()) + len(scores)) // (2 * len(scores))


def who_rate(contract: Contract, reviewers: Collection[int], left_by: str = "") -> list[tuple[str, int, int]]:
    """Who is asked to rate whom once a contract has ended: (by, rater, ratee).

    Its parties each other, and the departments (`reviewers`) that reviewed a deliverable the agency. Where
    it ended before both had signed, only the party that the other left (`left_by`, if it is not who let the
    time pass): nobody else did anything.
    """
    by_buyer = ("buyer", contract.buyer_id, contract.agency_id)
    by_agency = ("agency", contract.agency_id, contract.buyer_id)
    if contract.signed_at is None:
        walked = left_by or contract.unsigned_by
        left = [(by_buyer, ("agency", "both")), (by_agency, ("buyer", "both"))]
        return [asked for asked, sides in left if walked in sides]
    reviewed = [("department", key, contract.agency_id) for key in sorted(reviewers)]
    return [by_buyer, by_agency, *reviewed]


def exchanged(ratings: Collection[Rating]) -> bool:
    """Whether nothing is to come any more from the parties of a contract, of which these are all ratings."""
    return all(rating.state != "due" for rating in ratings if rating.by in PARTIES_RATE)


def seal(rating: Rating, key: bytes, scores: dict[str, int], comment: str) -> None:
    """Keep the scores and the words sealed. RuleViolation unless every dimension has 1 to 5."""
    for name in rating.dimensions:
        if scores.get(name) not in LEVELS:
            raise RuleViolation(N_("请选择满意程度。"), name)
    comment = check_text(Rating.comment, comment, N_("评语最多 %(most)s 个字。"))
    content = {"scores": {name: scores[name] for name in rating.dimensions}, "comment": comment}
    rating.sealed = sealing.wrap(key, json.dumps(content, ensure_ascii=False).encode())


def under_seal(rating: Rating, key: bytes) -> Json:
    """What was sealed: `scores` by dimension, and the `comment`; empty where nothing is under a seal."""
    content: Json = json.loads(sealing.unwrap(key, rating.sealed)) if rating.sealed else {}
    return content


def unseal(rating: Rating, key: bytes, now: datetime) -> None:
    """Move what was sealed into the open columns; from now on it may be appealed."""
    content = under_seal(rating, key)
    rating.scores, rating.comment = content["scores"], content["comment"]
    rating.sealed, rating.published_at = None, now
    rating.appeal_by = workdays.add(now, policy.get(rating.policy_version).number("rating.appeal_days"))


def reply(rating: Rating, words: str) -> None:
    """Keep the answer of whoever was rated."""
    rating.reply = check_text(Rating.reply, words, N_("请写明回复(%(least)s 到 %(most)s 个字)。"))
    rating.replied_at = clock.now()
