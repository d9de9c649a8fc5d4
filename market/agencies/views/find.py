"""Finding agencies: a search with filters that count, and suggestions while one types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import current_app, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from market import filters
from market.agencies.blueprint import bp
from market.agencies.rows import invitation, job_or_example, may_invite, rows_of
from market.agencies.views import answering
from market.config import PAGE_SIZE
from market.extensions import db
from market.filters import Choice, Filters, Linked
from market.formatting import catalogued, item_name
from market.options import region_asked, region_choices
from market.pagination import last_if_beyond, page_number
from market.quantities import size_typed
from models.accounts import Organisation
from models.agencies.certificates import Qualification
from models.agencies.shortlist import most_compared
from models.catalogue import ServiceItem, current_items
from search import Hits, Query
from search.analysis import marked
from search.interpretation import interpret
from search.query import GRADES, in_region


def _held(typed: str) -> str | None:
    """A kind of qualification that somebody has, or had."""
    known = db.session.scalar(select(Qualification.kind).where(Qualification.kind == typed).limit(1))
    return catalogued(known) if known else None


FILTERS = Filters(
    filters.item(),
    filters.region(_l("服务地区")),
    Choice("grade", _l("等级"), lambda: [(grade, grade) for grade in GRADES]),
    Linked("held", _l("资质"), finds=_held),
    *filters.prices(),
)


def _counted(options: list[tuple[str, str]], counts: dict[str, int], chosen: str) -> list[tuple[str, str]]:
    """A filter's options with how many there are of each; those without any are left out, unless chosen."""
    return [
        (value, f"{text} · {counts.get(value, 0)}")
        for value, text in options
        if counts.get(value) or value == chosen
    ]


@bp.get("/agencies")
def find() -> str | tuple[str, int] | Response:
    items = {item.code: item for item in current_items(db.session)}
    said = answering.understand(list(items.values()))
    if said.merely_numbers and len(said.numbers) == 1 and said.numbers[0].url:
        return redirect(said.numbers[0].url, 303)
    chosen = FILTERS.asked()
    wrong: dict[str, str] = {}
    filtered = Query(
        item=chosen.get("item", ""),
        region=chosen.get("region", ""),
        grade=chosen.get("grade", ""),
        held=chosen.get("held", ""),
        least=int(chosen["least"]) if "least" in chosen else None,
        most=int(chosen["most"]) if "most" in chosen else None,
        order=request.args.get("order", "relevance"),
        counts=True,
        page=page_number(),
        size=PAGE_SIZE,
    )
    query = answering.merged(said, filtered)
    nothing = said.merely_numbers or filters.wrong()
    asked, hits = (query, Hits()) if nothing else answering.answered(said, query)
    shown = last_if_beyond(hits.total, PAGE_SIZE)
    if shown.beyond:
        asked = replace(asked, page=shown.number)
        hits = answering.search(asked)
    item = items.get(asked.item)
    job = job_or_example(item, wrong)
    found = {
        o.identifier: o
        for o in db.session.scalars(select(Organisation).where(Organisation.identifier.in_(hits.keys)))
    }
    agencies = [found[key] for key in hits.keys if key in found]
    page = render_template(
        "agencies/find.html",
        wrong=wrong,
        chosen=chosen,
        asked=asked,
        page=replace(shown, rows=rows_of(agencies, item, job)),
        region_typed=region_asked() or asked.region,
        said=said,
        meant=query,
        others=[items[code] for code in answering.suggested(said, query) if code in items],
        called=answering.called(said, agencies),
        prices=answering.prices(item, asked.region),
        job=job,
        size=size_typed(),
        most=most_compared(),
        may_invite=may_invite(),
        invitation=invitation,
        marked=marked,
        options=_options(hits, asked, items),
        item=item,
        orders={
            "relevance": _("相关"),
            "grade": _("信用"),
            "price": _("价格从低到高"),
            "speed": _("工期从短到长"),
        },
    )
    return (page, 422) if wrong or filters.wrong() else page


def _options(hits: Hits, asked: Query, items: dict[str, ServiceItem]) -> dict[str, Any]:
    """Each filter's options with their counts."""
    counts = hits.counts
    return {
        "item": _counted(
            [(item.code, item_name(item)) for item in items.values()], counts["items"], asked.item
        ),
        "region": {code: in_region(counts["regions"], code) for code, _name in region_choices()},
        "grade": [
            (grade, f"{_('未评') if grade == 'none' else grade} · {counts['grade'].get(grade, 0)}")
            for grade in GRADES
        ],
        "held": _counted(
            [(kind, catalogued(kind)) for kind in sorted({*counts["held"], asked.held} - {""})],
            counts["held"],
            asked.held,
        ),
    }


@bp.get("/suggest")
def suggest() -> str:
    """What somebody who is typing may mean: items first, then agencies; a piece of a page."""
    words, items = request.args.get("q", "")[:40].strip(), current_items(db.session)
    meant = interpret(words, current_app.config["AREA"], items)
    index = current_app.extensions["search"]
    codes = index.items(db.session, meant, words, typing=True, size=5) if words else []
    asked = Query(words=meant.words, item=meant.item, region=meant.region, typing=True, size=4)
    keys = index.search(db.session, asked).keys if words else []
    by_code = {item.code: item for item in items}
    found = {
        o.identifier: o
        for o in db.session.scalars(select(Organisation).where(Organisation.identifier.in_(keys)))
    }
    return render_template(
        "agencies/suggest.html",
        items=[by_code[code] for code in codes if code in by_code],
        agencies=[found[key] for key in keys if key in found],
        words=words,
        marked=marked,
    )
