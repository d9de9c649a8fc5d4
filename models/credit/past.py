"""What an agency's score became over time, when and through which cases, and how much of it others may see.

A credit record that was repaired, revoked or is over, and an entry of a list it was taken off, leave no trace
(信用修复管理办法). A step in a past score would be one, even without a word beside it. So others see what
the score would have been without the inputs whose records end (`Input.passing`), and nothing of the instants
at which nothing else moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Json
from models.credit import policy
from models.credit.evidence import Sheet, added_up, bounded
from models.credit.inputs import inputs


class CreditHistory(Base):
    """What an agency's score became, when and through which cases.

    `score`, `half_width` and `public_score` in tenths; `points` the tenths of each input; `causes` the
    identifiers of the cases whose events moved it, none where the policy changed. `public_score` and
    `public_grade` are what others see of it: None where there is nothing for them.
    """

    __tablename__ = "credit_history"
    __table_args__ = (Index("ix_credit_history_agency", "agency_id", "at"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    at: Mapped[datetime]
    score: Mapped[int]
    half_width: Mapped[int]
    grade: Mapped[str | None] = mapped_column(String(1))
    policy_version: Mapped[str] = mapped_column(String(40))
    points: Mapped[Json]
    causes: Mapped[list[str]] = mapped_column(default=list)
    public_score: Mapped[int | None]
    public_grade: Mapped[str | None] = mapped_column(String(1))


def keep(session: Session, sheets: Mapping[int, Sheet], causes: Mapping[int, Sequence[str]]) -> None:
    """Keep these agencies' sheets as the newest of their past, each with what moved it."""
    before = _last_public(session, list(sheets))
    for key, made in sheets.items():
        score, grade = without_passing(made)
        moved = before.get(key) != (score, grade, made.policy)
        session.add(
            CreditHistory(
                agency_id=key,
                at=made.at,
                score=round(made.score * 10),
                half_width=round(made.half_width * 10),
                grade=made.grade,
                policy_version=made.policy,
                points={line.name: round(line.points * 10) for line in made.lines},
                causes=sorted(set(causes.get(key, ()))),
                public_score=score if moved else None,
                public_grade=grade if moved else None,
            )
        )
    session.flush()


def without_passing(made: Sheet) -> tuple[int, str | None]:
    """A score in tenths, and its grade, as they were without the inputs whose records end."""
    rules = policy.get(made.policy)
    lines = [line for line in made.lines if not inputs()[line.name].passing]
    score = round(bounded(added_up(rules, lines)), 1)
    return round(score * 10), rules.grade(score) if made.grade else None


def _last_public(session: Session, agencies: Sequence[int]) -> dict[int, tuple[int | None, str | None, str]]:
    """What others see last of these agencies: score in tenths, grade and version, in one statement."""
    newest = (
        select(func.max(CreditHistory.id))
        .where(CreditHistory.agency_id.in_(agencies), CreditHistory.public_score.is_not(None))
        .group_by(CreditHistory.agency_id)
    )
    found = select(
        CreditHistory.agency_id,
        CreditHistory.public_score,
        CreditHistory.public_grade,
        CreditHistory.policy_version,
    ).where(CreditHistory.id.in_(newest))
    return {agency: (score, grade, version) for agency, score, grade, version in session.execute(found)}


def whole_for(agency: Organisation, actor: Actor) -> bool:
    """Whether this actor sees an agency's past whole: itself, the office of its area, operators."""
    return bool(agency.roles_of(actor))


def of_agency(agency: Organisation, *, whole: bool) -> Select[CreditHistory]:
    """What an agency's score was, the newest first; of others only what they may see."""
    found = select(CreditHistory).where(CreditHistory.agency_id == agency.id)
    if not whole:
        found = found.where(CreditHistory.public_score.is_not(None))
    return found.order_by(CreditHistory.id.desc())
