"""Ratings: each party of a settled contract rates the other on five dimensions.

A rating is sealed, words included, until both are in or the window ends; nobody can answer one with the
other.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models import sealing
from models.accounts import Organisation
from models.base import Base, Json
from models.cases import Case
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.workflow_table import Limit, Move, State, Workflow

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
}

_PUBLISH = Limit(attribute="closes_at", act="publish")

RATING = Workflow(
    name="rating",
    label=N_("评价"),
    states=(
        State("due", N_("待评价")),
        State("sealed", N_("已密封"), tone="plain"),
        State("published", N_("已公布"), tone="good", terminal=True),
        State("lapsed", N_("逾期未评"), tone="plain", terminal=True),
    ),
    moves=(
        Move("due", "rate", "sealed", who={"rater"}, main=True, limit=_PUBLISH),
        Move("due", "lapse", "lapsed", who={"system"}),
        Move("sealed", "publish", "published", who={"system"}, public=True, notify=("rater", "ratee")),
    ),
    duties=("rate",),
    openings={"ask": N_("请求评价")},
    consequences={"rate": N_("双方都评价或者期满后一同公开,在此之前对方看不到;计入信用。")},
    acts={"rate": N_("评价"), "publish": N_("公布"), "lapse": N_("逾期")},
    opening=Limit(attribute="closes_at", act="lapse"),
)


class Rating(Case, Base):
    """One party's rating of the other. `scores` and `comment` are empty until it is published."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("contract_id", "by"),)
    workflow: ClassVar[Workflow] = RATING
    prefix: ClassVar[str] = "R"
    beneath: ClassVar[str] = "contract"
    lock_after: ClassVar[str] = "contract"
    parties: ClassVar[dict[str, str]] = {"rater": "rater_id", "ratee": "ratee_id"}

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    by: Mapped[str] = mapped_column(String(10))
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    ratee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    closes_at: Mapped[datetime]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    scores: Mapped[Json | None]
    comment: Mapped[str | None] = mapped_column(String(1000))
    published_at: Mapped[datetime | None]
    contract: Mapped[Contract] = relationship(lazy="joined")
    rater: Mapped[Organisation] = relationship(foreign_keys=[rater_id], lazy="joined")
    ratee: Mapped[Organisation] = relationship(foreign_keys=[ratee_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.contract.title

    @property
    def mean(self) -> float | None:
        """The mean of the five dimensions, 1 to 5; None until published."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None


def seal(rating: Rating, key: bytes, scores: dict[str, int], comment: str) -> None:
    """Keep the scores and the words sealed. RuleViolation unless every dimension has 1 to 5."""
    for name in DIMENSIONS[rating.by]:
        if scores.get(name) not in (1, 2, 3, 4, 5):
            raise RuleViolation(N_("请给出 1 到 5 分。"), name)
    comment = check_text(Rating.comment, comment, N_("评语最多 %(most)s 个字。"))
    content = {"scores": {name: scores[name] for name in DIMENSIONS[rating.by]}, "comment": comment}
    rating.sealed = sealing.wrap(key, json.dumps(content, ensure_ascii=False).encode())


def unseal(rating: Rating, key: bytes, now: datetime) -> None:
    """Move what was sealed into the open columns."""
    content = json.loads(sealing.unwrap(key, rating.sealed or b""))
    rating.scores, rating.comment = content["scores"], content["comment"]
    rating.sealed, rating.published_at = None, now
