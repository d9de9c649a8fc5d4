"""Telling all owners of an organisation by mail what was done with its money or its authority.

By one of them, or by somebody in their name.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from models.accounts import Membership, Organisation, User


def notify_owners(session: Session, organisation: Organisation, kind: str, /, **data: str) -> None:
    """A letter to every owner whose address was shown.

    None is left out because there were many: who wants to hide something would send some.
    """
    owners = (
        select(User)
        .join(User.memberships)
        .where(
            Membership.organisation_id == organisation.id, Membership.role == "owner", User.email.is_not(None)
        )
    )
    for owner in session.scalars(owners.order_by(User.id)).unique():
        mail.post(session, kind, owner.address, owner, **data)


def notify_owners_of_change(session: Session, organisation: Organisation, what: str, path: str) -> None:
    """That something which redirects money or authority was changed.

    `what`, a marked text, and the page that shows it.
    """
    notify_owners(session, organisation, "authority", organisation=organisation.name, what=what, path=path)
