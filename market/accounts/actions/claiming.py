"""Joining an organisation whose code is taken, or claiming it.

Its owner's yes; or evidence, the present members' answer, a person's decision.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from market import mail
from market.case_actions import case_action
from market.files import hand_in, with_file
from market.owner_letters import notify_owners, notify_owners_of_change
from market.signing import prepare_key
from market.transaction import action
from models import clock
from models.accounts import Delegation, Membership, Organisation
from models.actors import SYSTEM, Actor
from models.agencies.account_changes import under_way
from models.authorisations import stop
from models.claims import Claim
from models.i18n import N_
from models.workflow import perform, permit


def _about(claim: Claim) -> dict[str, str]:
    return {"organisation": claim.organisation.name, "claim": claim.identifier}


def notify_claimed(session: Session, claim: Claim) -> None:
    """The owners of an organisation hear by mail that somebody claims it."""
    notify_owners(session, claim.organisation, "claimed", **_about(claim))


@with_file
@action
def file(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    file_name: str = "",
    content: bytes = b"",
    statement: str = "",
) -> str:
    """The claim with what shows it."""
    claim = Claim.lock(session, identifier)
    if content:  # what the rule of the move asks for
        hand_in(session, actor, claim, file_name, content, scan=True)
    perform(session, claim, "file", actor, reason=statement)
    notify_claimed(session, claim)
    return identifier


@with_file
@action
def answer(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    statement: str,
    file_name: str = "",
    content: bytes = b"",
) -> str:
    """What the present members say."""
    claim = Claim.lock(session, identifier)
    permit(session, claim, "answer", actor)
    if content:
        hand_in(session, actor, claim, file_name, content, scan=True)
    perform(session, claim, "answer", actor, reason=statement)
    return identifier


@action
def ask(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Somebody who works there asks its owners, who are told by letter too: who it is, and as what."""
    claim = Claim.lock(session, identifier)
    perform(session, claim, "ask", actor, reason=reason)
    notify_owners(session, claim.organisation, "asks_to_join", name=claim.applicant.name, **_about(claim))
    return identifier


@action
def admit(session: Session, actor: Actor, identifier: str) -> str:
    """An owner lets whoever asked in, as a member of staff; all owners are told."""
    claim = Claim.lock(session, identifier)
    perform(session, claim, "admit", actor)
    member = Membership(user_id=claim.applicant_id, organisation_id=claim.organisation_id, role="staff")
    session.add(member)
    notify_owners_of_change(session, claim.organisation, N_("增加了一名成员"), "/my/organisation")
    return _tell(session, claim, "join_decided")


@action
def decline(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """An owner does not, and says why: whoever asked can still show that the organisation is theirs."""
    claim = Claim.lock(session, identifier)
    perform(session, claim, "decline", actor, reason=reason)
    return _tell(session, claim, "join_decided")


def _tell(session: Session, claim: Claim, kind: str) -> str:
    """The letter to whoever asked or claimed, of the decision."""
    mail.post(session, kind, claim.applicant.address, claim.applicant, **_about(claim))
    return claim.identifier


# The owners or the present members said nothing in time, or nobody handed in what shows the claim.
lapse = case_action(__name__, Claim, "lapse")


withdraw = case_action(__name__, Claim, "withdraw")


# Who let the time pass, or took it back, goes on: with evidence, in as many days as before.
resume = case_action(__name__, Claim, "resume")


@action
def refuse(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """It is not theirs, with the reason."""
    claim = Claim.lock(session, identifier)
    perform(session, claim, "refuse", actor, reason=reason)
    return _tell(session, claim, "claim_decided")


@action
def grant(session: Session, actor: Actor, identifier: str, *, reason: str, replaces: bool) -> str:
    """It is theirs: the claimant becomes an owner.

    Beside the present members or, if it `replaces` them, in their place; what they set going in the
    organisation's name ends with them. An enterprise that waited is let in: its evidence was looked at.
    """
    claim = Claim.lock(session, identifier)
    perform(session, claim, "grant", actor, reason=reason)
    claim.replaces = replaces
    organisation = Organisation.lock(session, claim.organisation.identifier)
    notify_owners(session, organisation, "claim_decided", **_about(claim))
    if replaces:
        _put_out(session, organisation)
    organisation.claimed = True
    session.add(Membership(user_id=claim.applicant_id, organisation_id=organisation.id, role="owner"))
    if (organisation.kind, organisation.state) == ("enterprise", "applied"):
        perform(session, organisation, "match", SYSTEM, data={"number": claim.identifier})
        prepare_key(session, organisation)
    return _tell(session, claim, "claim_decided")


def _put_out(session: Session, organisation: Organisation) -> None:
    """Those who were members are none any more.

    Whom they delegated may no more, and money goes on where it went.
    """
    for membership in session.scalars(
        select(Membership).where(Membership.organisation_id == organisation.id)
    ):
        stop(session, membership)
        session.delete(membership)
    session.flush()
    lent = update(Delegation).where(Delegation.buyer_id == organisation.id, Delegation.revoked_at.is_(None))
    session.execute(lent.values(revoked_at=clock.now()), execution_options={"synchronize_session": False})
    change = under_way(session, organisation.id)
    if change is not None:
        perform(session, change, "stop", SYSTEM, reason=N_("单位由认领人接管,原成员提出的更换停止。"))
