"""What reports and complaints share: the authority that handles one, and who stepped back from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, or_
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, policy, workdays
from models.accounts import Organisation, authority_for
from models.actors import VISITOR, Actor
from models.cases import Case
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import LEAST

STEPPED_BACK = N_("您已经在这件事里回避,请由他人办理。")
# As whom a reporter acts: no event, no file and no notice names anybody.
REPORTER: Actor = replace(VISITOR, roles=frozenset({"reporter"}))


class Handled(Case):
    """Handled by an authority (`office_id`) of an area, in a line of work.

    `ground` is why it was refused or its mediation ended, `reply` the answer whoever came reads; `late`
    whether that came after its limit; `recused`: users who stepped back.
    """

    office_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    department: Mapped[str | None] = mapped_column(String(40))
    filed_at: Mapped[datetime] = mapped_column(default=clock.now)
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ground: Mapped[str | None] = mapped_column(String(20))
    reply: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    late: Mapped[bool] = mapped_column(default=False)
    recused: Mapped[list[int]] = mapped_column(JSON, default=list)

    @property
    def line(self) -> str | None:
        """The line of work it was found to belong to, or that of whoever it was passed to."""
        return self.department

    @classmethod
    def of_line(cls, department: str) -> ColumnElement[bool]:
        return or_(cls.department.is_(None), cls.department == department)

    def hindrance(self, actor: Actor, act: str) -> NotAllowed | None:
        """Whoever stepped back does no more in it (行政处罚法第四十三条)."""
        return NotAllowed(STEPPED_BACK) if actor.user_id in self.recused else None

    @classmethod
    def unhindered(cls, session: Session, actor: Actor, cases: Sequence[Self]) -> Sequence[Self]:
        return [case for case in cases if actor.user_id not in case.recused]

    def days(self, key: str) -> datetime:
        """So many working days of the case's policy from now."""
        return workdays.add(clock.now(), policy.get(self.policy_version).number(f"complaint.{key}"))

    def hand_to(self, office: Organisation | None) -> None:
        """From now on this authority handles it, in its own area and line of work."""
        self.office_id = office.id if office else None


def office_for(session: Session, department: str | None, region_code: str) -> Organisation | None:
    """The regulator that is competent for a place and a line of work; None where there is none at all."""
    return authority_for(session, "regulator", department or None, region_code)


def check_present(case: Handled, actor: Actor) -> None:
    """NotAllowed for whoever stepped back from it."""
    if (problem := case.hindrance(actor, "")) is not None:
        raise problem


def step_back(case: Handled, actor: Actor) -> None:
    """An official leaves it to others."""
    if actor.user_id is not None and actor.user_id not in case.recused:
        case.recused = [*case.recused, actor.user_id]


def note_answer(case: Handled, reply: str, ground: str | None = None) -> None:
    """Keep the answer of an act that is about to be done, and whether it comes late.

    RuleViolation at `reply` for one that says nothing.
    """
    if len(reply.strip()) < 5:
        raise RuleViolation(N_("请写明答复的内容(至少 5 个字)。"), "reply")
    case.reply, case.ground, case.answered_at = reply.strip()[:2000], ground, clock.now()
    case.late = case.late or (case.due_at is not None and clock.now() > case.due_at) or bool(case.referred_to)
