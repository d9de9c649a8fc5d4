"""How long matters took from the published request to the accepted report, and in whose hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from market.extensions import db
from market.formatting import item_name, region
from market.options import in_region, period_asked
from market.pagination import Order, ordered
from market.permissions import market
from market.spreadsheets import Column, rate
from models import clock
from models.actors import Actor
from models.catalogue import ServiceItem, newest_items
from models.contracts.agreement import Contract
from models.i18n import N_
from models.oversight import figures
from models.oversight.figures import Told
from models.oversight.permit_times import HANDS, MEASURES, TOTAL, PermitTime

DAY = 86_400
GROUPS = {"item": N_("按事项"), "department": N_("按领域"), "region": N_("按地区")}
PERIODS = {"3": N_("最近 3 个月"), "12": N_("最近 12 个月"), "36": N_("最近 36 个月"), "all": N_("全部")}
ORDERS = {"newest": Order(PermitTime.ended_at, largest_first=True)} | {
    name: Order(column, largest_first=True)
    for name, column in {
        "longest": sum((getattr(PermitTime, hand) for hand in HANDS), start=0),
        "agency": PermitTime.agency,
        "buyer": PermitTime.buyer,
        "department": PermitTime.department,
    }.items()
}  # type: ignore[dict-item]


@dataclass(slots=True)
class Taken:
    """How long the matters of one group took: how many there were, and seconds by hand of all together.

    `asked` are the filters by which they are found one by one.
    """

    name: str
    asked: dict[str, str]
    number: int = 0
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HANDS, 0))

    @property
    def mean(self) -> float:
        """Seconds a matter took."""
        return sum(self.held.values()) / self.number if self.number else 0.0

    def mean_of(self, hand: str) -> float:
        """Seconds a matter was in these hands."""
        return self.held[hand] / self.number if self.number else 0.0

    def share(self, hand: str) -> float | None:
        """The fraction of the time that it was in these hands."""
        whole = sum(self.held.values())
        return self.held[hand] / whole if whole else None


def first_day(period: str) -> str:
    """The day from which a period reaches to now, as filters ask for it; empty for all there is."""
    if period == "all":
        return ""
    today = clock.today()
    year, month = divmod(today.year * 12 + today.month - int(period), 12)
    return f"{year}-{month + 1:02d}-01"


def taken(actor: Actor, by: str, period: str) -> list[Taken]:
    """How long the matters of the actor's area took that were over in a period, by GROUPS; most first."""
    since, area = first_day(period), actor.region_code or market()
    measures = {TOTAL: "", **{measure: hand for hand, measure in MEASURES.items()}}
    by_region = by == "region"
    found = figures.told(
        db.session, actor, area, [*measures], by="region" if by_region else "item", since=since[:7]
    )
    known = _regions(found, area) if by_region else _items(by, found)
    groups: dict[str, Taken] = {}
    for each in found:
        name, asked = known[each.by]
        group = groups.setdefault(name, Taken(name, asked | ({"since": since} if since else {})))
        if each.measure == TOTAL:
            group.number += each.number
        else:
            group.held[measures[each.measure]] += each.total
    return sorted(
        (each for each in groups.values() if each.number), key=lambda each: (-each.number, each.name)
    )


Known = dict[str, tuple[str, dict[str, str]]]  # by code: what it is called, and by which filters it is found


def _regions(found: list[Told], area: str) -> Known:
    """The parts of an area; what lies in none of them is the area's own."""
    own = (_("%(area)s本级", area=region(area)), {"region": area, "level": "own"})
    return {each.by: (region(each.by), {"region": each.by}) for each in found} | {area: own}


def _items(by: str, found: list[Told]) -> Known:
    items = newest_items(db.session, sorted({each.by for each in found}))
    if by == "department":
        return {code: (_(item.department), {"department": item.department}) for code, item in items.items()}
    return {code: (f"{code} {item_name(item)}", {"item": code}) for code, item in items.items()}


def together(groups: list[Taken]) -> Taken:
    """All groups as one."""
    whole = Taken(_("合计"), {})
    for each in groups:
        whole.number += each.number
        for hand in HANDS:
            whole.held[hand] += each.held[hand]
    return whole


def _days(seconds: float) -> float:
    return round(seconds / DAY, 1)


def _in_hands(seconds: Callable[[Any, str], float]) -> list[Column[Any]]:
    """A column of days for each hand."""
    return [
        Column(_l("%(hand)s(天)", hand=_l(label)), partial(_days_in, seconds, hand))
        for hand, label in HANDS.items()
    ]


def _days_in(seconds: Callable[[Any, str], float], hand: str, row: Any) -> float:
    return _days(seconds(row, hand))


TAKEN: tuple[Column[Any], ...] = (
    Column(_l("名称"), lambda each: each.name),
    Column(_l("办结件数"), lambda each: each.number),
    Column(_l("平均用时(天)"), lambda each: _days(each.mean)),
    *_in_hands(Taken.mean_of),
    Column(_l("中介机构占比"), lambda each: rate(each.share("agency"))),
)  # of what `taken` counts


def matters(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The matters of the actor's area that are over, one by one, with their contracts.

    By `item`, `department` (the line of work), `region` (`level`: of it alone), and the days between which
    they were over; in an `order` (ORDERS).
    """
    pairs: Any = select(PermitTime, Contract)
    query: Select[Any] = pairs.join(Contract, Contract.id == PermitTime.contract_id)
    query = query.where(Contract.visible_to(actor), PermitTime.ended_at.is_not(None))
    if asked.get("item"):
        query = query.where(PermitTime.item_code == asked["item"])
    if asked.get("department"):
        line = select(ServiceItem.code).where(ServiceItem.department == asked["department"])
        query = query.where(PermitTime.item_code.in_(line))
    if asked.get("region"):
        query = query.where(in_region(PermitTime.region_code, asked))
    since, before = period_asked(asked)
    if since:
        query = query.where(PermitTime.ended_at >= since)
    if before:
        query = query.where(PermitTime.ended_at < before)
    return ordered(query, ORDERS, asked.get("order", ""), PermitTime.id.desc())


MATTERS: tuple[Column[Any], ...] = (
    Column(_l("合同"), lambda pair: pair.Contract.identifier),
    Column(_l("项目"), lambda pair: pair.Contract.title),
    Column(_l("事项代码"), lambda pair: pair.PermitTime.item_code),
    Column(_l("地区"), lambda pair: region(pair.PermitTime.region_code)),
    Column(_l("机构"), lambda pair: pair.Contract.agency.name),
    Column(_l("发布时间"), lambda pair: pair.PermitTime.began_at),
    Column(_l("办结时间"), lambda pair: pair.PermitTime.ended_at),
    Column(_l("用时(天)"), lambda pair: _days(pair.PermitTime.whole)),
    *_in_hands(lambda pair, hand: getattr(pair.PermitTime, hand)),
)  # of what `matters` finds


def link_of(each: Taken) -> str:
    """Where the matters of a group are listed."""
    asked: dict[str, Any] = {**each.asked}
    return url_for("oversight.permit_matters", **asked)
