"""Up to five agencies side by side, for the reader's job.

What is chosen stands in the address alone, so a visitor can compare too, and send somebody the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.agencies.blueprint import bp
from market.agencies.rows import (
    AgencyRow,
    comparison,
    invitation,
    job_or_example,
    may_invite,
    rows_of,
)
from market.extensions import db
from market.formatting import coverage_words, format_share, item_name, region, region_briefly, working_days
from market.options import region_asked
from market.quantities import size_typed
from models import money, spelling
from models.accounts import Organisation
from models.agencies.fees import schedules_in_force
from models.agencies.serving import serves
from models.agencies.shortlist import most_compared
from models.catalogue import ServiceItem, newest_items
from models.credit import restrictions
from models.credit.restrictions import ENGAGED

MOST_ASKED = 20  # identifiers of an address that are looked at at all


@dataclass(frozen=True)
class Cell:
    """What one agency has in a line: its text, where that comes from, a word beside it."""

    text: str
    url: str = ""
    note: str = ""
    best: bool = False


@dataclass(frozen=True)
class Line:
    """One thing that is compared; `best` is what whoever has the best value is marked with."""

    label: str
    cells: list[Cell]
    best: str = ""
    kind: str = ""


def _chosen() -> list[str]:
    """The identifiers in the address, each once."""
    asked = [spelling.code(text[:40]) for text in request.args.getlist("agency")[:MOST_ASKED]]
    return list(dict.fromkeys(filter(None, asked)))


def _agencies(identifiers: Sequence[str]) -> list[Organisation]:
    """Those of them that are in the market, in this order."""
    query = select(Organisation).where(
        Organisation.identifier.in_(identifiers),
        Organisation.kind == "agency",
        Organisation.state.in_(("verified", "suspended")),
    )
    found = {agency.identifier: agency for agency in db.session.scalars(query)}
    return [found[identifier] for identifier in identifiers if identifier in found]


def _offered(agencies: Sequence[Organisation]) -> list[ServiceItem]:
    """What any of these agencies publishes a fee for, what most of them do first."""
    codes: dict[str, int] = {}
    for schedule in schedules_in_force(db.session, agency_ids=[agency.id for agency in agencies]):
        codes[schedule.item_code] = codes.get(schedule.item_code, 0) + 1
    items = newest_items(db.session, list(codes)).values()
    return sorted((i for i in items if not i.withdrawn), key=lambda item: (-codes[item.code], item.code))


def _measured(
    label: str,
    best: str,
    rows: Sequence[AgencyRow],
    value: Callable[[AgencyRow], float | None],
    cell: Callable[[AgencyRow], Cell],
    *,
    most: bool = False,
) -> Line:
    """A line of values of which the least is the best, or the most; where all are alike none is."""
    values = [value(row) for row in rows]
    known = [number for number in values if number is not None]
    top = (max if most else min)(known) if len(set(known)) > 1 else None
    cells = [cell(row) for row in rows]
    marked = [
        Cell(each.text, each.url, each.note, top is not None and number == top)
        for each, number in zip(cells, values, strict=True)
    ]
    return Line(label, marked, best)


def _fees(row: AgencyRow) -> str:
    return (
        url_for("agencies.fee_history", identifier=row.agency.identifier, code=row.schedule.item_code)
        if row.schedule
        else ""
    )


def _credit(row: AgencyRow) -> str:
    return url_for("credit.score", identifier=row.agency.identifier)


def _price(row: AgencyRow) -> Cell:
    if row.schedule is None:
        return Cell("—", note=_("没有公示这个事项的收费"))
    if row.price is None:
        return Cell("—", _fees(row), _("公示的收费算不出这样的规模或行业"))
    return Cell(money.show(row.price), _fees(row))


def _of_the_job(rows: Sequence[AgencyRow]) -> list[Line]:
    """What an item makes comparable."""
    return [
        _measured(_("我这件事的公示价"), _("最低"), rows, lambda row: row.price, _price),
        _measured(
            _("承诺工期"),
            _("最短"),
            rows,
            lambda row: row.schedule.days if row.schedule else None,
            lambda row: Cell(working_days(row.schedule.days), _fees(row)) if row.schedule else Cell("—"),
        ),
    ]


def _shares(label: str, rows: Sequence[AgencyRow], name: str) -> Line:
    def share(row: AgencyRow) -> float | None:
        return getattr(row.score, name) if row.score else None

    return _measured(
        label, _("最高"), rows, share, lambda row: Cell(format_share(share(row)), _credit(row)), most=True
    )


def _of_the_record(rows: Sequence[AgencyRow]) -> list[Line]:
    """What each has done so far."""
    grades = Line(
        _("信用等级"),
        [
            Cell(
                row.score.grade or "" if row.score else "",
                _credit(row),
                f"{row.score.score / 10:.1f} ± {row.score.half_width / 10:.1f}"
                if row.score and row.score.grade
                else _("没有完成过合同"),
            )
            for row in rows
        ],
        kind="grade",
    )
    shares = [_shares(_("首过率"), rows, "first_pass"), _shares(_("按期率"), rows, "on_time")]
    settled = _measured(
        _("完成合同"),
        _("最多"),
        rows,
        lambda row: row.score.settled if row.score else 0,
        lambda row: Cell(str(row.score.settled if row.score else 0), _credit(row)),
        most=True,
    )
    stars = _measured(
        _("业主评价"),
        _("最高"),
        rows,
        lambda row: row.score.stars if row.score else None,
        lambda row: Cell(
            f"{row.score.stars:.2f} / 5" if row.score and row.score.stars else "—",
            _credit(row),
            coverage_words(row.coverage),
        ),
        most=True,
    )
    return [grades, *shares, settled, stars]


def _of_the_place(rows: Sequence[AgencyRow], place: str) -> list[Line]:
    """Where each serves, and whether that is where the reader's job is."""

    def said(row: AgencyRow) -> str:
        if not place:
            return ""
        return (
            _("含%(place)s", place=region_briefly(place))
            if serves(row.areas, place)
            else _("不含%(place)s", place=region_briefly(place))
        )

    return [
        Line(
            _("服务地区"),
            [Cell(_("、").join(map(region_briefly, row.areas)), note=said(row)) for row in rows],
        ),
        Line(_("所在地"), [Cell(region(row.agency.region_code)) for row in rows]),
    ]


