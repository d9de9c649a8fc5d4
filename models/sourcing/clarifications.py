"""Questions about a tender.

Who asked stays hidden, from the buyer too; question and answer go to everyone.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.actors import Actor
from models.base import Base
from models.i18n import N_
from models.lengths import LEAST
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing.of_tender import OfTender
from models.sourcing.tenders import Tender
from models.workflow_table import Move, State, Workflow

CLARIFICATION = Workflow(
    name="clarification",
    label=N_("答疑"),
    states=(
        State("asked", N_("待答复")),
        State("answered", N_("已答复"), tone="good", terminal=True),
        State("lapsed", N_("未答复"), tone="plain", terminal=True),
    ),
    moves=(
        Move("asked", "answer", "answered", who={"buyer"}, main=True),
        Move("asked", "lapse", "lapsed", who={"system"}),
        *referrals("asked", notify=("buyer",)),
    ),
    duties=("answer",),
    openings={"ask": N_("提问")},
    acts={"answer": N_("答复并公布"), "lapse": N_("征集结束"), **REFERRAL_ACTS},
    opening=up("tender.answer_days"),
)


class Clarification(OfTender, Base):
    """A question, and the answer everyone gets."""

    __tablename__ = "clarifications"
    workflow: ClassVar[Workflow] = CLARIFICATION
    prefix: ClassVar[str] = "K"
    parties: ClassVar[dict[str, str]] = {"buyer": "buyer_id"}

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    asker_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    question: Mapped[str] = mapped_column(String(1000), info={LEAST: 5})
    answer: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 2})
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    answered_at: Mapped[datetime | None]

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """The buyer; and whoever asked, which nobody else is told."""
        return {self.buyer_id} | ({self.asker_id} & known)


def clarifications_for(session: Session, tender: Tender, actor: Actor) -> list[Clarification]:
    """What a reader may see of them: the answered ones; the buyer and its overseers all; an asker its own."""
    query = select(Clarification).where(Clarification.tender_id == tender.id).order_by(Clarification.id)
    if not tender.roles_of(actor):
        query = query.where(
            or_(Clarification.state == "answered", Clarification.asker_id == (actor.organisation_id or 0))
        )
    return list(session.scalars(query))
