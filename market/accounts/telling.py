"""Telling all owners of an organisation by mail what one of them, or somebody in their name, did with its money or its authority."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.mailing import LETTERS, Letter, post
from models.accounts import Membership, Organisation, User
from models.text import N_

LETTERS["authority"] = Letter(
    N_("贵单位有重要变更"),
    N_("%(who)s,您好:\n\n“%(organisation)s”刚刚有一项变更:%(what)s。如果不是贵单位的意思,请立即登录处理并修改密码。\n\n%(link)s"),
    lambda mail: str(mail.data["path"]),
)


def tell_owners(session: Session, organisation: Organisation, kind: str, /, **data: str) -> None:
    """A letter to every owner whose address was shown. None is left out because there were many: who wants to hide something would send some."""
    owners = select(User).join(User.memberships).where(Membership.organisation_id == organisation.id, Membership.role == "owner", User.email.is_not(None))
    for owner in session.scalars(owners.order_by(User.id)).unique():
        post(session, owner, kind, owner.address, always=True, **data)


def tell_of_change(session: Session, organisation: Organisation, what: str, path: str) -> None:
    """That something which redirects money or authority was changed: `what`, a marked text, and the page that shows it."""
    tell_owners(session, organisation, "authority", organisation=organisation.name, what=what, path=path)
