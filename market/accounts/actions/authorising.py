"""Authority to sign and pay for an organisation: by what was handed in and checked, or given by an owner."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.actions.members import _own
from market.files import hand_in, with_file
from market.owner_letters import notify_owners_of_change
from market.transaction import action
from models.accounts import Membership
from models.actors import Actor
from models.authorisations import (
    Authorisation,
    begin,
    check_narrower,
    check_terms,
    end,
    given_by,
    membership_of,
    no_basis,
    own_basis,
    take_effect,
)
from models.clock import BEIJING
from models.errors import NotAllowed, NotFound, RuleViolation
from models.holders import member_called
from models.i18n import N_
from models.permission import LENT
from models.signing.keys import valid_key
from models.workflow import perform, permit


def _mine(session: Session, actor: Actor) -> Membership:
    """The actor's membership of the organisation it acts for."""
    _own(session, actor)
    found = membership_of(session, actor.user_id or 0, actor.organisation_id or 0)
    if found is None or found.organisation.kind == "authority":
        raise NotAllowed(N_("政府部门不以授权书签署和付款。"))
    return found


@action
def open_letter(session: Session, actor: Actor, *, covers: list[str], until: datetime) -> str:
    """Somebody fills in a letter for itself, to print, have signed and sealed, and hand in."""
    member = _mine(session, actor)
    chosen = check_terms(covers, until)
    return begin(session, actor, "open", member, "letter", covers=chosen, until=until).identifier


@action
def declare(session: Session, actor: Actor, *, covers: list[str], until: datetime) -> str:
    """An owner who needs no letter: by the company's own certificate, or as the legal representative.

    By the certificate he may at once; the representative hands in next who he is, by `file`.
    """
    member = _mine(session, actor)
    basis = own_basis(session, member)
    if not basis:
        raise no_basis(session, member)
    chosen, key = check_terms(covers, until), valid_key(session, member.organisation_id)
    if basis == "certificate" and key is not None and until > key.valid_until:
        last = key.valid_until.astimezone(BEIJING).date().isoformat()
        raise RuleViolation(N_("授权期限不能超过签名证书的有效期(%(last)s)。"), "until", last=last)
    case = begin(session, actor, "declare", member, basis, covers=chosen, until=until)
    notify_owners_of_change(session, member.organisation, N_("登记了签署付款授权"), "/my/authorisation")
    return case.identifier


@action
def hand_on(session: Session, actor: Actor, email: str, *, covers: list[str], until: datetime) -> str:
    """An owner lets a member sign or pay too: what he may himself, and no longer."""
    organisation = _own(session, actor)
    found = member_called(session, organisation.id, email)
    if found is None or found.user_id == actor.user_id:
        raise NotFound(N_("没有找到这位成员。"))
    if not found.user.confirmed:
        raise RuleViolation(N_("这位成员还没有确认邮箱,确认以后才能授权。"))
    own = given_by(session, actor, [LENT[each] for each in covers if each in LENT])
    chosen = check_terms(covers, until, most=own.until if own is not None else None)
    check_narrower(found, chosen)
    under = own.id if own is not None else None
    case = begin(session, actor, "hand_on", found, "owner", covers=chosen, until=until, given_under_id=under)
    notify_owners_of_change(session, organisation, N_("授权一名成员签署或付款"), "/my/authorisation")
    return case.identifier


@with_file
@action
def file(
    session: Session, actor: Actor, identifier: str, *, file_name: str = "", content: bytes = b""
) -> str:
    """The scan of what its basis asks for (`PROOFS`)."""
    case = Authorisation.lock(session, identifier)
    if content:  # what the rule of the move asks for
        hand_in(session, actor, case, file_name, content, scan=True)
    perform(session, case, "file", actor)
    return identifier


@action
def accept(session: Session, actor: Actor, identifier: str) -> str:
    """Whoever checks organisations found the proof right: from now on the person may."""
    case = Authorisation.lock(session, identifier)
    permit(session, case, "accept", actor)
    member = membership_of(session, case.user_id, case.organisation_id)
    perform(session, case, "accept", actor)
    if member is not None:  # the rule of the move asked
        take_effect(session, case, member)
    return identifier


@action
def send_back(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """It lacks something, and the reason says what."""
    case = Authorisation.lock(session, identifier)
    perform(session, case, "return", actor, reason=reason)
    return identifier


@action
def withdraw(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The person, an owner, or whoever checks it ends it; what was handed on by it ends too."""
    end(session, Authorisation.lock(session, identifier), "withdraw", actor, reason=reason)
    return identifier


@action
def expire(session: Session, actor: Actor, identifier: str) -> str:
    """Its last moment has passed."""
    end(session, Authorisation.lock(session, identifier), "expire", actor)
    return identifier
