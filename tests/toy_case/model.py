"""A toy case type, a petition: its table and its class, as any case type's in `models/`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import identifiers
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base
from models.cases import Case
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow import start
from models.workflow_table import Limit, Move, State, Workflow

PETITION = Workflow(
    name="petition",
    label="来信",
    states=(
        State("filed", "待受理"),
        State("taken", "办理中"),
        State("answered", "已答复", tone="good", terminal=True),
        State("lapsed", "逾期未答复", tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "filed",
            "take",
            "taken",
            who={"regulator"},
            main=True,
            limit=Limit(attribute="until", act="lapse"),
            notify=("agency",),
        ),
        *referrals("filed"),
        Move("taken", "answer", "answered", who={"regulator"}, main=True, needs_reason=True),
        Move("taken", "lapse", "lapsed", who={"system"}, notify=("agency",)),
    ),
    openings={"file": "提交来信"},
    acts={"take": "受理", "answer": "答复", "lapse": "逾期", **REFERRAL_ACTS},
    opening=up("tender.answer_days"),
)


class Petition(Case, Base):
    """What an agency writes to the regulator, who answers until an instant it named."""

    __tablename__ = "petitions"
    workflow: ClassVar[Workflow] = PETITION
    prefix: ClassVar[str] = "PE"
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    words: Mapped[str] = mapped_column(String(1000))
    until: Mapped[datetime]

    @property
    def title(self) -> str:
        return self.words


def file(session: Session, actor: Actor, agency: Organisation, words: str, until: datetime) -> Petition:
    """Put a petition before the regulator of the agency's area."""
    petition = Petition(
        identifier=identifiers.issue(session, Petition), agency_id=agency.id, words=words, until=until
    )
    petition.region_code = agency.region_code
    start(session, petition, actor, "file")
    return petition
