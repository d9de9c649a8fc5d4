"""The reference price that trimmed to the middle of three.

The plain mean of few bids, whole percentages, and every step of the reckoning to be seen, printed and re-run.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import World
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.sourcing.actions import awards
from market.sourcing.jobs import _rows
from models import draws, money, policy, workdays
from models.sourcing.awards import Award
from models.sourcing.modes.reference_price import percentages, reference
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_draw.py"
VERSION = policy.current().version


def verifier() -> Any:
    """The stand-alone program as a module."""
    found = importlib.util.spec_from_file_location("verify_draw", VERIFIER)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


PROGRAM = verifier()


@given(st.lists(st.integers(1, 10**13), min_size=1, max_size=20), st.sampled_from(percentages(VERSION)))
def test_few_are_averaged_whole_and_many_without_the_ends(prices: list[int], percent: str) -> None:
    found = reference(prices, percent, VERSION)
    ordered = sorted(prices)
    wanted = ordered[1:-1] if len(prices) >= 6 else ordered
    assert found.kept == wanted
    assert sorted(found.kept + found.dropped) == ordered, "nothing is lost, nothing counted twice"
    exact = Fraction(sum(wanted), len(wanted)) * int(percent) / 100
    assert abs(found.price - exact) <= Fraction(1, 2)
    assert min(wanted) * 95 <= found.price * 100 + 50
    assert found.price * 100 - 50 <= max(wanted) * 98
    bids = {f"B-{number}": price for number, price in enumerate(prices)}
    nearest = sorted(bids, key=lambda bid: abs(bids[bid] - found.price))
    file = {
        "result": [percent],
        "reference": {"prices": bids, "trim_from": found.trim_from, "price": found.price, "ranking": nearest},
    }
    assert PROGRAM.reference_faults(file) == []
    assert (
        PROGRAM.reference_faults({**file, "reference": {**file["reference"], "price": found.price + 1}}) != []
    )


def test_percentages_are_whole_and_the_step_is_the_policys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert percentages(VERSION) == ["95", "96", "97", "98"]
    monkeypatch.setitem(policy.current().values["choosing"], "reference_percent_step", "0.5")
    assert percentages(VERSION) == ["95.0", "95.5", "96.0", "96.5", "97.0", "97.5", "98.0"]


def test_from_how_many_bids_on_is_the_policys_and_never_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(policy.current().values["choosing"], "reference_trim_from", 3)
    assert reference([100, 200, 900], "95", VERSION).kept == [200]
    monkeypatch.setitem(policy.current().values["choosing"], "reference_trim_from", 1)
    assert reference([100, 200], "95", VERSION).kept == [100, 200]


@pytest.mark.parametrize("count", [3, 6])
def test_the_whole_reckoning_is_on_both_pages_in_the_notice_and_in_the_file(
    app: Flask, world: World, time: Any, tmp_path: Path, count: int
) -> None:
    names = ["agency", "second", "third", "fourth", "fifth", "sixth"][:count]
    for name in names[3:]:
        world.agency(name, 5_000_000)
    tender = world.tender(mode="reference_price", funds="state")
    prices = dict(
        zip(names, (4_000_001, 4_100_000, 4_200_000, 4_300_000, 3_900_000, 4_450_000), strict=False)
    )
    world.bids(tender, **prices)
    visitor = Visitor(app)
    percent = next(draw for draw in draws.of_case(db.session, tender) if draw.purpose == "percent").identifier
    assert "reference" not in visitor.get(f"/draws/{percent}.json").response.get_json(), (
        "nothing before the opening"
    )
    assert "不足的全部平均" in visitor.get(f"/requests/{tender}").text
    time.closing(tender)
    award = awards.award(world.actor("buyer"), tender, reasons="最接近参考价")
    outcome = Tender.load(db.session, tender).outcome.reference
    kept = sorted(prices.values())[1:-1] if count == 6 else sorted(prices.values())
    assert outcome.kept == kept
    said = [
        " + ".join(money.show(price) for price in kept),
        money.show(outcome.mean),
        f"{outcome.percent}%",
        money.show(outcome.price),
        outcome.source,
    ]
    said.append("去掉最低" if count == 6 else "全部计入平均")
    for path in (f"/requests/{tender}", f"/awards/{award}"):
        card = visitor.get(path).soup.select_one("#reference")
        assert card is not None
        for words in [*said, *(money.show(price) for price in prices.values())]:
            assert words in card.get_text(" "), (path, words)
    printed = dict(_rows(Award.load(db.session, award)))["参考价的计算"]
    assert all(words in printed for words in said[:5])
    path = tmp_path / "draw.json"
    file = visitor.get(f"/draws/{percent}.json").response.get_json()
    for change, status in (
        ({}, 0),
        ({"price": outcome.price + 1}, 1),
        ({"ranking": file["reference"]["ranking"][::-1]}, 1),
    ):
        path.write_text(json.dumps({**file, "reference": {**file["reference"], **change}}), encoding="utf-8")
        assert (
            subprocess.run(
                [sys.executable, "-I", str(VERIFIER), str(path)], capture_output=True, check=False
            ).returncode
            == status
        ), change
    visitor.post("/language/en", {"back": "/"})
    assert "The nearest to the reference price comes first" in visitor.get(f"/awards/{award}").text
    time.instant = workdays.add(time.instant, 3)
    run_deadlines()
    drain()
    drain()
    assert visitor.get(f"/papers/{award}.pdf").response.get_data().startswith(b"%PDF")


def test_the_file_of_an_invited_tenders_draw_tells_a_stranger_no_prices(
    app: Flask, world: World, time: Any
) -> None:
    names = ("agency", "second", "third")
    tender = world.tender(
        mode="reference_price",
        funds="state",
        openness="invited",
        invited=[world.identifiers[name] for name in names],
    )
    world.bids(tender, **dict.fromkeys(names, 4_000_000))
    time.closing(tender)
    percent = next(draw for draw in draws.of_case(db.session, tender) if draw.purpose == "percent").identifier
    stranger = Visitor(app).get(f"/draws/{percent}.json")
    assert (stranger.status, "40,000" in stranger.text, "B-2026" in stranger.text) == (404, False, False), (
        "nor that there is a draw"
    )
    assert "reference" in sign_in(app, world, "second").get(f"/draws/{percent}.json").response.get_json(), (
        "an invited one re-runs it"
    )


def test_a_version_of_the_policy_stays_as_it_was_published() -> None:
    old, new = policy.get("2026-11"), policy.get("2026-12")
    assert [old.number("choosing.reference_trim_from"), old.text("choosing.reference_percent_step")] == [
        3,
        "0.5",
    ]
    assert [new.number("choosing.reference_trim_from"), new.text("choosing.reference_percent_step")] == [
        6,
        "1",
    ]
    assert old.text("cancelling.consent.state") == "never", "what it did not name is as it was under it"
    assert policy.current() is new


def test_a_tender_of_an_older_version_goes_on_by_its_rules(world: World) -> None:
    tender = Tender.load(db.session, world.tender(mode="sealed_bid", funds="state"))
    tender.policy_version = "2026-11"
    assert tender.questions_until == tender.deadline
    assert not tender.cancels_with_consent
    tender.policy_version = "2026-12"
    assert tender.questions_until < tender.deadline
    assert tender.cancels_with_consent
