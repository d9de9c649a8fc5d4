"""Where an agency's money goes, and who speaks for it.

Changed by an owner who showed once more who he is, seen by all of them.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.agencies.actions.common import own
from market.owner_letters import notify_owners_of_change
from market.transaction import action
from models import authorisations, events
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.account_changes import AccountChange, ask_change, take_over
from models.agencies.entry import fill_step
from models.errors import NotAllowed, WrongState
from models.i18n import N_
from models.workflow import perform

GUARDED = (
    "bank",
    "representative",
)  # steps of an entry that redirect money or authority, once the agency is in


def _owned(session: Session, actor: Actor) -> Organisation:
    """The actor's agency, which is in; NotAllowed unless the actor is one of its owners."""
    agency = own(session, actor)
    if not actor.owner:
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))
    if agency.state not in ("verified", "suspended"):
        raise WrongState(N_("正在核验,暂不能修改;需要修改时请监管部门退回。"))
    return agency


@action
def change_account(session: Session, actor: Actor, **values: str) -> str:
    """An owner wants the agency's money on another account.

    It waits, every owner is told, and each of them can stop it.
    """
    agency = _owned(session, actor)
    change = ask_change(session, agency, actor, values)
    notify_owners_of_change(
        session,
        agency,
        N_("更换收款账户,等待期过后按新账户付款;您可以停止它"),
        f"/account-changes/{change.identifier}",
    )
    return change.identifier


@action
def stop(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """An owner stops it: money goes on where it went."""
    change = AccountChange.lock(session, identifier)
    if "agency" in change.roles_of(actor) and not actor.owner:
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))
    perform(session, change, "stop", actor, reason=reason, also_notify=[change.agency_id])
    notify_owners_of_change(
        session, change.agency, N_("停止了更换收款账户"), f"/account-changes/{identifier}"
    )
    return identifier


@action
def take_effect(session: Session, actor: Actor, identifier: str) -> str:
    """The days are over and nobody stopped it."""
    change = AccountChange.lock(session, identifier)
    perform(session, change, "take_effect", actor)
    take_over(session, change)
    return identifier


@action
def change_representative(session: Session, actor: Actor, *, legal_representative: str, phone: str) -> str:
    """An owner says who speaks for the agency now.

    It is public, compared with the register, and every owner is told.
    """
    agency = _owned(session, actor)
    changed = fill_step(
        session, agency, "representative", {"legal_representative": legal_representative, "phone": phone}
    )
    if "legal_representative" in changed:
        authorisations.end_of_basis(session, agency, "representative", reason=N_("法定代表人已经变更。"))
    if changed:
        events.record(
            session,
            actor,
            "organisation.change",
            "organisation",
            agency.identifier,
            audience="public",
            notify=[agency.id],
            data={"step": "representative", "changes": changed},
        )
        notify_owners_of_change(
            session, agency, N_("更改了法定代表人或联系电话"), f"/agencies/{agency.identifier}"
        )
    return agency.identifier
