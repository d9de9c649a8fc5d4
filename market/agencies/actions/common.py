"""What the acts of an agency share."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts import Organisation
from models.actors import Actor
from models.errors import NotAllowed
from models.i18n import N_


def own(session: Session, actor: Actor) -> Organisation:
    """The agency this actor works for, locked. NotAllowed for anybody else, and for one that was refused."""
    if "agency" not in actor.roles or actor.organisation_id is None:
        raise NotAllowed(N_("只有中介机构可以这样做。"))
    agency = session.scalars(
        select(Organisation)
        .where(Organisation.id == actor.organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if agency.state == "removed":
        raise NotAllowed(
            N_("贵机构目前的状态是“%(state)s”,只有已入驻的机构可以承接业务。"), state=agency.state_label
        )
    return agency
