"""What sites elsewhere say of who is on a list (经营异常名录、严重违法失信名单), kept as it was said.

An entry is what one site says of one 统一社会信用代码. It is never edited: what a later fetch says otherwise
stands in a row of its own, and the row before it names the fetch that ended it. A fetch counts from the
instant it was taken, all of it at once, so that one that was broken off halfway says nothing. Entries are
matched to organisations by their code when they are read; one that is of nobody here waits for whoever enters
with it. Where sites differ about somebody, the one that the policy names first prevails (`verdict`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from models import clock
from models.base import Base, Json
from models.clock import BEIJING
from models.credit.external_policy import Source
from models.credit.policy import CreditPolicy
from models.credit.records import months_later
from models.i18n import N_

OUTCOMES = {"taking": N_("正在导入"), "taken": N_("已导入"), "failed": N_("没有导入")}
WAYS = {"page": N_("网页上传"), "command": N_("命令导入"), "http": N_("自动获取")}


class ExternalFetch(Base):
    """One fetch from a source, or a try at one.

    `place` is the file's name or the address, `digest` the SHA-256 of what came, which is not kept; `whole`
    names the lists of which it was all there is, by comma. `vouched`: a national site told us itself, and we
    know it by a token. `matched` of its `entries` are of organisations in this market. Of one that failed
    `problem` says why. `busy` is the source while it is under way: of each
    only one is. `ignored`: columns of the file that nothing is taken from, by comma.
    """

    __tablename__ = "external_fetches"
    __table_args__ = (Index("ix_external_fetches_taken", "source", "taken_at"),)

    source: Mapped[str] = mapped_column(String(20), index=True)
    way: Mapped[str] = mapped_column(String(10))
    place: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), default="")
    whole: Mapped[str] = mapped_column(String(200), default="")
    vouched: Mapped[bool] = mapped_column(default=False)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    by_name: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), index=True)
    began_at: Mapped[datetime] = mapped_column(default=clock.now)
    taken_at: Mapped[datetime | None]
    followed_at: Mapped[datetime | None]
    entries: Mapped[int] = mapped_column(default=0)
    matched: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    ended: Mapped[int] = mapped_column(default=0)
    problem: Mapped[Json | None]
    ignored: Mapped[str | None] = mapped_column(String(200))
    busy: Mapped[str | None] = mapped_column(String(20), unique=True)

    @property
    def unmatched(self) -> int:
        """How many of its entries are of nobody in this market."""
        return self.entries - self.matched


class ExternalEntry(Base):
    """What a source says of one code and one list, from a fetch until another says otherwise.

    `number` is the source's own for it, empty where it has none. `seen_id` is the last fetch that said the
    same, `brought_id` the first of those by which somebody of ours brought it in.
    """

    __tablename__ = "external_entries"
    __table_args__ = (Index("ix_external_entries_source", "source", "list"),)

    source: Mapped[str] = mapped_column(String(20))
    list: Mapped[str] = mapped_column(String(20))
    uscc: Mapped[str] = mapped_column(String(18), index=True)
    name: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(60))
    entered_on: Mapped[date]
    removed_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(500))
    authority: Mapped[str] = mapped_column(String(100))
    fetch_id: Mapped[int] = mapped_column(ForeignKey("external_fetches.id"), index=True)
    until_id: Mapped[int | None] = mapped_column(ForeignKey("external_fetches.id"), index=True)
    seen_id: Mapped[int] = mapped_column(ForeignKey("external_fetches.id"), index=True)
    brought_id: Mapped[int | None] = mapped_column(ForeignKey("external_fetches.id"), index=True)
    seen: Mapped[ExternalFetch] = relationship(foreign_keys=[seen_id], lazy="joined")
    brought: Mapped[ExternalFetch | None] = relationship(foreign_keys=[brought_id], lazy="joined")
    since: Mapped[ExternalFetch] = relationship(foreign_keys=[fetch_id], lazy="joined")

    @property
    def last(self) -> ExternalFetch:
        """The last fetch that was taken and found the source to say so."""
        return self.seen if self.seen.taken_at is not None else self.since

    @property
    def fetched_at(self) -> datetime:
        """When the source was last found to say so."""
        assert self.last.taken_at is not None
        return self.last.taken_at

    @property
    def brought_by(self) -> int | None:
        """Who of our people was the first to bring it in; None where nobody did."""
        known = self.brought is not None and self.brought.taken_at is not None
        return self.brought.by_id if self.brought is not None and known else None


def current(at: datetime | None = None) -> ColumnElement[bool]:
    """Whether an entry is what its source says at an instant (now, if none is given), in SQL."""
    at = at or clock.now()
    taken = aliased(ExternalFetch)
    by_then = select(taken.id).where(taken.taken_at <= at)
    ended = and_(ExternalEntry.until_id.is_not(None), ExternalEntry.until_id.in_(by_then))
    return and_(ExternalEntry.fetch_id.in_(by_then), ~ended)


def said(session: Session, codes: Sequence[str]) -> dict[tuple[str, str], list[ExternalEntry]]:
    """What all sources say now of these codes, by code and list, in one statement."""
    found: dict[tuple[str, str], list[ExternalEntry]] = defaultdict(list)
    query = select(ExternalEntry).where(ExternalEntry.uscc.in_(codes), current())
    for entry in session.scalars(query.order_by(ExternalEntry.id)):
        found[entry.uscc, entry.list].append(entry)
    return found


Whole = Mapping[tuple[str, str], date]


def whole(session: Session) -> Whole:
    """The day (Beijing) of which each source was last fetched whole, by source and list."""
    query = (
        select(ExternalFetch.source, ExternalFetch.whole, func.max(ExternalFetch.taken_at))
        .where(ExternalFetch.taken_at.is_not(None), ExternalFetch.whole != "")
        .group_by(ExternalFetch.source, ExternalFetch.whole)
    )
    found: dict[tuple[str, str], date] = {}
    for source, lists, taken_at in session.execute(query):
        assert taken_at is not None
        day = taken_at.astimezone(BEIJING).date()
        for each in lists.split(","):
            found[source, each] = max(day, found.get((source, each), day))
    return found


@dataclass(frozen=True)
class Verdict:
    """Whether somebody is on a list: the entry by which it is, or None, and the source that says so.

    `differ`: another source says otherwise. Where there is no entry, since when that source says that it was
    taken off, or the day as of which it was fetched whole and does not have it.
    """

    entry: ExternalEntry | None
    source: Source | None
    differ: bool
    removed_on: date | None = None
    silent_on: date | None = None


def stands(rules: CreditPolicy, entry: ExternalEntry, today: date) -> bool:
    """Whether an entry says that its subject is on the list: not taken off, nor longer ago than it counts."""
    if entry.removed_on is not None:
        return False
    months = rules.lists[entry.list].months
    return not months or over_on(entry.entered_on, months) > today


def over_on(entered: date, months: int) -> date:
    """The day so many calendar months later, at most that month's last."""
    noon = datetime(entered.year, entered.month, entered.day, 12, tzinfo=BEIJING)
    return months_later(noon, months).date()


