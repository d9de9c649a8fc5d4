"""A new selection mode is one module and its table of the policy: `modes/nearest_budget`, start to end."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from market.sourcing.actions import awards, quotes
from models import draws, policy
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.sourcing import modes
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.modes import MODES
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

HERE = Path(__file__).parent / "modes"


@pytest.fixture(autouse=True)
def nearest_budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module stands in the package and its table in the policy, for the length of a test."""
    before = dict(MODES)
    table = tomllib.loads((HERE / "nearest_budget.toml").read_text(encoding="utf-8"))
    for book in policy.versions():
        monkeypatch.setitem(book.values["mode"], "nearest_budget", table["mode"]["nearest_budget"])
    monkeypatch.setattr(modes, "__path__", [*modes.__path__, str(HERE)])
    modes.load_modes()
    yield
    sys.modules.pop("models.sourcing.modes.nearest_budget")
    MODES.clear()
    MODES.update(before)


def test_it_is_published_answered_opened_and_awarded(app: Flask, world: World, time: Any) -> None:
    with pytest.raises(RuleViolation, match="最接近它的中选"):
        world.tender(mode="nearest_budget", funds="state")
    tender = world.tender(mode="nearest_budget", funds="state", budget=4_600_000)
    bids = world.bids(tender, agency=3_000_000, second=4_500_000, third=4_000_000)
    with pytest.raises(RuleViolation):
        quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    assert all(bid.price is None for bid in db.session.query(Bid))
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert (found.state, found.outcome.ranking) == (
        "evaluated",
        [bids[name] for name in ("second", "third", "agency")],
    )
    (draw,) = draws.of_case(db.session, tender)
    assert found.outcome.order == draw.result
    award = awards.award(world.actor("buyer"), tender, reasons="开启的投标中最接近预算")
    assert Award.load(db.session, award).agency.identifier == world.identifiers["second"]
    time.instant = Award.load(db.session, award).public_until
    awards.finalise(world.actor("system"), award)
    assert db.session.query(Contract).one().agency.identifier == world.identifiers["second"]


def test_every_page_knows_it(app: Flask, world: World, time: Any) -> None:
    form = sign_in(app, world, "buyer").get(f"/requests/{world.tender(publish=False)}/edit/choice")
    offered = [option["value"] for option in form.soup.select("input[name=mode]")]
    assert set(offered) == set(MODES)
    places = [offered.index(name) for name in ("reference_price", "nearest_budget", "reverse_auction")]
    assert places == sorted(places)
    assert "最接近预算" in Visitor(app).get("/policy").text
    tender = world.tender(mode="nearest_budget", funds="state", budget=4_600_000)
    listed = Visitor(app).get("/requests?mode=nearest_budget").text
    assert tender in listed
    assert "最接近预算" in listed
    page = Visitor(app).get(f"/requests/{tender}").text
    assert "相差 5% 以内视为接近。" in page
    assert "标的价" in page
    answer = sign_in(app, world, "agency").get(f"/requests/{tender}/answer").text
    assert "标的价 ¥ 46,000.00。" in answer
    assert "提交后立即加密" in answer


def test_too_few_turn_it_into_the_mode_its_table_names(world: World, time: Any) -> None:
    tender = world.tender(mode="nearest_budget", funds="private", budget=4_600_000)
    world.bids(tender, agency=3_000_000)
    time.closing(tender)
    assert Tender.load(db.session, tender).extended
    time.closing(tender)
    assert Tender.load(db.session, tender).mode == "inquiry"
