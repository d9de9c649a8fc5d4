"""What a regulator sees of its area at a glance, and as a table to take away."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from openpyxl import Workbook
from sqlalchemy import Select, func, select

from market.charts import bars
from market.extensions import db
from market.words import percent, region, when
from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.contracts import Contract, Deliverable
from models.credit import GRADES, CreditScore


def agencies_of(actor: Actor, state: str = "") -> Select[Any]:
    """Every agency of the actor's area with its score (or None), by name."""
    pairs: Any = select(Organisation, CreditScore)
    query = (
        pairs.outerjoin(CreditScore, CreditScore.agency_id == Organisation.id)
        .where(Organisation.kind == "agency", Organisation.visible_to(actor))
    )
    if state in Organisation.workflow.states:
        query = query.where(Organisation.state == state)
    ordered: Select[Any] = query.order_by(Organisation.name, Organisation.id)
    return ordered


def grades_chart(actor: Actor) -> Markup:
    """How many agencies of the area stand at each grade."""
    counted = agencies_of(actor).with_only_columns(CreditScore.grade, func.count()).group_by(CreditScore.grade).order_by(None)
    counts: dict[str | None, int] = dict(db.session.execute(counted).all())  # type: ignore[arg-type]
    shown = [(grade, counts.get(grade, 0), f"bar-{grade}") for grade in GRADES]
    return bars([*shown, (_("未评"), counts.get(None, 0), "bar-none")], _("信用等级分布"))


def overview(actor: Actor) -> dict[str, Any]:
    """The chart of grades and a few figures of the area."""
    count = select(func.count())
    running = count.select_from(Contract).where(Contract.visible_to(actor), Contract.state == "active")
    seen = Deliverable.visible_to(actor)
    late = count.select_from(Deliverable).where(seen, Deliverable.state == "due", Deliverable.deliver_by < clock.now())
    reviewed = count.select_from(Deliverable).where(seen, Deliverable.reviews > 0)
    first = reviewed.where(Deliverable.faulty_reviews == 0)
    total = db.session.scalar(reviewed) or 0
    return {
        "chart": grades_chart(actor),
        "facts": [
            (_("履行中的合同"), db.session.scalar(running)),
            (_("逾期未交的成果"), db.session.scalar(late)),
            (_("已评审的成果"), total),
            (_("首次过审率"), percent((db.session.scalar(first) or 0) / total if total else None)),
        ],
    }


def table(actor: Actor, state: str = "") -> list[list[Any]]:
    """The rows of the export, heading first."""
    rows: list[list[Any]] = [[
        _("编号"), _("机构"), _("统一社会信用代码"), _("地区"), _("状态"), _("等级"), _("信用分"), _("完成合同"),
        _("首过率"), _("按期率"), _("入驻时间"),
    ]]  # fmt: skip
    for agency, score in db.session.execute(agencies_of(actor, state)):
        graded = score is not None and score.grade is not None
        rows.append([
            agency.identifier, agency.name, agency.uscc, region(agency.region_code), _(agency.state_label),
            score.grade if graded else _("未评"), score.score / 10 if graded else None, score.settled if score else 0,
            score.first_pass if score else None, score.on_time if score else None, when(agency.created_at),
        ])  # fmt: skip
    return rows


def _plain(value: Any) -> Any:
    """A cell no spreadsheet program takes for a formula: people choose names such as `=…`."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_csv(rows: list[list[Any]]) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheet programs in China need to read Chinese."""
    text = io.StringIO()
    csv.writer(text).writerows([[_plain(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append([_plain(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
