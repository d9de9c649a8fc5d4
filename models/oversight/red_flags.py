"""Red flags: which signs stand, about what, since when, by what evidence, and who looked at each.

A flag is there while its sign is, and stays once somebody who oversees looked at it and said what came of it.
Nobody else ever sees one: not whoever it is about, and no overseer one about its own organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    false,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import identifiers
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Code, Json
from models.errors import NotFound
from models.i18n import N_
from models.identifiers import Numbered
from models.oversight.sign import Found, Sign
from models.regions import within
from models.sourcing.tenders import Tender

STATES = {"open": N_("待查看"), "explained": N_("已有合理解释"), "taken_up": N_("已转入核查")}
ABOUT = {"tender": N_("采购需求"), "agency": N_("中介机构"), "buyer": N_("项目业主"), "group": N_("一批机构")}


class RedFlag(Numbered, Base):
    """One sign that stands, about the tender, organisation or group that `key` names.

    `tender_id` is the newest tender it was found in; `organisation_id` whom it is about, of a tender its
    buyer. `line` is the department of the tender's item, None for what is of no line. `evidence` has
    `figures` (name, unit, value), `cases` (identifiers) and the `sample` that was looked at. Of whoever
    looked: what came of it (`state`), in its `note`, when and who.
    """

    __tablename__ = "red_flags"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_red_flags_area", "region_code", "line"),
    )
    name: ClassVar[str] = "red_flag"  # what its events are about
    prefix: ClassVar[str] = "FL"

    identifier: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(64), index=True)
    about: Mapped[str] = mapped_column(String(10))
    tender_id: Mapped[int | None] = mapped_column(ForeignKey("tenders.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    item_code: Mapped[Code] = mapped_column(default="")
    line: Mapped[str | None] = mapped_column(String(40))
    region_code: Mapped[str] = mapped_column(String(6))
    found_at: Mapped[datetime]
    evidence: Mapped[Json]
    state: Mapped[str] = mapped_column(String(10), default="open")
    note: Mapped[str | None] = mapped_column(String(2000))
    looked_at: Mapped[datetime | None]
    looked_by: Mapped[str | None] = mapped_column(String(200))
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    tender: Mapped[Tender | None] = relationship(lazy="select")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Those an actor oversees: its area and below, its line, and never its own organisation's."""
        if "admin" in actor.roles:
            return true()
        if "regulator" not in actor.roles or not actor.region_code:
            return false()
        area = within(cls.region_code, actor.region_code)  # type: ignore[arg-type]
        line = or_(cls.line.is_(None), cls.line == actor.department) if actor.department else true()
        return and_(area, line, cls.organisation_id != (actor.organisation_id or 0))


def load(session: Session, actor: Actor, identifier: str, *, lock: bool = False) -> RedFlag:
    """A flag the actor oversees; NotFound for any other."""
    query = select(RedFlag).where(RedFlag.identifier == identifier, RedFlag.visible_to(actor))
    found = session.scalars(query.with_for_update(of=RedFlag) if lock else query).unique().one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return found


def keep(
    session: Session,
    found: Iterable[tuple[Sign, Found]],
    looked_for: Sequence[Sign],
    tender: Tender | None,
    parties: dict[int, Organisation],
    group: str,
    now: datetime,
) -> None:
    """Keep what was found by these signs about a tender, its parties (by key) and its group.

    What was looked for and is not there any more is gone, unless somebody looked at it. Two statements, one
    for what is changed, and a number for each that is new.
    """
    keys = [*([tender.identifier] if tender else []), *(each.identifier for each in parties.values())]
    known = {
        (each.kind, each.key): each
        for each in session.scalars(
            select(RedFlag)
            .where(RedFlag.key.in_([*keys, *([group] if group else [])]))
            .where(RedFlag.kind.in_([sign.name for sign in looked_for]))
            .options(lazyload("*"))
        )
    }
    for sign, what in found:
        about = parties[what.organisation] if what.organisation else None
        key = what.key or (about.identifier if about else tender.identifier if tender else "")
        flag = known.pop((sign.name, key), None)
        if flag is None:
            flag = RedFlag(kind=sign.name, key=key, about=sign.about, found_at=now, state="open")
            flag.identifier = identifiers.issue(session, RedFlag)
            flag.organisation_id = about.id if about else tender.buyer_id if tender else 0
            flag.region_code = about.region_code if about else tender.region_code if tender else ""
            flag.line = tender.item.department if tender and not about else None
            flag.item_code = tender.item.code if tender and not about else ""
            session.add(flag)
        flag.tender_id = tender.id if tender else None
        flag.evidence = {
            "figures": [list(each) for each in what.figures],
            "cases": list(what.cases),
            "sample": what.sample,
        }
    for flag in known.values():
        if flag.state == "open":
            session.delete(flag)
    session.flush()
