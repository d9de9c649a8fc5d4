"""Delegations: a buyer lends somebody the right to act for it, who accepts it and may lay it down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from market.accounts.actions.members import _own, meant
from market.owner_letters import notify_owners_of_change
from market.transaction import action
from models import clock, events
from models.accounts import (
    SCOPE,
    Delegation,
    may_buy_for_others,
)
from models.actors import Actor
from models.authorisations import given_by
from models.conflicts import no_delegate
from models.errors import NotFound, RuleViolation
from models.i18n import N_


@action
def delegate(
    session: Session, actor: Actor, *, email: str, scope: list[str], most: int, until: datetime
) -> str:
    """The owner of an enterprise lets a person act for it in these kinds of case, up to a sum, until a day.

    It is offered by a letter, and counts once the person has accepted it. Nothing tells whether anybody has
    signed up with the address, or who: where nobody has, it waits for whoever does; somebody who belongs to
    an agency or an authority is refused where it would accept.
    """
    organisation = _own(session, actor)
    user = meant(session, email)
    if not scope or not set(scope) <= set(SCOPE):
        raise RuleViolation(N_("请至少选择一项委托事项。"), "scope")
    if until <= clock.now():
        raise RuleViolation(N_("委托期限应在将来。"), "until")
    if most <= 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "most")
    own = given_by(session, actor, scope)
    if own is not None and own.until is not None and until > own.until:
        raise RuleViolation(N_("委托的期限不能超过您自己的签署付款授权。"), "until")
    session.add(
        Delegation(
            buyer_id=organisation.id,
            user_id=user.id,
            scope=sorted(scope),
            most=most,
            until=until,
            given_under_id=own.id if own is not None else None,
        )
    )
    mail.post(session, "delegated", user.address, buyer=organisation.name)
    events.record(
        session,
        actor,
        "organisation.delegate",
        "organisation",
        organisation.identifier,
        notify=[organisation.id],
    )
    notify_owners_of_change(session, organisation, N_("委托了他人采购"), "/my/organisation")
    return organisation.identifier


@action
def revoke(session: Session, actor: Actor, delegation_id: int) -> str:
    """The owner takes a delegation back, at once."""
    organisation = _own(session, actor)
    lent = session.get(Delegation, delegation_id)
    if lent is None or lent.buyer_id != organisation.id:
        raise NotFound(N_("没有找到这项委托。"))
    lent.revoked_at = lent.revoked_at or clock.now()
    events.record(session, actor, "organisation.revoke", "organisation", organisation.identifier)
    return organisation.identifier


def _offered(session: Session, actor: Actor, number: int) -> Delegation:
    """A delegation that was offered to this person and still stands."""
    lent = session.scalars(
        select(Delegation).where(Delegation.id == number).with_for_update(of=Delegation)
    ).one_or_none()
    if lent is None or lent.user_id != actor.user_id or not lent.stands:
        raise NotFound(N_("没有找到这项委托。"))
    return lent


@action
def accept(session: Session, actor: Actor, number: int) -> str:
    """The delegate takes it on.

    From now on it gives power, and ties the person and whoever belongs to the same organisation
    (models/conflicts.py).
    """
    lent = _offered(session, actor, number)
    if not may_buy_for_others(lent.user):
        raise no_delegate(lent.buyer.name)
    if lent.accepted_at is None:
        lent.accepted_at = clock.now()
        _tell_buyer(session, actor, lent, "organisation.accept_delegation")
    return lent.buyer.identifier


@action
def lay_down(session: Session, actor: Actor, number: int) -> str:
    """The delegate is one no more, or never was: at once, and whatever the buyer says."""
    lent = _offered(session, actor, number)
    lent.laid_down_at = clock.now()
    _tell_buyer(session, actor, lent, "organisation.lay_down")
    return lent.buyer.identifier


def _tell_buyer(session: Session, actor: Actor, lent: Delegation, kind: str) -> None:
    events.record(
        session,
        actor,
        kind,
        "organisation",
        lent.buyer.identifier,
        data={"name": lent.user.name},
        notify=[lent.buyer_id],
    )
