"""What the search box answers above its list: the item that is meant, and what it costs there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, request
from sqlalchemy import select

from market import lookup
from market.extensions import db
from market.lookup import Lookup
from market.options import region_asked
from models import spelling
from models.accounts import Organisation
from models.agencies.fees import schedules_in_force
from models.catalogue import ServiceItem
from models.regions import above
from search import Hits, Query
from search.interpretation import Interpretation, interpret

MOST_READ = 200  # agencies whose prices are read where there is no index that keeps them in order


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, and what became of it.

    `numbers` are the identifiers in it; `meant` what the rest was understood as, nothing where it is taken as
    it was typed.
    """

    typed: str
    numbers: list[Lookup]
    meant: Interpretation

    @property
    def merely_numbers(self) -> bool:
        return bool(self.numbers) and not self.meant.words and not self.meant.item and not self.meant.region


@dataclass(frozen=True, slots=True)
class Prices:
    """What agencies publish for an item's example job, in fen, and how many they are."""

    least: int
    middle: int
    most: int
    agencies: int


def search(asked: Query) -> Hits:
    hits: Hits = current_app.extensions["search"].search(db.session, asked)
    return hits


def understand(items: list[ServiceItem]) -> Asked:
    """What this page was asked in words, which `as=typed` takes as they are."""
    typed = request.args.get("q", "")[:100].strip()
    numbers, rest = lookup.numbers_in(typed)
    if request.args.get("as") == "typed" or not rest:
        return Asked(typed, numbers, Interpretation(words=rest))
    return Asked(typed, numbers, interpret(rest, current_app.config["AREA"], items))


def merged(asked: Asked, chosen: Query) -> Query:
    """The question: what was chosen in the filters, and what the words mean where nothing was chosen."""
    meant = asked.meant
    item = chosen.item or meant.item
    cheapest_first = meant.priced and item and "order" not in request.args
    return replace(
        chosen,
        words=meant.words,
        item=item,
        region=chosen.region or meant.region,
        order="price" if cheapest_first else chosen.order,
    )


def answered(asked: Asked, query: Query) -> tuple[Query, Hits]:
    """What is found, and the question it answers.

    Where nobody is found by all that was typed, the words, and then the place, are held less strictly: those
    of a wider area are better than nobody.
    """
    hits = search(query)
    tried = query
    for wider in _wider(asked, query) if not hits.total else ():
        tried, hits = wider, search(wider)
        if hits.total:
            return tried, hits
    return query, hits


def _wider(asked: Asked, query: Query) -> Iterator[Query]:
    loose = asked.meant.region == query.region and not region_asked()
    areas = above(query.region)[1:] if query.region and loose else []
    if query.words and areas:
        yield replace(query, region=areas[-1])
    without = replace(query, words="") if query.item or query.region else query
    if without != query:
        yield without
    for area in areas:
        yield replace(without, region=area)


def suggested(asked: Asked, query: Query, most: int = 3) -> list[str]:
    """The codes of other items the words may mean."""
    if asked.meant.item or (query.item and not asked.typed):
        found = asked.meant.items
    elif asked.typed and not asked.merely_numbers:
        found = current_app.extensions["search"].items(db.session, asked.meant, asked.typed, size=most)
    else:
        found = []
    return [code for code in found if code != query.item][:most]


def called(asked: Asked, rows: list[Organisation]) -> list[Organisation]:
    """Agencies that are called what was typed, though it was understood otherwise, and are not shown yet."""
    said = spelling.name(asked.typed)
    if len(said) < 2 or not (asked.meant.item or asked.meant.region):
        return []
    keys = search(Query(words=asked.typed, size=3)).keys
    found = db.session.scalars(select(Organisation).where(Organisation.identifier.in_(keys)))
    return [o for o in found if said in spelling.name(o.name) and o not in rows]


def prices(item: ServiceItem | None, region: str) -> Prices | None:
    """The least, the middle and the most of what agencies of an area publish for an item's example job.

    The index keeps them in the order of their prices: it is asked for the first, the one in the middle and
    the last, however many there are.
    """
    if item is None:
        return None
    ordered = Query(item=item.code, region=region, least=0, order="price", size=1)  # those with a price
    first = search(ordered)
    if not first.total:
        return None
    if first.backend == "sql":  # which knows no prices
        keys = search(replace(ordered, size=MOST_READ)).keys if first.total <= MOST_READ else []
    else:
        places = {2: (first.total + 1) // 2, 3: first.total}
        keys = [
            *first.keys,
            *(key for page in places.values() for key in search(replace(ordered, page=page)).keys),
        ]
    found = sorted(_published(item, keys))
    return Prices(found[0], found[(len(found) - 1) // 2], found[-1], first.total) if found else None


def _published(item: ServiceItem, keys: list[str]) -> list[int]:
    ids: Any = db.session.scalars(select(Organisation.id).where(Organisation.identifier.in_(keys))).all()
    return [
        price
        for s in schedules_in_force(db.session, item_code=item.code, agency_ids=ids)
        if (price := s.price_if_any(item.example)) is not None
    ]
