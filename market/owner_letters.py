"""Telling all owners of an organisation by mail what was done with its money or its authority.

By one of them, or by somebody in their name.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from market import mail
from models.accounts import Membership, Organisation, User
from models.authorisations import Authorisation
from models.events import Event

_TOLD = {f"authorisation.{act}" for act in ("accept", "return", "withdraw", "expire")}


def notify_owners(session: Session, organisation: Organisation, kind: str, /, **data: str) -> None:
    """A letter to every owner whose address was shown.

    None is left out because there were many: who wants to hide something would send some.
    """
    for owner in owners_of(session, {organisation.id})[organisation.id]:
        mail.post(session, kind, owner.address, owner, **data)


def owners_of(session: Session, organisations: set[int]) -> defaultdict[int, list[User]]:
    """The owners of each of these whose address was shown."""
    query = (
        select(Membership.organisation_id, User)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organisation_id.in_(organisations),
            Membership.role == "owner",
            User.email.is_not(None),
        )
    )
    found: defaultdict[int, list[User]] = defaultdict(list)
    for organisation, owner in session.execute(query.order_by(User.id)).unique():
        found[organisation].append(owner)
    return found


def notify_owners_of_change(session: Session, organisation: Organisation, what: str, path: str) -> None:
    """That something which redirects money or authority was changed.

    `what`, a marked text, and the page that shows it.
    """
    notify_owners(session, organisation, "authority", organisation=organisation.name, what=what, path=path)


def tell_of_authority(session: Session, happened: list[Event]) -> None:
    """Event handler: whose authority it is and the owners hear by mail what became of it, but who did it.

    Not by a notice: that is everybody's of the organisation, and a letter of authorisation is not.
    """
    told = [event for event in happened if event.kind in _TOLD]
    found = (
        select(Authorisation)
        .where(Authorisation.identifier.in_({event.case_identifier for event in told}))
        .options(selectinload(Authorisation.user))
    )
    cases = {case.identifier: case for case in session.scalars(found)}
    owners = owners_of(session, {case.organisation_id for case in cases.values()})
    for event in told:
        case = cases[event.case_identifier]
        people = {user.id: user for user in (case.user, *owners[case.organisation_id])}
        for user in people.values():
            if user.email and user.id != event.actor_user_id:
                mail.post(
                    session,
                    "authorisation_decided",
                    user.email,
                    user,
                    organisation=case.organisation.name,
                    authorisation=case.identifier,
                    name=case.user.name,
                    state=event.data["state"],
                    reason=event.data.get("reason", ""),
                )
