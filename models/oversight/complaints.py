"""Complaints (投诉): a party of a contract or an award wants its quarrel settled by mediation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers, policy, spelling
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Code
from models.cases import find_case
from models.contracts.agreement import Contract
from models.contracts.disputes import DISPUTE, Dispute
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.oversight.complaint_workflow import COMPLAINT, RUNNING
from models.oversight.handled import Handled, office_for
from models.sourcing.awards import Award
from models.workflow import start
from models.workflow_table import Workflow

CLAIM = N_("请写明经过和要求(%(least)s 到 %(most)s 个字)。")
_NONE = N_("请填写您作为一方的合同或者中选结果的编号。")


class Complaint(Handled, Base):
    """A complaint about a contract or an award (`about`), of one of its parties against the other.

    `agreement` is what both sides agree to; `sibling` the number of the report that was split off the same
    paper, for the handlers alone. Mediation ends at the latest at `mediate_until`.
    """

    __tablename__ = "complaints"
    workflow: ClassVar[Workflow] = COMPLAINT
    prefix: ClassVar[str] = "CP"
    parties: ClassVar[dict[str, str]] = {"claimant": "claimant_id", "respondent": "respondent_id"}

    claimant_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    respondent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    about: Mapped[Code] = mapped_column(index=True)
    claim: Mapped[str] = mapped_column(String(2000), info={LEAST: 10})
    sibling: Mapped[str] = mapped_column(String(24), default="")
    answer: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    responded_at: Mapped[datetime | None]
    mediate_until: Mapped[datetime | None]
    agreement: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 5})
    claimant_agreed_at: Mapped[datetime | None]
    respondent_agreed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    claimant: Mapped[Organisation] = relationship(foreign_keys=[claimant_id], lazy="joined")
    respondent: Mapped[Organisation] = relationship(foreign_keys=[respondent_id], lazy="joined")
    office: Mapped[Organisation | None] = relationship(foreign_keys="Complaint.office_id", lazy="joined")

    @property
    def title(self) -> str:
        return f"{self.claimant.name} · {self.respondent.name}"

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """The other side has no part in it before it was accepted."""
        found = super().roles_of(actor)
        return found if self.accepted_at is not None else found - {"respondent"}

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return and_(found, cls.accepted_at.is_not(None)) if role == "respondent" else found

    def parties_told(self, roles: Any) -> list[int]:
        told = [role for role in roles if role != "respondent" or self.accepted_at is not None]
        return super().parties_told(told)

    def agreed_by(self, role: str) -> datetime | None:
        """When this side agreed to the agreement as it stands."""
        return self.claimant_agreed_at if role == "claimant" else self.respondent_agreed_at

    def check_override(self, target: str) -> None:
        """Nobody is bound by an agreement he did not agree to."""
        if target == "settled":
            raise RuleViolation(N_("调解协议只能由双方自己同意。"), "target")


def quarrel_of(session: Session, actor: Actor, named: str) -> tuple[Contract | Award, int, int]:
    """The contract or award of this number, the actor's side and the other one (keys of organisations).

    RuleViolation at `about` for a stranger's, so that nobody learns which there are.
    """
    found = find_case(session, spelling.code(named))
    if not isinstance(found, (Contract, Award)):
        raise RuleViolation(_NONE, "about")
    sides = {found.parties_told(["buyer"])[0], found.parties_told(["agency"])[0]}
    if actor.organisation_id not in sides or actor.organisation_id is None:
        raise RuleViolation(_NONE, "about")
    (other,) = sides - {actor.organisation_id}
    return found, actor.organisation_id, other


def file_complaint(session: Session, actor: Actor, *, about: str, claim: str) -> Complaint:
    """Put a complaint down for the regulator of the area.

    RuleViolation at `about` where one on the same is under way.
    """
    case, own, other = quarrel_of(session, actor, about)
    same = select(Complaint.id).where(
        Complaint.about == case.identifier, Complaint.claimant_id == own, Complaint.state.in_(RUNNING)
    )
    if session.scalars(same).first() is not None:
        raise RuleViolation(N_("这件事您已经投诉过,正在办理。"), "about")
    sides = {each: session.get_one(Organisation, each) for each in (own, other)}
    made = Complaint(
        identifier=identifiers.issue(session, Complaint),
        claimant_id=own,
        claimant=sides[own],
        respondent_id=other,
        respondent=sides[other],
        about=case.identifier,
        claim=check_text(Complaint.claim, claim, CLAIM),
        region_code=case.region_code,
        department=case.line,
        recused=[],
    )
    made.hand_to(office_for(session, made.department, made.region_code))
    start(session, made, actor, "file")
    return made


def dispute_open(session: Session, complaint: Complaint) -> str:
    """The number of a dispute on the same contract that is under way; empty where there is none."""
    over = [state.name for state in DISPUTE.states.values() if state.terminal]
    found = (
        select(Dispute.identifier)
        .join(Contract, Contract.id == Dispute.contract_id)
        .where(Contract.identifier == complaint.about, Dispute.state.not_in(over))
    )
    return session.scalars(found).first() or ""


def mediation_ends(complaint: Complaint) -> datetime:
    """When mediation that begins now ends at the latest (calendar days, 暂行办法第二十一条)."""
    days = policy.get(complaint.policy_version).number("complaint.mediate_days")
    return clock.now() + timedelta(days=days)
