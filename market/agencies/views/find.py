"""Finding agencies: a search with filters that count, and suggestions while one types."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.agencies.blueprint import bp
from market.case_views import page_numbered
from market.config import PAGE_SIZE
from market.extensions import db
from market.formatting import item_name
from market.options import region_asked, region_choices
from market.pagination import Page, page_number
from models import money
from models.accounts import Organisation
from models.agencies.fees import schedules_in_force
from models.catalogue import ServiceItem, current_items
from models.credit.score import CreditScore
from search import Hits, Query
from search.analysis import marked
from search.query import GRADES


def _fen(name: str, wrong: list[str]) -> int | None:
    """A limit of the price, in fen; one that cannot be read is no limit, and named in `wrong`."""
    typed = request.args.get(name, "").strip()
    try:
        return money.parse(typed) if typed else None
    except ValueError:
        wrong.append(name)
        return None


def _counted(options: list[tuple[str, str]], counts: dict[str, int], chosen: str) -> list[tuple[str, str]]:
    """A filter's options with how many there are of each; those without any are left out, unless chosen."""
    return [
        (value, f"{text} · {counts.get(value, 0)}")
        for value, text in options
        if counts.get(value) or value == chosen
    ]


def _search(asked: Query) -> Hits:
    hits: Hits = current_app.extensions["search"].search(db.session, asked)
    return hits


@bp.get("/agencies")
def find() -> str | tuple[str, int] | Response:
    numbered = page_numbered(request.args.get("q", ""))
    if numbered:
        return redirect(numbered, 303)
    wrong: list[str] = []
    asked = Query(
        words=request.args.get("q", "")[:100],
        item=request.args.get("item", ""),
        region=region_asked(),
        grade=request.args.get("grade", ""),
        held=request.args.get("held", ""),
        least=_fen("least", wrong),
        most=_fen("most", wrong),
        order=request.args.get("order", "relevance"),
        counts=True,
        page=page_number(),
        size=PAGE_SIZE,
    )
    hits = _search(asked)
    found = {
        o.identifier: o
        for o in db.session.scalars(select(Organisation).where(Organisation.identifier.in_(hits.keys)))
    }
    rows = [found[key] for key in hits.keys if key in found]
    items = {item.code: item for item in current_items(db.session)}
    page = render_template(
        "agencies/find.html",
        wrong=wrong,
        how=money.HOW,
        asked=asked,
        page=Page(rows, asked.page, hits.total),
        scores=_scores(rows),
        offers=_offers(rows, items.get(asked.item)),
        matching=[items[code] for code in _matching(asked) if code in items],
        marked=marked,
        options=_options(hits, asked, items),
        item=items.get(asked.item),
        orders={
            "relevance": _("相关"),
            "grade": _("信用"),
            "price": _("价格从低到高"),
            "speed": _("工期从短到长"),
        },
    )
    return (page, 422) if wrong else page


def _scores(rows: list[Organisation]) -> dict[int, CreditScore]:
    query = select(CreditScore).where(CreditScore.agency_id.in_([o.id for o in rows]))
    return {score.agency_id: score for score in db.session.scalars(query)}


def _offers(rows: list[Organisation], item: ServiceItem | None) -> dict[int, Any]:
    """What the agencies of this page publish for the item: schedule and price of its example job."""
    if item is None:
        return {}
    return {
        s.agency_id: (s, s.price(item.example))
        for s in schedules_in_force(db.session, item_code=item.code, agency_ids=[o.id for o in rows])
    }


def _matching(asked: Query) -> list[str]:
    return _search(Query(words=asked.words, kind="item", size=3)).keys if asked.words else []


def _options(hits: Hits, asked: Query, items: dict[str, ServiceItem]) -> dict[str, list[tuple[str, str]]]:
    """Each filter's options with their counts."""
    counts = hits.counts
    return {
        "item": _counted(
            [(item.code, item_name(item)) for item in items.values()], counts["items"], asked.item
        ),
        "region": _counted(region_choices(), counts["regions"], asked.region),
        "grade": [
            (grade, f"{_('未评') if grade == 'none' else grade} · {counts['grade'].get(grade, 0)}")
            for grade in GRADES
        ],
        "held": _counted(
            [(kind, kind) for kind in sorted({*counts["held"], asked.held} - {""})],
            counts["held"],
            asked.held,
        ),
    }


@bp.get("/suggest")
def suggest() -> str:
    """What somebody who is typing may mean: items first, then agencies; a piece of a page."""
    words = request.args.get("q", "")[:40]
    codes = _search(Query(words=words, kind="item", typing=True, size=5)).keys if words.strip() else []
    keys = _search(Query(words=words, typing=True, size=4)).keys if words.strip() else []
    items = {item.code: item for item in current_items(db.session)}
    found = {
        o.identifier: o
        for o in db.session.scalars(select(Organisation).where(Organisation.identifier.in_(keys)))
    }
    return render_template(
        "agencies/suggest.html",
        items=[items[code] for code in codes if code in items],
        agencies=[found[key] for key in keys if key in found],
        words=words,
        marked=marked,
    )
