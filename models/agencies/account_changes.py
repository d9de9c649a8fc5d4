"""Where an agency's money goes is changed openly and slowly.

Its owners are told, any of them can stop it, and no payout uses the new account before the policy's days are
over. Until then money goes to the old one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import identifiers
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.entry import STEPS, check_step, profile_of
from models.base import Base, Code, Name
from models.cases import Case
from models.errors import RuleViolation
from models.i18n import N_
from models.workflow import start
from models.workflow_table import Limit, Move, State, Workflow

FIELDS = STEPS["bank"][1]

ACCOUNT_CHANGE = Workflow(
    name="account_change",
    label=N_("更换收款账户"),
    states=(
        State("waiting", N_("等待生效")),
        State("effective", N_("已生效"), tone="good", terminal=True),
        State("stopped", N_("已停止"), tone="bad", terminal=True),
    ),
    moves=(
        Move("waiting", "take_effect", "effective", who={"system"}, notify=("agency",)),
        Move("waiting", "stop", "stopped", who={"agency", "system"}, needs_reason=True, notify=("agency",)),
    ),
    duties=("stop",),
    openings={"ask": N_("更换收款账户,等待生效")},
    acts={"take_effect": N_("新账户生效"), "stop": N_("停止更换")},
    opening=Limit(policy="entry.account_wait_days", act="take_effect"),
)


class AccountChange(Case, Base):
    """The account an agency wants its money on, as its entry tells it."""

    __tablename__ = "account_changes"
    workflow: ClassVar[Workflow] = ACCOUNT_CHANGE
    prefix: ClassVar[str] = "AC"
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    bank_name: Mapped[Name]
    account_name: Mapped[Name]
    account_number: Mapped[Code]
    stripe_account: Mapped[Code] = mapped_column(default="")
    agency: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.agency.name


def under_way(session: Session, agency_id: int) -> AccountChange | None:
    """The change of this agency's account that waits, if one does."""
    return session.scalars(
        select(AccountChange).where(AccountChange.agency_id == agency_id, AccountChange.state == "waiting")
    ).first()


def ask_change(session: Session, agency: Organisation, actor: Actor, values: dict[str, Any]) -> AccountChange:
    """Begin to wait for another account.

    RuleViolation at the field that is wrong, where it is the present one, or another one waits already.
    """
    told = {name: str(values.get(name) or "").strip() for name in FIELDS}
    check_step("bank", told)
    profile = profile_of(session, agency)
    if told == {name: getattr(profile, name) for name in FIELDS}:
        raise RuleViolation(N_("这就是现在的收款账户。"), "account_number")
    if under_way(session, agency.id) is not None:
        raise RuleViolation(N_("已有一个新账户在等待生效;请等它生效,或先停止它。"))
    change = AccountChange(
        identifier=identifiers.issue(session, AccountChange),
        agency_id=agency.id,
        agency=agency,
        region_code=agency.region_code,
        **told,
    )
    start(session, change, actor, "ask", also_notify=[agency.id])
    return change


def take_over(session: Session, change: AccountChange) -> None:
    """From now on payouts go to the new account."""
    profile = profile_of(session, change.agency)
    session.add(profile)
    for name in FIELDS:
        setattr(profile, name, getattr(change, name))
