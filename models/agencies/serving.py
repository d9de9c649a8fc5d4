"""Where an agency serves (服务地区): the areas it says it works in, which need not be where it has its seat.

An agency that has entered may answer tenders anywhere in the market (一地入驻、全省通行); this is where it
wants to be found and asked. One that has said nothing is found where its seat is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, ForeignKey, Select, String, UniqueConstraint, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from models import policy
from models.accounts import Organisation
from models.base import Base
from models.errors import RuleViolation
from models.i18n import N_
from models.regions import above, covers, current, prefix


class ServiceArea(Base):
    """An area an agency serves, with all that lies in it."""

    __tablename__ = "service_areas"
    __table_args__ = (UniqueConstraint("agency_id", "region_code"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    region_code: Mapped[str] = mapped_column(String(6), index=True)


def outermost(codes: Iterable[str]) -> list[str]:
    """The areas without those that lie in another of them."""
    named = sorted({current(code) for code in codes})
    return [code for code in named if not any(other != code and covers(other, code) for other in named)]


def serves(areas: Iterable[str], region: str) -> bool:
    """Whether who serves these areas serves a place: all of it, or some place in it."""
    return any(covers(area, region) or covers(region, area) for area in areas)


def declare(session: Session, agency: Organisation, codes: Iterable[str], market: str) -> list[str]:
    """Keep where an agency serves instead of what it said before; none takes it back to its seat.

    Returns the areas as they are kept. RuleViolation at the field unless all lie in the market's area.
    """
    areas = outermost(codes)
    if any(not covers(market, code) for code in areas):
        raise RuleViolation(N_("服务地区要在本平台的范围内。"), "areas")
    most = policy.current().number("entry.areas_most")
    if len(areas) > most:
        raise RuleViolation(N_("最多写 %(most)s 个地区;更多时请选上一级地区。"), "areas", most=most)
    kept = {row.region_code: row for row in session.scalars(_of([agency.id]))}
    for code in kept.keys() - set(areas):
        session.delete(kept[code])
    for code in set(areas) - kept.keys():
        session.add(ServiceArea(agency_id=agency.id, region_code=code))
    session.flush()
    return areas


def _of(agency_ids: Iterable[int] | None) -> Select[ServiceArea]:
    query = select(ServiceArea).order_by(ServiceArea.region_code)
    return query if agency_ids is None else query.where(ServiceArea.agency_id.in_(list(agency_ids)))


def areas_of(session: Session, agency_ids: Iterable[int] | None) -> dict[int, list[str]]:
    """What each of these agencies, or all, said of where it serves; those that said nothing are not in it."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in session.scalars(_of(agency_ids)):
        found[row.agency_id].append(row.region_code)
    return found


def served(agency: Organisation, said: Mapping[int, list[str]]) -> list[str]:
    """Where an agency serves, by what `areas_of` found: as it said, else where its seat is."""
    return said.get(agency.id) or [current(agency.region_code)]


_SAID = select(ServiceArea.id).where(ServiceArea.agency_id == Organisation.id)


def _touches(column: InstrumentedAttribute[str], region: str) -> ColumnElement[bool]:
    return or_(column.in_(above(region)), column.startswith(prefix(region), autoescape=True))


def _said_so(region: str) -> ColumnElement[bool]:
    return _SAID.where(_touches(ServiceArea.region_code, region)).exists()


def serving(region: str) -> ColumnElement[bool]:
    """The agencies that serve a place, in SQL: as `serves` of what `served` gives."""
    return or_(_said_so(region), ~_SAID.exists() & _touches(Organisation.region_code, region))


def wants_to_hear(region: str) -> ColumnElement[bool]:
    """The agencies to tell of work in a place, in SQL: all but those that say they serve others."""
    return or_(_said_so(region), ~_SAID.exists())
