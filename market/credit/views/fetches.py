"""Every fetch of a list kept elsewhere, as a regulator sees them: what came of it, and where not, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, func, select

from market import filters
from market.charts import rows
from market.credit.actions.broken import until
from market.credit.blueprint import bp
from market.credit.views.external import list_name, source_name, sources
from market.extensions import db
from market.filters import Choice, Filters
from market.formatting import bilingual, stored_problem_text
from market.pagination import paged
from market.spreadsheets import Column, export
from models.credit.external import OUTCOMES, WAYS, ExternalFetch
from models.credit.external_rows import heading

FETCHES = Filters(
    Choice("source", _l("来源"), sources),
    filters.labels("outcome", _l("结果"), OUTCOMES),
    filters.labels("way", _l("方式"), WAYS),
)


def _fetches(asked: Mapping[str, str]) -> Select[Any]:
    query = select(ExternalFetch)
    if value := asked.get("source"):
        query = query.where(ExternalFetch.source == value)
    if value := asked.get("outcome"):
        query = query.where(ExternalFetch.state == value)
    if value := asked.get("way"):
        query = query.where(ExternalFetch.way == value)
    return query.order_by(ExternalFetch.id.desc())


def _places(fetch: ExternalFetch) -> list[str]:
    """Each place that could not be taken, in words; none where the problem is another."""
    said = fetch.problem["params"].get("said") if fetch.problem else None
    return [stored_problem_text(each) for each in said] if isinstance(said, list) else []


def _whole(fetch: ExternalFetch) -> str:
    return _("、").join(list_name(each) for each in fetch.whole.split(",") if each)


def _ignored(fetch: ExternalFetch) -> str:
    """The columns of its file from which nothing was taken."""
    return _("、").join(bilingual(heading(each)) for each in (fetch.ignored or "").split(",") if each)


FETCH_COLUMNS = (
    Column[ExternalFetch](_l("来源"), lambda each: source_name(each.source)),
    Column[ExternalFetch](_l("方式"), lambda each: _(WAYS[each.way])),
    Column[ExternalFetch](_l("文件或者地址"), lambda each: each.place),
    Column[ExternalFetch](_l("文件摘要 (SHA-256)"), lambda each: each.digest),
    Column[ExternalFetch](_l("经办"), lambda each: each.by_name),
    Column[ExternalFetch](_l("开始时间"), lambda each: each.began_at),
    Column[ExternalFetch](_l("取得时间"), lambda each: each.taken_at),
    Column[ExternalFetch](_l("结果"), lambda each: _(OUTCOMES[each.state])),
    Column[ExternalFetch](_l("记录数"), lambda each: each.entries),
    Column[ExternalFetch](_l("本市场单位的"), lambda each: each.matched),
    Column[ExternalFetch](_l("不在本市场的"), lambda each: each.unmatched),
    Column[ExternalFetch](_l("新增或改变"), lambda each: each.changed),
    Column[ExternalFetch](_l("不再有效"), lambda each: each.ended),
    Column[ExternalFetch](_l("全部的名录"), _whole),
    Column[ExternalFetch](_l("没有用的列"), _ignored),
    Column[ExternalFetch](_l("问题"), lambda each: stored_problem_text(each.problem) if each.problem else ""),
)


@bp.get("/credit/fetches")
@login_required
def fetches() -> str | tuple[str, int]:
    """Every fetch with what came of it, a failed one with why."""
    asked = FETCHES.asked()
    query = _fetches(asked)
    counted = query.with_only_columns(ExternalFetch.source, func.count()).order_by(None)
    counts = dict(db.session.execute(counted.group_by(ExternalFetch.source)).all())
    return filters.rendered(
        "credit/fetches.html",
        page=paged(query),
        asked=asked,
        source_name=source_name,
        whole_of=_whole,
        ignored_of=_ignored,
        places_of=_places,
        until=until,
        ways=WAYS,
        outcomes=OUTCOMES,
        chart=rows(
            [(name, counts.get(key, 0)) for key, name in sources()],
            _("各来源的获取次数"),
            [url_for("credit.fetches", source=key) for key, _name in sources()],
        ),
    )


@bp.get("/credit/fetches.<any(csv, xlsx):kind>")
@login_required
def export_fetches(kind: str) -> Response:
    found = db.session.scalars(_fetches(FETCHES.asked(refuse=True)))
    return export("fetches", _("名录获取记录"), kind, FETCH_COLUMNS, found)
