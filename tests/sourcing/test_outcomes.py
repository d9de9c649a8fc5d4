"""What a tender came to, and what merit is scored by, are stored as they always were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from harness.factories import World
from market.extensions import db
from market.transaction import transaction
from models.base import Json
from models.sourcing.outcomes import Outcome
from models.sourcing.scoring import Criteria
from models.sourcing.tenders import Tender
from tests.sourcing.test_merit import CRITERIA
from tests.web import Visitor

NAMES = ["B-1", "B-2"]
LINK = {"answers": NAMES, "ties": ["representative"]}
REFERENCE = {
    "mean": 100,
    "percent": "95",
    "price": 95,
    "counted": 2,
    "kept": [90, 110],
    "dropped": [],
    "trim_from": 6,
    "source": "规则",
}
OLD_REFERENCE = {"mean": 100, "percent": "95.5", "price": 96, "counted": 2}


@pytest.mark.parametrize(
    "stored",
    [
        {"linked": [LINK]},
        {"linked": [], "order": NAMES, "ranking": []},
        {"linked": [], "order": NAMES, "percent": "95", "reference": REFERENCE, "ranking": NAMES},
        {"linked": [], "order": NAMES, "percent": "95.5", "reference": OLD_REFERENCE, "ranking": NAMES},
        {
            "linked": [LINK],
            "order": NAMES,
            "ranking": NAMES,
            "points": {"B-1": {"price": 40.0}, "B-2": {"price": 33.33}},
            "totals": {"B-1": 40.0, "B-2": 33.33},
        },
    ],
    ids=["closed", "none left", "reference", "reference before its prices were kept", "merit"],
)
def test_an_outcome_is_read_and_stored_unchanged(stored: Json) -> None:
    assert Outcome.from_json(stored).to_json() == stored


def test_criteria_are_read_and_stored_unchanged() -> None:
    assert Criteria.from_json(CRITERIA).to_json() == CRITERIA


def test_the_column_has_plain_json(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    bids = world.bids(tender, agency=300, second=400, third=500)
    time.closing(tender)
    found = Tender.load(db.session, tender)
    stored = db.session.execute(text("SELECT outcome, criteria FROM tenders")).one()
    outcome, criteria = (json.loads(each) if isinstance(each, str) else each for each in stored)
    assert outcome == {"linked": [], "order": found.outcome.order, "ranking": list(bids.values())}
    assert criteria is None


def test_a_row_of_an_older_release_is_read_and_its_page_opens(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(mode="reference_price", funds="state")
    bids = world.bids(tender, agency=300, second=400, third=500)
    time.closing(tender)
    order = list(bids.values())
    old = {"order": order, "percent": "95.5", "reference": OLD_REFERENCE, "ranking": order}
    with transaction() as session:
        session.execute(
            text("UPDATE tenders SET outcome = :old, criteria = 'null'"), {"old": json.dumps(old)}
        )
    found = Tender.load(db.session, tender)
    assert (found.outcome.ranking, found.outcome.reference.price, found.outcome.linked) == (order, 96, [])
    assert found.criteria is None
    page = Visitor(app).get(f"/requests/{tender}")
    assert page.status == 200
    assert "参考价的计算" not in page.text, "of which no prices were kept"
