"""Doing batches: the next piece of each, a transaction a piece, so that a kill in the middle loses one piece at the most."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import db
from market.transaction import action, transaction
from models import batches, clock
from models.accounts import User, actor_for
from models.actors import SYSTEM, Actor
from models.batches import Batch, BatchRow
from models.text import N_, NotAllowed, NotFound, Problem, RuleBroken, WrongState

log = logging.getLogger(__name__)
CHUNK = 200
TRIES = 30


@dataclass(frozen=True)
class Work:
    """How one kind of batch is done. `fetch` asks others about a chunk of rows, outside of any transaction; `check` looks
    at the chunk with what was fetched and notes the rows' problems; `load` carries all of it out. What is not `attended`
    is carried out as soon as it is checked; `pace` is how many rows a minute may be asked about, None for any."""

    check: Callable[[Session, Actor, Batch, list[BatchRow], Any], None]
    load: Callable[[Session, Actor, Batch], None]
    attended: bool = True
    fetch: Callable[[Batch, list[BatchRow]], Any] = lambda batch, rows: None
    pace: Callable[[Batch], int | None] = lambda batch: None


class Away(Problem):
    """Somebody who was asked does not answer now; the piece is tried again."""

    status = 503


WORKS: dict[str, Work] = {}  # by kind; the rooms put theirs in


def _who(session: Session, batch: Batch) -> Actor:
    """Who acts: whoever asked for it, with the powers that person has now."""
    if batch.person_id is None:
        return SYSTEM
    return actor_for(session.get_one(User, batch.person_id))


def run(most: int = 10_000) -> int:
    """Go on with every batch that is under way, oldest first. Returns how many pieces were done."""
    done = 0
    db.session.rollback()  # see what has been asked for since
    waiting = db.session.scalars(select(Batch.identifier).where(Batch.state.in_(batches.UNDER_WAY)).order_by(Batch.id)).all()
    db.session.rollback()
    for identifier in waiting:
        while done < most and step(identifier):
            done += 1
    return done


def step(identifier: str) -> bool:
    """One piece of a batch: a chunk of rows checked, or all of it carried out. Whether there is more to do now."""
    batch = batches.load(db.session, identifier)
    work = WORKS[batch.kind]
    pace = work.pace(batch)
    waits = pace is not None and batch.worked_at is not None and (clock.now() - batch.worked_at).total_seconds() < 60
    if batch.state not in batches.UNDER_WAY or (waits and batch.state == "checking"):
        return False
    try:
        rows = batches.next_rows(db.session, batch, pace or CHUNK) if batch.state == "checking" else []
        fetched = work.fetch(batch, rows) if rows else None
        at = batch.position
        db.session.rollback()
        with transaction() as session:
            return _piece(session, batches.load(session, identifier, lock=True), at, len(rows), fetched) and pace is None
    except Problem as problem:
        _stopped(identifier, problem)
    except Exception:  # one batch that breaks must not keep the others waiting
        log.exception("batch %s broke", identifier)
        _stopped(identifier, Problem(N_("系统出错了,我们已留下记录。您的数据没有改动。")))
    return False


def _stopped(identifier: str, problem: Problem) -> None:
    """A piece did not come about and what it had begun is undone; it is tried again where somebody only was away."""
    db.session.rollback()
    with transaction() as session:
        batch = batches.load(session, identifier, lock=True)
        batch.tries, batch.worked_at, batch.problem = batch.tries + 1, clock.now(), batches.told(problem)
        if not isinstance(problem, Away) or batch.tries >= TRIES:
            batch.fail(problem)


def _piece(session: Session, batch: Batch, at: int, count: int, fetched: Any) -> bool:
    work, actor = WORKS[batch.kind], _who(session, batch)
    if batch.state == "loading":
        work.load(session, actor, batch)
        batch.state, batch.finished_at = "done", clock.now()
        return False
    if batch.state != "checking" or batch.position != at:  # somebody else was here
        return batch.state == "checking"
    rows = batches.next_rows(session, batch, count) if count else []
    if rows:
        work.check(session, actor, batch, rows, fetched)
        batch.position = rows[-1].number
        batch.faulty += sum(bool(row.problems) for row in rows)
    batch.worked_at, batch.tries, batch.problem = clock.now(), 0, None
    if batch.position == batch.total:
        batch.state = "checked" if work.attended else "loading"
    return batch.state in batches.UNDER_WAY


def _own(session: Session, actor: Actor, identifier: str) -> Batch:
    batch = batches.load(session, identifier, lock=True)
    if not may_see(actor, batch):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return batch


def may_see(actor: Actor, batch: Batch) -> bool:
    """Whoever belongs to the organisation that asked for it, and administrators; a register's comparison is every
    regulator's."""
    if "admin" in actor.roles or (batch.kind == "register" and "regulator" in actor.roles):
        return True
    return batch.organisation_id is not None and batch.organisation_id == actor.organisation_id


@action
def load_batch(session: Session, actor: Actor, identifier: str) -> str:
    """Carry out a batch whose every row is in order. WrongState before it is checked, RuleBroken where a row is not."""
    batch = _own(session, actor, identifier)
    if batch.state != "checked":
        raise WrongState(N_("这一批不在可以入库的状态。"))
    if batch.faulty:
        raise RuleBroken(N_("还有 %(count)s 行有问题,请改好后重新上传;只有全部正确才会入库。"), count=batch.faulty)
    if batch.person_id != actor.user_id and "admin" not in actor.roles:
        raise NotAllowed(N_("只有上传的人可以入库。"))
    batch.state = "loading"
    return identifier


@action
def drop_batch(session: Session, actor: Actor, identifier: str) -> str:
    """Give a batch up. What was checked stays as a report."""
    batch = _own(session, actor, identifier)
    if batch.state not in ("checking", "checked"):
        raise WrongState(N_("这一批已经结束。"))
    batch.state, batch.finished_at = "dropped", clock.now()
    return identifier
