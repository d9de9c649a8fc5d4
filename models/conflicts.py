"""Nobody acts on both sides of one case: one rule, asked by the workflow before every act.

Whoever acts for an organisation may not belong to, or have accepted a delegation of, another organisation
whose matter the case is; nor may a member of the same organisation. Nobody is tied by what others did alone:
a delegation nobody accepted ties nobody, a member of an organisation has an account of that organisation's,
whatever its owner typed (docs/decisions/0034). An official (and an evaluator) answers for himself alone, as
the law of avoidance has it (行政处罚法第四十三条, 招标投标法第三十七条): one member who belongs to the
accused does not keep a whole office from its work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from models.actors import Actor
from models.errors import NotAllowed
from models.i18n import N_

if TYPE_CHECKING:
    from models.cases import Case

OFFICIAL = frozenset(
    {"regulator", "department", "superior", "custodian", "admin"}
)  # roles in which a person answers for himself alone


def check(session: Session, case: Case, actor: Actor, roles: frozenset[str]) -> None:
    """NotAllowed if in one of these roles the actor would act on both sides of the case.

    It names the other party.

    One statement for a party, at most two more where somebody is tied to another organisation at all.
    """
    if actor.user_id is None:
        return
    for role in sorted(roles):
        own, alone = case.side_of(role), role in OFFICIAL or role in case.persons
        keep_apart(session, actor, own, lambda: case.involved(session, actor.members()), alone=alone)


def keep_apart(
    session: Session, actor: Actor, own: int | None, involved: Callable[[], set[int]], *, alone: bool = False
) -> None:
    """NotAllowed if whoever acts for `own` is tied to another of the organisations `involved`.

    `own` is None for an office. Tied itself or, unless it answers for itself `alone`, through a fellow
    member.
    """
    ties = actor.ties()
    if not alone:
        ties |= _fellows(session, actor.private() | ({own} if own else set()))
    ties -= {own}
    both = ties & involved() if ties else set()
    if both:
        raise NotAllowed(
            N_(
                "您或同单位的人同时属于另一方“%(party)s”,或受它委托:同一件事不能由一人代表双方。请由他人办理,或先解除委托、成员关系。"
            ),
            party=_name(session, min(both)),
        )


def _fellows(session: Session, organisations: set[int]) -> set[int]:
    """The other organisations that members of these belong to, or are delegates of.

    Delegates by their own acceptance.
    """
    from models.accounts import Delegation, Membership

    people = select(Membership.user_id).where(Membership.organisation_id.in_(organisations))
    belonging = select(Membership.organisation_id).where(Membership.user_id.in_(people))
    lent = select(Delegation.buyer_id).where(Delegation.user_id.in_(people), Delegation.counting())
    return set(session.scalars(union_all(belonging, lent))) - organisations


def _name(session: Session, organisation: int) -> str:
    from models.accounts import Organisation

    return session.scalar(select(Organisation.name).where(Organisation.id == organisation)) or ""


def check_delegate(actor: Actor, buyer: int | None) -> None:
    """NotAllowed if the actor has a delegation of this buyer that rests.

    It rests since the actor belongs to an agency or an authority.
    """
    resting = next((mandate for mandate in actor.resting if mandate.buyer_id == buyer), None)
    if resting is not None:
        raise no_delegate(resting.buyer_name)


def no_delegate(buyer: str) -> NotAllowed:
    """Why somebody who belongs to an agency or an authority does not buy for this buyer."""
    return NotAllowed(
        N_("您属于中介机构或政府部门,不能再代项目业主“%(buyer)s”采购:同一件事不能由一人代表双方。"),
        buyer=buyer,
    )
