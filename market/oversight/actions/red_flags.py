"""What somebody who oversees does with a red flag: look at it, and say what came of that."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.transaction import action
from models import clock, events
from models.actors import Actor
from models.errors import RuleViolation
from models.i18n import N_
from models.oversight import red_flags
from models.oversight.red_flags import STATES, RedFlag


@action
def look_at(session: Session, actor: Actor, identifier: str, *, state: str, note: str) -> str:
    """A flag has an innocent explanation, or is taken up; with the reason, on record. Returns its number.

    NotFound for one the actor does not oversee. Whoever looks again says so anew: the events keep both.
    """
    flag = red_flags.load(session, actor, identifier, lock=True)
    if state not in STATES or state == "open":
        raise RuleViolation(N_("请选择一项。"), "state")
    flag.state, flag.note = state, note.strip()
    flag.looked_at, flag.looked_by = clock.now(), actor.organisation_name or actor.name
    events.record(
        session,
        actor,
        f"red_flag.{state}",
        RedFlag.name,
        flag.identifier,
        audience="internal",
        data={"kind": flag.kind, "key": flag.key, "reason": flag.note},
    )
    return flag.identifier
