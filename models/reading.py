"""What whoever acts on a case had read of it, and what was done with it since.

A page of a case carries in its form what it had read; nobody binds itself to, or decides on, what it has not
seen: a statement that came meanwhile, another text to sign, another entry a listing rests on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.actors import Actor
from models.cases import Case
from models.errors import OutOfDate
from models.events import Event
from models.i18n import N_
from models.workflow_table import Workflow

READ = "what the page had read"  # in a session's notes
_DIGITS = 9  # that a number of an event has at most, as its column takes it


def reading(session: Session, case_class: type[Case], identifier: str) -> str:
    """What a page of a case has read: the case, and the number of the newest event of an act of its table.

    It is asked before anything of the case is read, so that nothing falls between.
    """
    newest = _done(select(func.max(Event.id)), case_class.workflow, identifier)
    return f"{identifier} {session.scalar(newest) or 0}"


def check_read(session: Session, case: Case, actor: Actor, as_read: str) -> None:
    """OutOfDate where somebody else did something with this case that the page of an act had not read.

    Where no page was, or one of another case, there is nothing to compare; nor in what the system does of
    itself after an act, for it reads no page.
    """
    identifier, _space, number = as_read.partition(" ")
    readable = number.isascii() and number.isdigit() and len(number) <= _DIGITS
    if actor.user_id is None or identifier != case.identifier or not readable:
        return
    since = _done(select(Event.kind), case.workflow, identifier).where(
        Event.id > int(number), Event.actor_user_id.is_distinct_from(actor.user_id)
    )
    if done := dict.fromkeys(session.scalars(since.order_by(Event.id))):
        acts = _acts(case.workflow)
        raise OutOfDate(
            N_("这一页打开之后又有变化:%(what)s。还没有办理,请看过现在的内容再办理。"),
            what=[acts[kind] for kind in done],
        )


def _done(query: Select[Any], workflow: Workflow, identifier: str) -> Select[Any]:
    return query.where(
        Event.case_type == workflow.name,
        Event.case_identifier == identifier,
        Event.kind.in_(_acts(workflow)),
    )


def _acts(workflow: Workflow) -> dict[str, str]:
    """The acts of a table, and an operator's outside of it, by their events, each with what it is called."""
    acts = {f"{workflow.name}.{act}": words for act, words in workflow.acts.items()}
    return {**acts, f"{workflow.name}.override": N_("改变状态")}
