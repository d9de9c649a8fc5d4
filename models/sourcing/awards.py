"""The award: who was chosen, and why; and the objections to it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Fen, Json
from models.cases import Case
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing.of_tender import PARTIES, OfTender
from models.workflow_table import Limit, Move, State, Workflow

_DECIDE = up("objection.decide_days")
_PUBLIC = Limit(attribute="public_until", act="finalise")


def _lost(session: Session, award: Award) -> None:
    """A rule: the chosen agency may not sign now, and the buyer may go on to the next.

    The policy lets it (招标投标法实施条例第五十五条).
    """
    if not award.replaceable:
        raise RuleViolation(N_("只有中选机构现在不能承接本事项,并且规则允许改选时,才能取消它的中选资格。"))


AWARD = Workflow(
    name="award",
    label=N_("中选"),
    states=(
        State("proposed", N_("公示中")),
        State("objected", N_("有异议,暂停"), tone="bad"),
        State("final", N_("已确定"), tone="good"),
        State("annulled", N_("已撤销"), tone="bad", terminal=True),
    ),
    moves=(
        Move("proposed", "finalise", "final", who={"system"}, public=True, notify=("buyer", "agency")),
        Move(
            "proposed",
            "annul",
            "annulled",
            who={"regulator"},
            public=True,
            needs_reason=True,
            notify=("buyer", "agency"),
        ),
        Move(
            "proposed",
            "forfeit",
            "annulled",
            who={"buyer"},
            rules=(_lost,),
            public=True,
            needs_reason=True,
            notify=("buyer", "agency"),
        ),
        Move("final", "forfeit", "annulled", who={"system"}, public=True, notify=("buyer", "agency")),
        Move("proposed", "object", "objected", who={"system"}, public=True, notify=("buyer", "agency")),
        Move(
            "objected",
            "resume",
            "proposed",
            who={"system"},
            public=True,
            notify=("buyer", "agency"),
            limit=_PUBLIC,
        ),
        Move(
            "objected",
            "annul",
            "annulled",
            who={"regulator"},
            public=True,
            needs_reason=True,
            notify=("buyer", "agency"),
        ),
    ),
    openings={"propose": N_("提出中选")},
    consequences={
        "annul": N_("中选不再有效,业主要重新确定中选机构,或取消采购。"),
        "forfeit": N_("中选不再有效,业主要重新确定中选机构,或取消采购。"),
    },
    acts={
        "finalise": N_("确定中选"),
        "annul": N_("撤销中选"),
        "forfeit": N_("取消中选资格"),
        "object": N_("有异议,暂停确定"),
        "resume": N_("异议处理完毕,继续公示"),
    },
    opening=_PUBLIC,
)


class Award(OfTender, Base):
    """The chosen agency, with the reasons.

    A tender has at most one that is not annulled. `unfit` is why the agency could not sign now, as a problem
    is kept, as long as that is so and the contract is not signed.
    """

    __tablename__ = "awards"
    __table_args__ = (
        Index(
            "uq_awards_standing",
            "tender_id",
            unique=True,
            sqlite_where=text("state <> 'annulled'"),
            postgresql_where=text("state <> 'annulled'"),
        ),
    )
    workflow: ClassVar[Workflow] = AWARD
    prefix: ClassVar[str] = "W"
    parties: ClassVar[dict[str, str]] = PARTIES
    delegated_with: ClassVar[str] = "award"
    stake: ClassVar[str] = N_("中选价")

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    price: Mapped[Fen]
    published_price: Mapped[Fen]
    days: Mapped[int]
    reasons: Mapped[str] = mapped_column(String(2000), info={LEAST: 5})
    public_until: Mapped[datetime]
    unfit: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.price

    @property
    def replaceable(self) -> bool:
        """Whether the buyer may choose the next one, since the agency may not sign now.

        Else it waits until that is repaired.
        """
        return (
            self.unfit is not None
            and policy.get(self.policy_version).text("contract.unfit_follows") == "next"
        )

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """An award stands in public; that of an invited tender before those who may see the tender."""
        return (
            self.tender.openness == "open"
            or super().readable_by(session, actor)
            or self.tender.readable_by(session, actor)
        )


def standing_award(session: Session, tender_id: int, agency_id: int) -> str | None:
    """The award of a tender to an agency that is not annulled, by its identifier."""
    chosen = select(Award.identifier).where(
        Award.tender_id == tender_id, Award.agency_id == agency_id, Award.state != "annulled"
    )
    found: str | None = session.scalar(chosen)
    return found


OBJECTION = Workflow(
    name="objection",
    label=N_("异议"),
    states=(
        State("filed", N_("待业主答复")),
        State("answered", N_("待监管部门处理")),
        State("upheld", N_("异议成立"), tone="bad", terminal=True),
        State("dismissed", N_("异议不成立"), tone="plain", terminal=True),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
        State("lapsed", N_("中选已撤销"), tone="plain", terminal=True),
    ),
    moves=(
        Move("filed", "answer", "answered", who={"buyer"}, main=True, notify=("objector",), limit=_DECIDE),
        Move("filed", "escalate", "answered", who={"system"}, notify=("objector", "buyer"), limit=_DECIDE),
        Move("filed", "withdraw", "withdrawn", who={"objector"}, notify=("buyer",)),
        Move(
            "answered",
            "uphold",
            "upheld",
            who={"regulator"},
            main=True,
            public=True,
            needs_reason=True,
            notify=("buyer", "objector"),
        ),
        Move(
            "answered",
            "dismiss",
            "dismissed",
            who={"regulator"},
            main=True,
            public=True,
            needs_reason=True,
            notify=("buyer", "objector"),
        ),
        Move("answered", "withdraw", "withdrawn", who={"objector"}, notify=("buyer",)),
        Move("filed", "lapse", "lapsed", who={"system"}, notify=("objector",)),
        Move("answered", "lapse", "lapsed", who={"system"}, notify=("objector",)),
        *referrals("answered", notify=("buyer", "objector"), urged=False),
    ),
    duties=("object", "answer", "withdraw"),
    openings={"object": N_("提出异议")},
    consequences={
        "uphold": N_("中选随之撤销,业主要重新确定中选机构,或取消采购。"),
        "dismiss": N_("中选不变,公示继续。"),
    },
    decides={"answered": N_("处理异议")},
    buttons={"uphold": N_("认定异议成立"), "dismiss": N_("认定异议不成立")},
    acts={
        "answer": N_("答复异议"),
        "escalate": N_("业主逾期未答复,转监管部门"),
        "withdraw": N_("撤回异议"),
        "uphold": N_("异议成立,撤销中选"),
        "dismiss": N_("异议不成立"),
        "lapse": N_("中选已撤销,异议终止"),
        "refer": REFERRAL_ACTS["refer"],
    },
    opening=Limit(policy="objection.answer_days", act="escalate"),
)


class Objection(Case, Base):
    """What a bidder that did not win has against an award.

    With the buyer's statement, and the regulator's decision.
    """

    __tablename__ = "objections"
    __table_args__ = (UniqueConstraint("award_id", "objector_id"),)
    workflow: ClassVar[Workflow] = OBJECTION
    prefix: ClassVar[str] = "J"
    beneath: ClassVar[str] = "award"
    lock_after: ClassVar[str] = "award"
    parties: ClassVar[dict[str, str]] = {"buyer": "buyer_id", "objector": "objector_id"}
    delegated_with: ClassVar[str] = "tender"

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    objector_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    grounds: Mapped[str] = mapped_column(String(2000), info={LEAST: 10})
    statement: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    decision: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    award: Mapped[Award] = relationship(lazy="joined")
    objector: Mapped[Organisation] = relationship(foreign_keys=[objector_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.award.tender.project

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """The buyer, whoever objects, and the agency that was chosen."""
        return super().involved(session, known) | {self.award.agency_id}

    @property
    def open(self) -> bool:
        return self.state in ("filed", "answered")