def _refused(asked: Sequence[str], found: Sequence[Organisation], most: int) -> list[str]:
    """What of the address was left out, in words."""
    known = {agency.identifier for agency in found}
    said = [_("没有找到 %(identifier)s。", identifier=name) for name in asked if name not in known]
    if len(found) > most:
        left = _("、").join(agency.name for agency in found[most:])
        said.append(_("一次最多比较 %(most)s 家;没有列入:%(left)s。先移除一家再加。", most=most, left=left))
    return said


def _invited(agencies: Sequence[Organisation]) -> list[str]:
    """Those that may be asked for a quote now."""
    found = restrictions.of(db.session, agencies)
    return [agency.identifier for agency in agencies if not restrictions.stopping(found[agency.id], ENGAGED)]


@bp.get("/compare")
def compare() -> str | tuple[str, int] | Response:
    asked, place, most = _chosen(), region_asked(), most_compared()
    found = _agencies(asked)
    said = _refused(asked, found, most)
    if request.args.get("go") == "invite" and found:
        return redirect(invitation(_invited(found), request.args.get("item", "")), 303)
    agencies = found[:most]
    items = _offered(agencies)
    item = next((each for each in items if each.code == request.args.get("item", "")), None)
    wrong: dict[str, str] = {}
    job = job_or_example(item, wrong)
    rows = rows_of(agencies, item, job)
    page = render_template(
        "agencies/compare.html",
        rows=rows,
        lines=[*(_of_the_job(rows) if item else []), *_of_the_record(rows), *_of_the_place(rows, place)],
        items=[(each.code, item_name(each)) for each in items],
        item=item,
        job=job,
        place=place,
        invited=_invited(agencies),
        said=[*said, *wrong.values()],
        size=size_typed(),
        most=most,
        without={
            row.agency.identifier: comparison(
                [other.agency.identifier for other in rows if other is not row], item.code if item else ""
            )
            for row in rows
        },
        invitation=invitation,
        may_invite=may_invite(),
    )
    return (page, 422) if said or wrong else page
