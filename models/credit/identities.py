"""Who of those that rate are one: organisations under one owner, or that share what links them.

A link is kept with what it rests on when it is first met, and shown to the regulator; whoever is linked with
somebody who is linked with a third is one with the third too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import policy
from models.accounts import Organisation
from models.agencies.related_parties import AT_ONCE, linked
from models.base import Base

MOST_HOPS = 8  # from one to the next; a chain that long is one owner's, or nobody's


class IdentityLink(Base):
    """Two organisations that count as one voice: the lower key first, the tie, and since when it is known."""

    __tablename__ = "identity_links"
    __table_args__ = (UniqueConstraint("one_id", "other_id", "tie"),)

    one_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    tie: Mapped[str] = mapped_column(String(20))
    found_at: Mapped[datetime]
    one: Mapped[Organisation] = relationship(foreign_keys=[one_id], lazy="joined")
    other: Mapped[Organisation] = relationship(foreign_keys=[other_id], lazy="joined")


def observe(session: Session, organisations: Iterable[int], at: datetime) -> list[IdentityLink]:
    """Keep what links these organisations that was not known yet. Returns the new links.

    By the ties of the market's policy (`linked.ties`); what somebody merely says of themselves links nobody.
    """
    keys = sorted(set(organisations))
    groups = linked(session, keys, policy.current().version) if len(keys) > 1 else []
    wanted = {
        (min(group.agencies), other, tie)
        for group in groups
        for other in group.agencies
        for tie in group.ties
        if tie != "said" and "said" not in group.ties and other != min(group.agencies)
    }
    known: set[tuple[int, int, str]] = set()
    for begin in range(0, len(keys), AT_ONCE):
        of = IdentityLink.one_id.in_(keys[begin : begin + AT_ONCE])
        known.update(
            session.execute(select(IdentityLink.one_id, IdentityLink.other_id, IdentityLink.tie).where(of))
        )
    found = [
        IdentityLink(one_id=one, other_id=other, tie=tie, found_at=at)
        for one, other, tie in sorted(wanted - known)
    ]
    session.add_all(found)
    session.flush()
    return found


def identities(session: Session, organisations: Iterable[int], until: datetime) -> Mapping[int, int]:
    """Which identity each of these is of, by the links known at an instant: the lowest key of its members.

    One statement for each step of the longest chain of links that leads away from them, and for each piece of
    so many.
    """
    roots = {key: key for key in organisations}

    def root(key: int) -> int:
        while roots.setdefault(key, key) != key:
            key = roots[key]
        return key

    asked, new = set(roots), set(roots)
    for _hop in range(MOST_HOPS):
        if not new:
            break
        asking = sorted(new)
        pairs: list[tuple[int, int]] = []
        for begin in range(0, len(asking), AT_ONCE):
            some = asking[begin : begin + AT_ONCE]
            links = select(IdentityLink.one_id, IdentityLink.other_id).where(
                or_(IdentityLink.one_id.in_(some), IdentityLink.other_id.in_(some)),
                IdentityLink.found_at <= until,
            )
            pairs += [(one, other) for one, other in session.execute(links).all()]
        for one, other in pairs:
            low, high = sorted((root(one), root(other)))
            roots[high] = low
        new = {key for pair in pairs for key in pair} - asked
        asked |= new
    return {key: root(key) for key in list(roots)}


def members(session: Session, organisations: Iterable[int], until: datetime) -> Mapping[int, set[int]]:
    """The identities of these, by their lowest key, each with all its members that a link leads to."""
    found: dict[int, set[int]] = defaultdict(set)
    for key, lowest in identities(session, organisations, until).items():
        found[lowest].add(key)
    return found
