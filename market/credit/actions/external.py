"""Bringing in what sites elsewhere say of who is on a list, from a file or an answer.

Read and compared outside of any transaction, put down in short ones, and taken by one more: until then none
of it counts, and a fetch that was broken off halfway says nothing. Then the listings of the organisations it
touches follow, some to a transaction, and with them their scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from market import permissions, spreadsheets
from market.credit.actions import broken
from market.credit.actions.following import follow_fetch, in_pieces
from market.extensions import db
from market.transaction import Beforehand, action, looking, outside, transaction
from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.credit import external_rows, policy
from models.credit.external import ExternalEntry, ExternalFetch, current
from models.credit.external_policy import Source
from models.credit.external_rows import COLUMNS, HEADINGS, IGNORED, NEEDED, Row
from models.errors import Conflict, Problem, RuleViolation, serialize_problem
from models.i18n import N_
from models.submissions import Sent

T = TypeVar("T")
PIECE = 500  # rows in one transaction, and codes in one question
AT_ONCE = 100_000  # rows of a file given to the command, or of an answer; of one given to a page 20,000

_MEANWHILE = N_("其间已经导入了这个来源的另一份,这一份没有导入。请再试一次。")

Cells = list[dict[str, str]]


def source_of(name: str) -> Source:
    """A source of the policy by its key or its name. RuleViolation at `source` for none."""
    sources = policy.current().sources
    for key, each in sources.items():
        if name in (key, each.zh, each.en):
            return each
    known = "、".join(f"{key}({each.zh})" for key, each in sources.items())
    raise RuleViolation(N_("没有来源“%(said)s”。可选:%(known)s"), "source", said=name[:40], known=known)


def cells_of(content: bytes, most: int = spreadsheets.MOST_ROWS) -> Cells:
    """The rows of a table. RuleViolation at `file` where it is none, or a column is missing or not known."""
    outside("a table is read")
    return spreadsheets.read(content, {**HEADINGS, **IGNORED}, NEEDED, most, others=False)


def bring_in(
    actor: Actor,
    *,
    source: str,
    file_name: str,
    content: bytes,
    whole: Sequence[str] = (),
    sure: bool = False,
    way: str = "page",
    submission: str | Sent = "",
) -> str:
    """A regulator, or whoever runs the market, brings in what a source says, as a table.

    `whole` names the lists of which it is all there is: what it does not have any more is taken off. `sure`:
    also where much less than before is left. Returns the fetch's key. RuleViolation at `source` or `file`,
    with every cell that cannot be taken; then nothing is, and the try is among the fetches.
    """
    permissions.check_act("credit.external._begin", actor)
    db.session.rollback()
    of = source_of(source)
    try:
        cells = cells_of(content, spreadsheets.MOST_ROWS if way == "page" else AT_ONCE)
        return take(
            actor, of, cells, content, place=file_name, whole=whole, sure=sure, way=way, submission=submission
        )
    except RuleViolation as problem:
        failed(actor, of.key, file_name, way, problem)
        raise


def take(
    actor: Actor,
    source: Source,
    cells: Cells,
    content: bytes,
    *,
    place: str,
    whole: Sequence[str],
    sure: bool,
    way: str,
    vouched: bool = False,
    submission: str | Sent = "",
) -> str:
    """Take the rows of an answer or a table that was read, all or none. Returns the fetch's key.

    `vouched`: a national site told us itself, so that nobody need confirm it.
    """
    outside("rows are compared")
    rules = policy.current()
    if not set(whole) <= set(source.lists):
        raise RuleViolation(N_("这个网站不公布这个名录"), "whole")
    rows = external_rows.read(rules, source.key, cells)
    if not rows and not whole:
        raise RuleViolation(N_("文件里没有一行数据。"), "file")
    change = _compare(source.key, rows, whole)
    if not sure:
        _check_not_doubtful(change)
    ours: list[bool] = []
    with broken.holding(source.key) as held:
        broken.give_up_broken_of(source.key, held=held)
        broken.check_held(source.key, held=held)
        fetch = _begin(
            actor,
            source=source.key,
            way=way,
            place=place[-200:],
            digest=hashlib.sha256(content).hexdigest(),
            whole=list(whole),
            entries=len(rows),
            base=change.base,
            vouched=vouched,
            ignored=external_rows.ignored(cells),
            ours=Beforehand(ours),
            submission=submission,
        )
        if not ours:  # the same form came twice, and the first one sees to it
            return fetch
        try:
            _put_down(int(fetch), source.key, change, by_hand=actor.user_id is not None)
            _finish(actor, fetch, base=change.base, matched=_here([row.uscc for row in rows]))
        except BaseException:
            broken.give_up(ExternalFetch.id == int(fetch))
            raise
    follow_fetch(int(fetch))
    return fetch


@dataclass(frozen=True)
class Change:
    """What a fetch says otherwise than the last of its source (`base`, its key).

    Entries that are new or changed, the keys of those they replace, of those that are gone, and of those that
    stay; `before` and `after` how many each whole list has, to be told if that is likely, and `gone` whom it
    would take off each, by their codes.
    """

    base: int
    new: list[Row]
    over: list[int]
    stay: list[int]
    before: dict[str, int]
    after: dict[str, int]
    gone: dict[str, list[str]]


def _last_taken(session: Session, source: str) -> int:
    newest = select(ExternalFetch.id).where(
        ExternalFetch.source == source, ExternalFetch.taken_at.is_not(None)
    )
    return (
        session.scalar(newest.order_by(ExternalFetch.taken_at.desc(), ExternalFetch.id.desc()).limit(1)) or 0
    )


def _compare(source: str, rows: Sequence[Row], whole: Collection[str]) -> Change:
    names = [getattr(ExternalEntry, name) for name in COLUMNS]
    with looking() as session:
        base = _last_taken(session, source)
        query = select(ExternalEntry.id, *names).where(ExternalEntry.source == source, current())
        kept = {(each.list, each.uscc, each.number): each for each in session.execute(query)}
    new, over, stay, met = [], [], [], set()
    for row in rows:
        met.add(row.key)
        was = kept.get(row.key)
        if was is None:
            new.append(row)
        elif all(getattr(was, name) == getattr(row, name) for name in COLUMNS):
            stay.append(was.id)
        else:
            new.append(row)
            over.append(was.id)
    gone = [each for key, each in kept.items() if key not in met and each.list in whole]
    before = {name: sum(each.list == name for each in kept.values()) for name in whole}
    after = {name: sum(row.list == name for row in rows) for name in whole}
    codes = {name: [each.uscc for each in gone if each.list == name] for name in whole}
    return Change(base, new, [*over, *(each.id for each in gone)], stay, before, after, codes)


def _check_not_doubtful(change: Change) -> None:
    """RuleViolation at `file` for a whole list that lost more than is likely: a site that was cut short.

    That is less than a share of what there was, of more than a few, or all of it: then it says how many would
    be taken off, and how many of them are of this market.
    """
    rules = policy.current()
    for name, before in change.before.items():
        after = change.after[name]
        least = float(rules.rate("external.least_share")) * before
        doubted = before >= rules.number("external.doubt_from") and after < least
        if doubted or (before and not after):
            raise RuleViolation(
                N_(
                    "%(list)s原有 %(before)s 条,这次只有 %(after)s 条,多半不完整,没有导入。"
                    "导入会移出 %(gone)s 条,其中本市场单位的 %(here)s 条。"
                    "确实只剩这些的,请勾选“确实只剩这些”。"
                ),
                "file",
                list=rules.lists[name].names,
                before=before,
                after=after,
                gone=len(change.gone[name]),
                here=_here(change.gone[name]),
            )


@action
def _begin(
    session: Session,
    actor: Actor,
    *,
    source: str,
    way: str,
    place: str,
    digest: str,
    whole: list[str],
    entries: int,
    base: int,
    vouched: bool,
    ignored: list[str],
    ours: Beforehand[list[bool]],
) -> str:
    """Note that a fetch begins; Conflict while another of this source is under way."""
    under_way = session.scalars(select(ExternalFetch).where(ExternalFetch.busy == source)).first()
    if under_way is not None:
        raise broken.busy(under_way)
    if _last_taken(session, source) != base:
        raise Conflict(_MEANWHILE)
    fetch = ExternalFetch(
        source=source,
        way=way,
        place=place,
        digest=digest,
        whole=",".join(sorted(whole)),
        vouched=vouched,
        ignored=",".join(ignored) or None,
        by_id=actor.user_id,
        by_name=actor.name,
        state="taking",
        busy=source,
        entries=entries,
        matched=0,
        changed=0,
        ended=0,
    )
    session.add(fetch)
    session.flush()
    ours.got.append(True)
    return str(fetch.id)


def _put_down(fetch: int, source: str, change: Change, *, by_hand: bool) -> None:
    """Put down what is new, what is over and what stays, in short transactions; none of it counts yet."""
    brought = fetch if by_hand else None

    def add(session: Session, piece: list[Row]) -> None:
        about = {"source": source, "fetch_id": fetch, "seen_id": fetch, "brought_id": brought}
        session.execute(insert(ExternalEntry), [{**row.values(), **about} for row in piece])

    def end(session: Session, piece: list[int]) -> None:
        session.execute(update(ExternalEntry).where(ExternalEntry.id.in_(piece)).values(until_id=fetch))

    def see(session: Session, piece: list[int]) -> None:
        first = func.coalesce(ExternalEntry.brought_id, brought)
        seen = update(ExternalEntry).where(ExternalEntry.id.in_(piece))
        session.execute(seen.values(seen_id=fetch, brought_id=first))

    _each(change.new, PIECE, add)
    _each(change.over, PIECE, end)
    _each(change.stay, PIECE, see)


def _each(everything: Iterable[T], size: int, do: Callable[[Session, list[T]], object]) -> None:
    for piece in in_pieces(everything, size):
        with transaction() as session:
            do(session, piece)


def _here(codes: Sequence[str]) -> int:
    """How many of these codes are of an organisation of this market, each as often as it is named."""
    here: set[str] = set()
    with looking() as session:
        for piece in in_pieces(sorted(set(codes)), PIECE):
            here.update(session.scalars(select(Organisation.uscc).where(Organisation.uscc.in_(piece))))
    return sum(code in here for code in codes)


@action
def _finish(session: Session, actor: Actor, fetch: str, *, base: int, matched: int) -> str:
    """Take it, all at once. Conflict where another of its source was taken meanwhile."""
    found = session.scalars(
        select(ExternalFetch).where(ExternalFetch.id == int(fetch)).with_for_update()
    ).one()
    if _last_taken(session, found.source) != base or found.state != "taking":
        raise Conflict(_MEANWHILE)
    entries = select(func.count()).select_from(ExternalEntry)
    found.changed = session.scalar(entries.where(ExternalEntry.fetch_id == found.id)) or 0
    found.ended = session.scalar(entries.where(ExternalEntry.until_id == found.id)) or 0
    found.state, found.busy, found.taken_at, found.matched = "taken", None, clock.now(), matched
    return fetch


@action
def note_failure(
    session: Session, actor: Actor, *, source: str, place: str, way: str, problem: dict[str, Any]
) -> str:
    """Keep that a source could not be fetched, and why; what it said before stays."""
    fetch = ExternalFetch(
        source=source,
        way=way,
        place=place[-200:],
        digest="",
        whole="",
        state="failed",
        problem=problem,
        by_id=actor.user_id,
        by_name=actor.name,
        entries=0,
        matched=0,
        changed=0,
        ended=0,
    )
    session.add(fetch)
    session.flush()
    return str(fetch.id)


def failed(actor: Actor, source: str, place: str, way: str, problem: Problem) -> str:
    """The same of a problem that was met."""
    return note_failure(actor, source=source, place=place, way=way, problem=serialize_problem(problem))
