"""What a regulator sees of its area at a glance, and as a table to take away."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select

from market.case_views import link
from market.charts import bars
from market.extensions import db
from market.formatting import format_share
from market.oversight.agencies import agencies_of
from market.permissions import market
from market.spreadsheets import Column, yuan
from models import clock
from models.actors import Actor
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.first_pass import first_pass
from models.credit.kept import CreditScore
from models.credit.policy import GRADES
from models.oversight import figures


def grades_chart(actor: Actor) -> Markup:
    """How many agencies of the area stand at each grade."""
    counted = (
        agencies_of(actor)
        .with_only_columns(CreditScore.grade, func.count())
        .group_by(CreditScore.grade)
        .order_by(None)
    )
    counts: dict[str | None, int] = dict(db.session.execute(counted).all())  # type: ignore[arg-type]
    shown = [(grade, counts.get(grade, 0), f"bar-{grade}") for grade in GRADES]
    return bars(
        [*shown, (_("未评"), counts.get(None, 0), "bar-none")],
        _("信用等级分布"),
        [url_for("oversight.agencies", grade=grade) for grade in (*GRADES, "none")],
    )


def overview(actor: Actor) -> dict[str, Any]:
    """The chart of grades and a few figures of the area."""
    count = select(func.count())
    running = count.select_from(Contract).where(Contract.visible_to(actor), Contract.state == "active")
    seen = Deliverable.visible_to(actor)
    late = count.select_from(Deliverable).where(seen, Deliverable.state == "late")
    first = first_pass(db.session, seen)
    return {
        "chart": grades_chart(actor),
        "months": months_chart(months(actor)),
        "facts": [
            (
                _("履行中的合同"),
                link(url_for("contracts.index", state="active"), str(db.session.scalar(running))),
            ),
            (
                _("逾期未交的成果"),
                link(url_for("contracts.deliverables", state="late"), str(db.session.scalar(late))),
            ),
            (
                _("已评审的成果"),
                link(url_for("contracts.deliverables", standing="reviewed"), str(first.reviewed)),
            ),
            (_("首次过审率"), link(url_for("oversight.reviews"), format_share(first.rate))),
        ],
    }


@dataclass(slots=True)
class Month:
    """What happened in one month (Beijing time) in an area. `value` in fen.

    `since` and `until` are its first day and its last, as filters ask for them.
    """

    name: str
    since: str
    until: str
    signed: int = 0
    completed: int = 0
    value: int = 0
    reviewed: int = 0
    first_pass: int = 0
    submitted: int = 0
    on_time: int = 0


def months(actor: Actor, count: int = 12) -> list[Month]:
    """The last months up to this one, oldest first: contracts, reviews and submissions of the actor's area.

    What never came is among the submissions, late.
    """
    today = clock.today()
    names = [
        f"{y}-{m + 1:02d}"
        for y, m in (divmod(today.year * 12 + today.month - 1 - n, 12) for n in reversed(range(count)))
    ]
    found = {name: Month(name, *_days(name)) for name in names}
    measures = ("signed", "completed", "delivered", "reviewed")
    area = actor.region_code or market()
    for each in figures.told(db.session, actor, area, measures, by="month", since=names[0]):
        month = found.get(each.by)
        if month is None:
            continue
        match each.measure:
            case "signed":
                month.signed = each.number
            case "completed":
                month.completed, month.value = each.number, each.total
            case "delivered":
                month.submitted, month.on_time = each.number, each.total
            case "reviewed":
                month.reviewed, month.first_pass = each.number, each.total
    return list(found.values())


def _days(month: str) -> tuple[str, str]:
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]}"


def months_chart(rows: list[Month]) -> Markup:
    """Completed contracts by month."""
    return bars(
        [(row.name[5:], row.completed, "bar-plain") for row in rows],
        _("每月完成的合同"),
        [url_for("contracts.index", day="completed", since=row.since, until=row.until) for row in rows],
    )


MONTHS = (
    Column[Month](_l("月份"), lambda month: month.name),
    Column[Month](_l("签订合同"), lambda month: month.signed),
    Column[Month](_l("完成合同"), lambda month: month.completed),
    Column[Month](_l("完成金额(元)"), lambda month: yuan(month.value)),
    Column[Month](_l("已评审的成果"), lambda month: month.reviewed),
    Column[Month](_l("首次过审"), lambda month: month.first_pass),
    Column[Month](_l("提交的成果"), lambda month: month.submitted),
    Column[Month](_l("按期提交"), lambda month: month.on_time),
)
