"""The cases in which it is somebody's turn."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, or_, select

from market.extensions import db
from models import CASES
from models.actors import IN_STANDING, Actor
from models.cases import Case


def waiting(actor: Actor) -> list[Case]:
    """What waits for this actor, most urgent first: per case type the states in which it is its turn."""
    found: list[Case] = []
    for case_class in CASES.values():
        workflow = case_class.workflow
        for role in [*case_class.parties, *case_class.persons, *sorted(case_class.office_roles), "regulator"]:
            states = workflow.states_waiting_for(role)
            theirs: ColumnElement[bool] = case_class.state.in_(states)
            if role == "regulator" and "refer" in workflow.acts:
                theirs = or_(theirs, case_class.referred_to.is_not(None))
            elif not states:
                continue
            if role not in {"regulator", *case_class.office_roles} or role in actor.roles:
                query = select(case_class).where(theirs, case_class.scope(role, actor))
                turns = db.session.scalars(query.order_by(case_class.due_at).limit(200)).unique()
                found += case_class.unhindered(db.session, actor, list(turns))
    if any(each.state != IN_STANDING for each in actor.standings):  # it is nobody's turn who would be refused
        once_confirmed = replace(actor, confirmed=True)
        found = [case for case in found if case.workflow.open_to(case, once_confirmed)]
    return sorted(found, key=lambda case: (case.due_at is None, case.due_at))
