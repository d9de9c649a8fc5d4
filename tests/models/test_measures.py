"""What the market's cases count: each measure where it arises, and taken back where it no longer does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from harness.factories import World
from market.contracts.actions import delivering
from market.extensions import db
from market.jobs import drain
from market.transaction import transaction
from models import events
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.oversight import figures
from models.oversight.figures import Told
from models.oversight.measures import SOURCES, UNITS


def _told(world: World, by: str = "month") -> dict[str, tuple[int, int]]:
    drain()
    found: list[Told] = figures.told(db.session, world.actor("admin"), "630000", [*UNITS], by=by)
    db.session.rollback()
    return {each.measure: (each.number, each.total) for each in found}


def test_each_step_of_a_contract_counts_once(world: World, time: Any) -> None:
    world.appoint_admin()
    contract = world.started(price=4_000_000)
    assert _told(world) == {
        "published": (1, 0),
        "awarded": (1, 4_000_000),
        "awarded.published_price": (1, _published()),
        "awarded.single": (1, 4_000_000),
        "signed": (1, 4_000_000),
    }
    world.supplied(contract)
    report = world.delivered(contract)
    world.accepted(report)
    delivering.send_back(
        world.actor("department"), report, codes=["data"], fault="agency", reason="请修改后重报"
    )
    found = _told(world)
    assert (found["delivered"], found["reviewed"]) == ((1, 1), (1, 0))
    world.delivered(contract)
    world.accepted(report)
    delivering.pass_review(world.actor("department"), report)
    world.paid(contract, "settlement")
    found = _told(world)
    assert (found["completed"], found["reviewed"]) == ((1, 4_000_000), (1, 0)), "its second pass is no first"


def _published() -> int:
    from models.sourcing.awards import Award

    return int(db.session.scalar(select(Award.published_price)) or 0)


def test_read_again_from_the_beginning_they_are_the_same(world: World, time: Any) -> None:
    world.appoint_admin()
    world.settled()
    world.settled(agency="second")
    once = _told(world)
    assert once["completed"][0] == db.session.scalar(select(func.count()).select_from(Contract)) == 2
    assert once["reviewed"][0] == db.session.scalar(select(func.count()).select_from(Deliverable)) == 2
    with transaction() as session:
        events.rewind(session, "figures")
    assert _told(world) == once


def test_a_batch_of_events_takes_no_statement_more_for_each_case(world: World, time: Any) -> None:
    from tests.test_queries import _Count

    world.appoint_admin()
    sizes = []
    for _number in range(2):
        world.settled()
        drain()
        keys = {name: list(db.session.scalars(select(each.case_class.id))) for name, each in SOURCES.items()}
        with _Count() as counted:
            for name, source in SOURCES.items():
                assert list(source.counts(db.session, keys[name]))
        sizes.append(len(counted.statements))
        db.session.rollback()
    assert sizes[0] == sizes[1]


def test_every_measure_has_its_unit(world: World, time: Any) -> None:
    world.appoint_admin()
    world.settled()
    assert set(_told(world)) == set(UNITS)
