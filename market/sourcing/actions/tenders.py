"""A tender is published, and amended while it takes answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.draft_steps import ask_for
from market.transaction import Beforehand, action, sealing_key
from models import clock, draws, policy, sealing
from models.actors import SYSTEM, Actor
from models.base import Json
from models.errors import Conflict, Problem, RuleViolation
from models.i18n import N_
from models.sourcing.answers import concerned
from models.sourcing.cancelling import settle_repeats
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from models.workflow import check_role, perform, permit


def publish(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """Open the tender to answers.

    For a sealed mode the keys are made and the draws' seeds promised now; the keeper's key is made first,
    outside. KeeperUnavailable where it cannot be; nothing has happened then.
    """
    made = keys.make(actor, identifier)
    try:
        return _publish(actor, identifier, made=Beforehand(made), submission=submission)
    except Problem:
        keys.forget(made)
        raise


@action
def _publish(session: Session, actor: Actor, identifier: str, *, made: Beforehand[keys.Made | None]) -> str:
    tender = Tender.lock(session, identifier)
    tender.published_at, tender.policy_version = (
        clock.now(),
        policy.current().version,
    )  # what was drafted under another goes out under this one
    permit(session, tender, "publish", actor)
    settle_repeats(session, tender)
    told = {
        "again": tender.again_of,
        "said": tender.again_said,
        "not_again": tender.again_not,
        "commitments": _take_key(session, tender, made.got) if tender.way.sealed else None,
    }
    perform(
        session,
        tender,
        "publish",
        actor,
        data={"item": tender.item.name, "deadline": tender.deadline.isoformat()}
        | {name: value for name, value in told.items() if value},
        also_notify=[invitation.agency_id for invitation in tender.invitations],
    )
    return identifier


def _take_key(session: Session, tender: Tender, made: keys.Made | None) -> list[str]:
    """Give a tender its two keys, and promise its draws. Returns their commitments.

    Conflict where the keeper's is not for this deadline: somebody changed the draft while it was made.
    """
    if made is None or made.until != tender.deadline:
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    tender.public_key, private = sealing.make_pair()
    tender.wrapped_key = sealing.wrap(sealing_key(), private)
    tender.keeper_handle, tender.keeper_key, tender.keeper_until = made.handle, made.public, made.until
    return [
        draws.promise(session, planned.purpose, tender.identifier, sealing_key()).commitment
        for planned in tender.way.draws
    ]


def amend(
    actor: Actor,
    identifier: str,
    *,
    description: str,
    quantity: Json,
    budget: int | None,
    deadline: datetime,
    reason: str = "",
    submission: str = "",
) -> str:
    """Change what a published tender asks for.

    The deadline moves, and whoever answered is told and answers anew. The keeper hears of it after.

    A sealed bid answers one revision of the tender; one that answers an older one is not valid at the
    opening.
    """
    asked = {"description": description, "quantity": quantity, "budget": budget, "deadline": deadline}
    _amend(actor, identifier, **asked, reason=reason, submission=submission)
    keys.settle(identifier)
    return identifier


@action
def _amend(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    description: str,
    quantity: Json,
    budget: int | None,
    deadline: datetime,
    reason: str,
) -> str:
    tender = Tender.lock(session, identifier)
    tender.workflow.find(tender.state, "amend")
    tender.check_accepts_offers(clock.arrival(session))
    check_role(
        session, tender, "amend", actor, {"buyer"}
    )  # before the budget changes, too: it is what a delegation is measured by
    if deadline < tender.deadline:
        raise RuleViolation(N_("修改需求只能顺延截止时间,不能提前。"), "deadline")
    before = (tender.quantity, tender.budget, tender.description)
    with session.no_autoflush:
        ask_for(tender, description, quantity, budget)
        tender.deadline = deadline
    tell_deadline(session, tender, "amend", actor, reason)
    if (tender.quantity, tender.budget, tender.description) != before:
        ask_anew(session, tender)
    return identifier


def ask_anew(session: Session, tender: Tender) -> None:
    """What was answered before answers another tender.

    Bids are handed in again, quotes are their agencies' turn.
    """
    tender.revision += 1
    for quote in session.scalars(select(Quote).where(Quote.tender_id == tender.id).with_for_update(of=Quote)):
        if quote.state in Quote.live:
            perform(session, quote, "renew", SYSTEM)
            quote.renewed = True


def tell_deadline(session: Session, tender: Tender, act: str, actor: Actor, reason: str = "") -> None:
    """The deadline moved by this act: all concerned are told, and no quote ends before it."""
    perform(
        session,
        tender,
        act,
        actor,
        reason=reason,
        data={"deadline": tender.deadline.isoformat()},
        also_notify=concerned(session, tender),
    )
    for quote in session.scalars(
        select(Quote)
        .where(Quote.tender_id == tender.id, Quote.state.in_(("open", "agreed")))
        .with_for_update(of=Quote)
    ):
        quote.due_at = max(quote.due_at or quote.standing_until, quote.standing_until)
