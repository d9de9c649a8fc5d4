"""What a page says will follow from an act is what follows, also where the clock carries on at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from market.formatting import format_instant
from market.sourcing.actions import awards, closing, quotes, tenders
from market.transaction import transaction
from models.cases import Case
from models.contracts.deliverables import Deliverable
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender
from tests.web import sign_in

SAID = re.compile("状态变为“(.+?)”")


def said(app: Flask, world: World, path: str) -> str:
    """The state the act's page says it leads to."""
    page = sign_in(app, world, "buyer").get(path).text
    found = SAID.search(page)
    assert found, page
    return found[1]


def stands(model: type[Case], identifier: str) -> str:
    db.session.rollback()
    return str(model.load(db.session, identifier).state_label)


@pytest.mark.parametrize("funds", ["private", "state"])
def test_an_award_leads_to_a_publicity_period_only_where_there_is_one(
    app: Flask, world: World, time: Any, funds: str
) -> None:
    tender = world.tender(funds=funds)
    for name in ("agency", "second", "third"):
        quotes.submit(world.actor(name), tender, price=4_000_000, days=20)
    if funds == "private":
        follows = said(app, world, f"/requests/{tender}/close")
        closing.close(world.actor("buyer"), tender)
        assert follows == stands(Tender, tender) == "待确定中选"
    else:
        time.closing(tender)
    follows = said(app, world, f"/requests/{tender}/award")
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )
    assert follows == stands(Tender, tender)
    assert (follows == "中选公示") == (Award.load(db.session, award).state == "proposed"), follows


@pytest.mark.parametrize("reviewed", [True, False])
def test_what_no_department_reviews_is_done_when_it_is_accepted(
    app: Flask, world: World, reviewed: bool
) -> None:
    contract = world.started()
    world.supplied(contract)
    deliverable = world.delivered(contract)
    with transaction() as session:
        Deliverable.lock(session, deliverable).milestone.reviewed = reviewed
    follows = said(app, world, f"/deliverables/{deliverable}/accept")
    world.accepted(deliverable)
    assert follows == stands(Deliverable, deliverable)
    assert (Deliverable.load(db.session, deliverable).state == "accepted") == reviewed


def test_people_are_told_the_deadline_and_not_when_it_is_closed(app: Flask, world: World) -> None:
    draft = world.tender(publish=False)
    buyer = sign_in(app, world, "buyer")
    found = Tender.load(db.session, draft)
    shown, closed = format_instant(found.deadline), format_instant(found.closes_at)
    before = buyer.get(f"/requests/{draft}/publish").text
    tenders.publish(world.actor("buyer"), draft)
    after = buyer.get(f"/requests/{draft}").text
    for page in (before, after):
        assert (shown in page, closed in page) == (True, False)
