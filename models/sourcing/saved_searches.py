"""Searches among the tenders that were kept, and who is told when something new fits one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, Select, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.accounts import Organisation, User
from models.base import Base
from models.catalogue import ServiceItem
from models.errors import RuleViolation
from models.i18n import N_
from models.regions import above, within
from models.sourcing.modes import MODES
from models.sourcing.tender_workflow import TENDER
from models.sourcing.tenders import Tender

MOST = 20  # searches an organisation keeps
MOST_WORDS = 60  # characters


@dataclass(frozen=True)
class TenderSearch:
    """What a list of tenders is narrowed by; an empty value narrows nothing.

    `item` is an item's code, `region` an area's, with all below it. Of `words` each has to stand in the
    project's name.
    """

    state: str = ""
    mode: str = ""
    item: str = ""
    region: str = ""
    words: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """What a page was asked for, without what no tender has."""
        state, mode = asked.get("state", ""), asked.get("mode", "")
        return cls(
            state if state in TENDER.states else "",
            mode if mode in MODES else "",
            asked.get("item", "")[:12],
            asked.get("region", "")[:6],
            " ".join(asked.get("words", "").split())[:MOST_WORDS],
        )

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """Of a statement for tenders, those that fit."""
        if self.state:
            query = query.where(Tender.state == self.state)
        if self.mode:
            query = query.where(Tender.mode == self.mode)
        if self.item:
            query = query.where(
                Tender.item_id.in_(select(ServiceItem.id).where(ServiceItem.code == self.item))
            )
        if self.region:
            query = query.where(within(Tender.region_code, self.region))
        for word in self.words.split():
            query = query.where(Tender.project.icontains(word, autoescape=True))
        return query

    def asked(self) -> dict[str, str]:
        """The same as a page is asked for it."""
        return {name: value for name, value in asdict(self).items() if value}


class SavedSearch(Base):
    """A search an organisation keeps; with `alert` it is told of what is published and fits.

    The columns are those of TenderSearch, but for the state: what is new is published.
    """

    __tablename__ = "saved_searches"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    mode: Mapped[str] = mapped_column(String(20))
    item: Mapped[str] = mapped_column(String(12), index=True)
    region: Mapped[str] = mapped_column(String(6))
    words: Mapped[str] = mapped_column(String(MOST_WORDS))
    alert: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def search(self) -> TenderSearch:
        return TenderSearch("", self.mode, self.item, self.region, self.words)


def save(
    session: Session, user: User, organisation_id: int, search: TenderSearch, alert: bool
) -> SavedSearch:
    """Keep a search. RuleViolation for one that narrows nothing, is kept already, or is one too many.

    The organisation is locked, so that two colleagues do not fill its last place.
    """
    if not any((search.mode, search.item, search.region, search.words)):
        raise RuleViolation(N_("请先选择事项、地区、选取方式或填写关键词,再保存。"))
    session.get_one(Organisation, organisation_id, with_for_update=True)
    kept = of_organisation(session, organisation_id)
    plain = TenderSearch("", search.mode, search.item, search.region, search.words)
    if any(each.search == plain for each in kept):
        raise RuleViolation(N_("这个搜索已经保存过。"))
    if len(kept) >= MOST:
        raise RuleViolation(N_("最多保存 %(most)s 个搜索,请先删去不用的。"), most=MOST)
    made = SavedSearch(
        organisation_id=organisation_id,
        user_id=user.id,
        mode=plain.mode,
        item=plain.item,
        region=plain.region,
        words=plain.words,
        alert=alert,
    )
    session.add(made)
    session.flush()
    return made


def of_organisation(session: Session, organisation_id: int) -> list[SavedSearch]:
    """What an organisation keeps, newest first; MOST at the most."""
    mine = select(SavedSearch).where(SavedSearch.organisation_id == organisation_id)
    return list(session.scalars(mine.order_by(SavedSearch.id.desc()).limit(MOST)))


def told_of(session: Session, tender: Tender, after: int, most: int) -> tuple[list[int], int | None]:
    """The organisations that asked to be told of a tender like this one, `most` searches at a time.

    `after` is the search up to which they were looked at; the second value is where to go on, None at the
    end.
    """
    fits = select(SavedSearch).where(
        SavedSearch.alert,
        SavedSearch.id > after,
        SavedSearch.organisation_id != tender.buyer_id,
        SavedSearch.item.in_(["", tender.item.code]),
        SavedSearch.mode.in_(["", tender.mode]),
        or_(SavedSearch.region == "", SavedSearch.region.in_(above(tender.region_code))),
    )
    found = list(session.scalars(fits.order_by(SavedSearch.id).limit(most)))
    project = tender.project.casefold()
    told = [
        each.organisation_id for each in found if all(w in project for w in each.words.casefold().split())
    ]
    return told, found[-1].id if len(found) == most else None
