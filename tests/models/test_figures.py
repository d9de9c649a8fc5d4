"""Figures kept as things happen: whatever is counted in whatever order, they are the sum of what stands."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from market.extensions import db
from market.transaction import transaction
from models.actors import Actor
from models.oversight.figures import EVERY_ITEM, Count, Figure, FigureSource, recount, told
from models.regions import NATION, children, covers

PLACES = ("630102", "630100", "632801", "632800", "630000", "540000")
ITEMS = ("WAT-01", "EIA-01")
counts = st.builds(
    Count,
    measure=st.sampled_from(["one", "two"]),
    region_code=st.sampled_from(PLACES),
    item_code=st.sampled_from(ITEMS),
    month=st.sampled_from(["2026-03", "2026-04"]),
    number=st.just(1),
    total=st.integers(-5, 100),
)
batches = st.lists(st.dictionaries(st.integers(1, 4), st.lists(counts, max_size=3), max_size=4), max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
def test_figures_are_the_sum_of_what_each_case_counts_now(app: Any, played: list[Any]) -> None:
    standing: dict[int, list[Count]] = {}
    with transaction() as session:
        session.execute(delete(Figure))
        session.execute(delete(FigureSource))
        for batch in played:
            recount(session, "toy", batch)
            recount(session, "toy", batch)  # once more is once
            standing |= batch
    every = [each for kept in standing.values() for each in kept]
    nobody = Actor(user_id=None, name="")
    for area in (NATION, "630000", "632800", "632801"):
        inside = [each for each in every if area == NATION or covers(area, each.region_code)]
        for by in ("month", "item", "region"):
            found = told(db.session, nobody, area, ["one", "two"], by=by)
            for measure in ("one", "two"):
                own = [each for each in inside if each.measure == measure]
                assert sum(each.number for each in found if each.measure == measure) == len(own)
                assert sum(t.total for t in found if t.measure == measure) == sum(c.total for c in own)
        parts = {each.by for each in told(db.session, nobody, area, ["one"], by="region")}
        assert parts <= {area, *children(area)}
    db.session.rollback()


def test_a_line_of_work_reads_its_own_items_alone(app: Any) -> None:
    with transaction() as session:
        recount(
            session,
            "toy",
            {n: [Count("one", "630102", item, "2026-03", 1, 7)] for n, item in enumerate(ITEMS)},
        )
    water = Actor(user_id=None, name="", department="水利")
    assert [(each.by, each.number) for each in told(db.session, water, "630000", ["one"], by="month")] == [
        ("2026-03", 1)
    ]
    assert [each.by for each in told(db.session, water, "630000", ["one"], by="item")] == ["WAT-01"]
    everybody = Actor(user_id=None, name="")
    assert [each.number for each in told(db.session, everybody, "630000", ["one"], by="month")] == [2]
    assert not told(db.session, everybody, "630000", ["one"], by="month", since="2026-04")
    assert db.session.scalar(select(Figure.number).where(Figure.item_code == EVERY_ITEM).limit(1)) == 2
    db.session.rollback()
