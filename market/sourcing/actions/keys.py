"""Between us and the keeper of a request's key. It is asked outside of any transaction: a key is made before the request names it,
a later deadline is told after it is committed, and the jobs take up whatever was not told."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.keeper import keeper
from market.transaction import action, looking
from models.actors import SYSTEM, Actor
from models.sourcing import Request
from models.text import Problem
from models.workflow import may

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """A key the keeper made: how it is named, its public half, until when it stays there."""

    handle: str
    public: bytes
    until: datetime


def make(actor: Actor, identifier: str) -> Made | None:
    """A key for a request this actor may publish now; None where it takes no sealed bids, or the act will be refused and
    will say why. Until the request names it, it is nobody's and seals nothing."""
    with looking() as session:
        request = Request.load(session, identifier)
        wanted, deadline = request.way.sealed and may(session, request, "publish", actor), request.deadline
    if not wanted:
        return None
    handle = f"{identifier}-{secrets.token_hex(8)}"
    return Made(handle, keeper().make(handle, deadline), deadline)


def forget(made: Made | None) -> None:
    """The request was not published after all: the key made for it is of no use. A keeper that is away by now just keeps it."""
    if made is not None:
        with suppress(Problem):
            keeper().destroy(made.handle)


@action
def note_kept(session: Session, actor: Actor, identifier: str, *, until: datetime) -> str:
    """The keeper knows that the key has to stay until then."""
    request = Request.load(session, identifier, lock=True)
    request.keeper_until = max(request.keeper_until or until, until)
    return identifier


def settle(identifier: str) -> bool:
    """Tell the keeper a deadline that moved, if it does not know; that it knows is noted after. Whether it was told.

    Told later than the deadline moved, the key might leave at its old time: so no bid counts after that time until it is told
    (`Request.seals`), and once it has left the keeper refuses.
    """
    with looking() as session:
        request = session.scalars(select(Request).where(Request.identifier == identifier, Request.untold())).one_or_none()
    if request is None:
        return False
    try:
        keeper().postpone(request.keeper_handle or "", request.deadline)
    except Problem as problem:
        log.warning("the keeper was not told the new deadline of %s: %s", identifier, problem)
        return False
    note_kept(SYSTEM, identifier, until=request.deadline)
    return True


def settle_keys() -> int:
    """Tell the keeper every deadline it does not know of. Returns how many it was told."""
    with looking() as session:
        waiting = session.scalars(select(Request.identifier).where(Request.untold()).order_by(Request.deadline)).all()
    return sum(settle(identifier) for identifier in waiting)


def released(actor: Actor, identifier: str) -> bytes | None:
    """The keeper's half of a key, for a request that may be opened now; None where it may not, and the act says why. KeeperAway."""
    with looking() as session:
        request = Request.load(session, identifier)
        due, handle = may(session, request, "open", actor), request.keeper_handle or ""
    return keeper().release(handle) if due else None
