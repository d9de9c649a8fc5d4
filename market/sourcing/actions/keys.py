"""Between us and the keeper of a tender's key.

It is asked outside of any transaction: a key is made before the tender names it, a later deadline is told
after it is committed, and once a tender is closed the keeper's half is fetched and kept for whoever opens.
What was not told or fetched the jobs take up, in a lane of its own: nothing that falls due waits for a keeper
elsewhere.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.chunks import each
from market.keeper import AWAY, KeeperUnavailable, keeper
from market.transaction import Beforehand, action, looking, sealing_key
from models import sealing
from models.actors import SYSTEM, Actor
from models.errors import Problem
from models.failures import Attempt
from models.sourcing.tenders import Tender
from models.workflow import may

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """A key the keeper made: how it is named, its public half, until when it stays there."""

    handle: str
    public: bytes
    until: datetime


def make(actor: Actor, identifier: str) -> Made | None:
    """A key for a tender this actor may publish now.

    None where it takes no sealed bids, or the act will be refused and will say why. Until the tender names
    it, it is nobody's and seals nothing.
    """
    with looking() as session:
        tender = Tender.load(session, identifier)
        wanted, deadline = tender.way.sealed and may(session, tender, "publish", actor), tender.deadline
    if not wanted:
        return None
    handle = f"{identifier}-{secrets.token_hex(8)}"
    return Made(handle, keeper().make(handle, deadline), deadline)


def forget(made: Made | None) -> None:
    """The tender was not published after all: the key made for it is of no use.

    A keeper that is away by now just keeps it.
    """
    if made is not None:
        with suppress(Problem):
            keeper().destroy(made.handle)


@action
def note_kept(session: Session, actor: Actor, identifier: str, *, until: datetime) -> str:
    """The keeper knows that the key has to stay until then."""
    tender = Tender.lock(session, identifier)
    tender.keeper_until = max(tender.keeper_until or until, until)
    return identifier


def settle(identifier: str) -> bool:
    """Tell the keeper a deadline that moved, if it does not know.

    Whether it was told; if it was not, the jobs tell it.

    Told later than the deadline moved, the key might leave at its old time: so no bid counts after that time
    until it is told (`Tender.seals`), and once it has left the keeper refuses.
    """
    try:
        return _tell(identifier)
    except Problem as problem:
        log.warning("the keeper was not told the new deadline of %s: %s", identifier, problem)
        return False


def settle_at_hand(identifier: str) -> None:
    """The same by the clock, which waits for nobody: only a keeper at hand is told now."""
    if keeper().at_hand:
        settle(identifier)


def _tell(identifier: str) -> bool:
    """Tell the keeper a deadline; that it knows is noted after.

    False where it knows, a Problem where it does not answer or agree.
    """
    with looking() as session:
        tender = session.scalars(
            select(Tender).where(Tender.identifier == identifier, Tender.untold())
        ).one_or_none()
    if tender is None:
        return False
    keeper().postpone(tender.keeper_handle or "", tender.deadline)
    note_kept(SYSTEM, identifier, until=tender.deadline)
    return True


def settle_keys() -> int:
    """Tell the keeper every deadline it does not know of. Returns how many it was told."""
    with looking() as session:
        waiting = session.scalars(
            select(Tender.identifier).where(Tender.untold()).order_by(Tender.deadline)
        ).all()
    return each(
        "deadlines told",
        {Attempt("deadlines told", "postpone", "tender", name): partial(_tell, name) for name in waiting},
    )


def fetch_keys() -> int:
    """Have a keeper elsewhere give out its half of every key that is to be opened now, the longest due first.

    Returns how many are here that were not.
    """
    if keeper().at_hand:
        return 0
    with looking() as session:
        waiting = session.scalars(
            select(Tender.identifier).where(Tender.locked()).order_by(Tender.due_at)
        ).all()
    return each(
        "keys fetched",
        {Attempt("keys fetched", "release", "tender", name): partial(_fetch, name) for name in waiting},
    )


def _fetch(identifier: str) -> bool:
    """Fetch the half of one key, in its time only, and keep it.

    Whether it is here now; KeeperUnavailable for what is no answer, or another key's.
    """
    with looking() as session:
        tender = Tender.load(session, identifier)
        due = tender.keeper_half is None and may(session, tender, "open", SYSTEM)
    if not due:
        return False
    half = keeper().release(tender.keeper_handle or "")
    if not sealing.belong_together(tender.keeper_key or b"", half):
        raise KeeperUnavailable(AWAY)
    note_half(SYSTEM, identifier, half=Beforehand(half))
    return True


@action
def note_half(session: Session, actor: Actor, identifier: str, *, half: Beforehand[bytes]) -> str:
    """The keeper gave out its half: it is here, under our own key, until the bids are opened."""
    tender = Tender.lock(session, identifier)
    if tender.state == "closed":
        tender.keeper_half = sealing.wrap(sealing_key(), half.got)
    return identifier


def half_of(actor: Actor, identifier: str) -> bytes | None:
    """The keeper's half of a key, for a tender that may be opened now.

    None where it may not, and the act says why. KeeperUnavailable while it is with a keeper elsewhere, who is
    asked by `fetch_keys` alone.
    """
    with looking() as session:
        tender = Tender.load(session, identifier)
        due = may(session, tender, "open", actor)
    if not due:
        return None
    if tender.keeper_half is not None:
        return sealing.unwrap(sealing_key(), tender.keeper_half)
    if not keeper().at_hand:
        raise KeeperUnavailable(AWAY)
    return keeper().release(tender.keeper_handle or "")
