"""Doing batches: the next piece of each, a transaction a piece.

A piece holds the write lock for a moment only, so that a kill in the middle loses one piece at the most.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import permissions
from market.chunks import ChunkSize, chunk_size, is_away
from market.extensions import db
from market.transaction import action, transaction
from models import batches, clock, events, permission
from models.accounts import User
from models.acting import actor_for
from models.actors import SYSTEM, Actor
from models.base import Json
from models.batches import Batch, BatchRow
from models.errors import NotAllowed, NotFound, Problem, RuleViolation, Unavailable, WrongState
from models.i18n import N_

log = logging.getLogger(__name__)
CHUNK = 200
TRIES = 30
BROKE = N_("系统出错了,我们已留下记录。您的数据没有改动。")


@dataclass(frozen=True)
class Work:
    """How one kind of batch is done.

    `listed` finds its rows, a piece after a key, where they do not come with it. `fetch` asks others about
    some rows, outside of any transaction; `check` looks at them with what was fetched and notes the rows'
    problems; `load` carries some rows out. What is not `attended` is carried out as soon as it is checked;
    `pace` is how many rows a minute may be asked about, None for any; what is `outside` asks others.
    """

    check: Callable[[Session, Actor, Batch, list[BatchRow], Any], None]
    load: Callable[[Session, Actor, Batch, list[BatchRow]], None]
    attended: bool = True
    fetch: Callable[[Batch, list[BatchRow]], Any] = lambda batch, rows: None
    pace: Callable[[Batch], int | None] = lambda batch: None
    listed: Callable[[Batch, int, int], list[tuple[int, str, Json]]] = lambda batch, after, most: []
    outside: bool = False


@dataclass(frozen=True)
class Looked:
    """A piece of a sweep, looked at outside of any transaction.

    The key it ends with, how many it was, how many of them failed.
    """

    last: int
    count: int
    faulty: int
    found: Any


@dataclass(frozen=True)
class Sweep:
    """A kind of batch without rows, which goes through all there is of something.

    `look` at the next after a key, at most so many, None at the end; `keep` what was found, and say how many
    it changed.
    """

    look: Callable[[int, int], Looked | None]
    keep: Callable[[Session, Any], int]
    outside: bool = False


WORKS: dict[str, Work | Sweep] = {}  # by kind; the rooms put theirs in


def _who(session: Session, batch: Batch) -> Actor:
    """Who acts: whoever asked for it, with the powers that person has now."""
    if batch.person_id is None:
        return SYSTEM
    actor = actor_for(session.get_one(User, batch.person_id))
    permission.check_account(actor)
    return actor


def run(most: int = 10_000, outside: bool | None = None) -> int:
    """Go on with every batch that is under way, oldest first: all, or those alone that ask others, or do not.

    Returns how many pieces were done.
    """
    done = 0
    db.session.rollback()  # see what has been asked for since
    query = (
        select(Batch.identifier, Batch.kind)
        .where(Batch.state.in_(batches.UNDER_WAY), Batch.kind.in_(WORKS))
        .order_by(Batch.id)
    )
    waiting = [name for name, kind in db.session.execute(query) if outside in (None, WORKS[kind].outside)]
    db.session.rollback()
    for identifier in waiting:
        while done < most and step(identifier):
            done += 1
    return done


def step(identifier: str) -> bool:
    """One piece of a batch. Whether there is more to do now."""
    db.session.rollback()
    batch = batches.load(db.session, identifier)
    work = WORKS[batch.kind]
    try:
        if batch.state not in batches.UNDER_WAY:
            return False
        if isinstance(work, Sweep):
            return _sweep(work, batch)
        return {"listing": _list, "checking": _check, "loading": _load}[batch.state](work, batch)
    except Problem as problem:
        _stopped(identifier, problem)
    except Exception as error:  # one batch that breaks must not keep the others waiting
        log.exception("batch %s broke", identifier)
        if not is_away(error):
            _stopped(identifier, Problem(BROKE))
    return False


def _stopped(identifier: str, problem: Problem) -> None:
    """A piece did not come about and what it had begun is undone.

    It is tried again where somebody only was away.
    """
    db.session.rollback()
    with transaction() as session:
        batch = batches.load(session, identifier, lock=True)
        batch.tries, batch.worked_at, batch.problem = (
            batch.tries + 1,
            clock.now(),
            batches.serialize_problem(problem),
        )
        if not isinstance(problem, Unavailable) or batch.tries >= TRIES:
            batch.fail(problem)


def _pace(batch: Batch) -> ChunkSize:
    pace = chunk_size((batch.kind, batch.state))
    pace.most = CHUNK
    pace.size = min(pace.size, CHUNK)
    return pace


def _place(batch: Batch) -> tuple[Any, ...]:
    """How far it is; another one where somebody else was at it meanwhile."""
    return batch.state, batch.position, batch.loaded, batch.after, batch.total


def _sweep(work: Sweep, seen: Batch) -> bool:
    place, identifier, pace = _place(seen), seen.identifier, _pace(seen)
    looked = work.look(seen.after, pace.size)
    db.session.rollback()
    try:
        return _keep(work, identifier, place, looked, pace)
    except Exception as error:
        if is_away(error) or looked is None:
            raise
        log.exception("batch %s: some of %s after %s break", identifier, looked.count, place)
        pace.size = 1  # they are looked at again, one by one
        if looked.count > 1:
            return True
        return _keep(work, identifier, place, Looked(looked.last, 1, 1, None), pace)


def _keep(
    work: Sweep, identifier: str, place: tuple[Any, ...], looked: Looked | None, pace: ChunkSize
) -> bool:
    with pace.piece() as session:
        batch = batches.load(session, identifier, lock=True)
        if _place(batch) != place:  # somebody else was here
            return batch.state in batches.UNDER_WAY
        if looked is None:
            batch.state, batch.finished_at = "done", clock.now()
            return False
        if looked.found is not None:
            batch.changed += work.keep(session, looked.found)
        batch.after, batch.loaded, batch.faulty = (
            looked.last,
            batch.loaded + looked.count,
            batch.faulty + looked.faulty,
        )
        batch.total, batch.worked_at = max(batch.total, batch.loaded), clock.now()
        batch.position = batch.loaded
    return True


def _list(work: Work, seen: Batch) -> bool:
    place, identifier, pace = _place(seen), seen.identifier, _pace(seen)
    found = work.listed(seen, seen.after, pace.size)
    db.session.rollback()
    with pace.piece() as session:
        batch = batches.load(session, identifier, lock=True)
        if _place(batch) == place and found:
            batches.add_rows(session, batch, [(subject, content) for _key, subject, content in found])
            batch.after = found[-1][0]
        elif _place(batch) == place:
            _checked(work, batch)
    return True


def _checked(work: Work, batch: Batch) -> None:
    """What comes when every row so far is checked."""
    batch.state = "checking"
    if batch.position == batch.total:
        batch.state = "checked" if work.attended else "loading"


def _check(work: Work, seen: Batch) -> bool:
    """The next rows: as many as one may ask about in a minute, or as one piece bears."""
    allowed = work.pace(seen)
    if (
        allowed is not None
        and seen.worked_at is not None
        and 0 <= (clock.now() - seen.worked_at).total_seconds() < 60
    ):
        return False
    identifier, pace, at = seen.identifier, _pace(seen), seen.position
    rows = batches.next_rows(db.session, seen, allowed or pace.size)
    count = len(rows)
    fetched = work.fetch(seen, rows) if rows else None
    db.session.rollback()
    more = True
    while more:
        more, at, count = _check_piece(work, identifier, at, count, fetched, pace)
    db.session.rollback()
    return allowed is None and batches.load(db.session, identifier).state in batches.UNDER_WAY


def _check_piece(
    work: Work, identifier: str, at: int, count: int, fetched: Any, pace: ChunkSize
) -> tuple[bool, int, int]:
    """Check a piece of the rows something was fetched about.

    Whether some are left, where they begin, and how many they are.
    """
    size = min(count, pace.size)
    with pace.piece() as session:
        batch = batches.load(session, identifier, lock=True)
        if batch.state != "checking" or batch.position != at:  # somebody else was here
            return False, at, 0
        rows = batches.next_rows(session, batch, size) if size else []
        if rows:
            work.check(session, _who(session, batch), batch, rows, fetched)
            batch.position = rows[-1].number
            batch.faulty += sum(bool(row.problems) for row in rows)
        batch.worked_at, batch.tries, batch.problem = clock.now(), 0, None
        _checked(work, batch)
        return count > size, batch.position, count - size


def _load(work: Work, seen: Batch) -> bool:
    """Carry out the next rows.

    Where that breaks, each alone, and one that breaks alone is left out and says so.
    """
    identifier, pace, at = seen.identifier, _pace(seen), seen.loaded
    size = pace.size
    try:
        return _load_piece(work, identifier, at, size, pace)
    except Problem:
        raise
    except Exception as error:
        if is_away(error):
            raise
        log.exception("batch %s: some of %s rows after %s break; one by one", identifier, size, at)
    for number in range(at, min(at + size, seen.total)):
        try:
            more = _load_piece(work, identifier, number, 1, pace)
        except Problem:
            raise
        except Exception as error:
            if is_away(error):
                raise
            log.exception("row %s of batch %s is left out", number + 1, identifier)
            more = _leave_out(identifier, number)
    return more


def _load_piece(work: Work, identifier: str, at: int, size: int, pace: ChunkSize) -> bool:
    with pace.piece() as session:
        batch = batches.load(session, identifier, lock=True)
        if batch.state != "loading" or batch.loaded != at:  # somebody else was here
            return batch.state == "loading"
        rows = batches.next_rows(session, batch, size)
        faulty = sum(bool(row.problems) for row in rows)
        work.load(session, _who(session, batch), batch, rows)
        batch.faulty += sum(bool(row.problems) for row in rows) - faulty
        return _loaded(batch, rows)


def _leave_out(identifier: str, at: int) -> bool:
    with transaction() as session:
        batch = batches.load(session, identifier, lock=True)
        rows = batches.next_rows(session, batch, 1)
        if batch.state != "loading" or batch.loaded != at or not rows:
            return batch.state == "loading"
        rows[0].problems = [batches.serialize_problem(Problem(BROKE))]
        batch.faulty += 1
        return _loaded(batch, rows)


def _loaded(batch: Batch, rows: list[BatchRow]) -> bool:
    """These rows are done with. Whether there are more."""
    batch.loaded = rows[-1].number if rows else batch.total
    batch.worked_at, batch.tries, batch.problem = clock.now(), 0, None
    if batch.loaded < batch.total:
        return True
    batch.state, batch.finished_at = "done", clock.now()
    return False


def _own(session: Session, actor: Actor, identifier: str) -> Batch:
    batch = batches.load(session, identifier, lock=True)
    if not may_see(actor, batch):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return batch


def may_see(actor: Actor, batch: Batch) -> bool:
    """Whoever belongs to the organisation that asked for it, and administrators.

    A register's comparison is of the whole market.
    """
    if "admin" in actor.roles or (
        batch.kind == "register" and permissions.may_act("agencies.registry._compare", actor)
    ):
        return True
    return batch.organisation_id is not None and batch.organisation_id == actor.organisation_id


@action
def load_batch(session: Session, actor: Actor, identifier: str) -> str:
    """Have a batch carried out whose every row is in order.

    WrongState before it is checked, RuleViolation where a row is not.
    """
    batch = _own(session, actor, identifier)
    if batch.state != "checked":
        raise WrongState(N_("这一批不在可以入库的状态。"))
    if batch.faulty:
        raise RuleViolation(
            N_("还有 %(count)s 行有问题,请改好后重新上传;只有全部正确才会入库。"), count=batch.faulty
        )
    if batch.person_id != actor.user_id and "admin" not in actor.roles:
        raise NotAllowed(N_("只有上传的人可以入库。"))
    batch.state = "loading"
    events.record(session, actor, "batch.load", "batch", identifier, audience="internal")
    return identifier


@action
def drop_batch(session: Session, actor: Actor, identifier: str) -> str:
    """Give a batch up. What was checked stays as a report."""
    batch = _own(session, actor, identifier)
    if batch.state not in ("checking", "checked"):
        raise WrongState(N_("这一批已经结束。"))
    batch.state, batch.finished_at = "dropped", clock.now()
    events.record(session, actor, "batch.drop", "batch", identifier, audience="internal")
    return identifier