def verdict(rules: CreditPolicy, entries: Iterable[ExternalEntry], kept_whole: Whole, today: date) -> Verdict:
    """What holds of one code and one list, of all that the sources say of it.

    The first source that says anything decides. That somebody was taken off, and silence, say something too,
    of what was entered until that day: one that was fetched whole on the day of an entry or later, and does
    not have it, says that there is none. In whatever order the sources were fetched, it is the same.
    """
    known = [each for each in entries if each.list in rules.lists and each.source in rules.sources]
    if not known:
        return Verdict(None, None, differ=False)
    of_list = known[0].list
    standing = {each.source for each in known if stands(rules, each, today)}
    left = known
    for name, source in rules.sources.items():
        own = [each for each in left if each.source == name]
        on = [each for each in own if stands(rules, each, today)]
        if on:
            denied = {each.source for each in known} - standing
            return Verdict(min(on, key=lambda each: (each.entered_on, each.number)), source, bool(denied))
        days = [each.removed_on or each.entered_on for each in own]
        as_of = kept_whole.get((name, of_list))
        days += [as_of] if as_of else []
        if not days:
            continue
        newer = [each for each in left if each.source != name and each.entered_on > max(days)]
        if not any(stands(rules, each, today) for each in newer):
            removed = max((each.removed_on for each in own if each.removed_on), default=None)
            return Verdict(None, source, bool(standing), removed, None if own else as_of)
        left = newer
    return Verdict(None, None, differ=False)


def entries_of(entries: Iterable[ExternalEntry]) -> list[ExternalEntry]:
    """In the order people read them: the newest entry first."""
    return sorted(entries, key=lambda each: (each.entered_on, each.id), reverse=True)
