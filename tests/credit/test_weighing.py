"""What a record weighs: by what was seen of its contract, who its buyer is one with, and what is hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from harness.factories import PDF, World
from market.contracts.actions import changing
from market.credit.actions import scores
from market.extensions import db
from market.files import File
from market.jobs import drain, run_deadlines
from market.payments.actions import paying
from market.ratings.actions import appealing
from market.ratings.actions import rating as ratings
from market.transaction import transaction
from models import clock, workdays
from models.accounts import Organisation
from models.contracts.agreement import Contract
from models.credit import kept, policy, rating_facts, weighing
from models.credit.evidence import Evidence, Sheet, share
from models.credit.identities import IdentityLink
from models.credit.past import CreditHistory
from models.credit.rating_facts import ItemMean, RatingFact
from models.credit.rating_mean import leniency
from models.credit.score import of_agency
from models.credit.weighing import Parts, of_contracts
from models.payments.payment import Payment
from models.ratings.rating import DIMENSIONS, Rating
from tests.web import Visitor


def rated(world: World, by: str, agency: str = "agency", stars: int = 4, *, read: bool = True) -> str:
    """A contract of one of the enterprises, settled and rated; returns the buyer's rating."""
    contract = world.settled_unrated(agency)
    for side, name, given in (("buyer", "buyer", stars), ("agency", agency, 5)):
        rating = world.one(Rating, contract, by=side).identifier
        ratings.rate(world.actor(name), rating, scores=dict.fromkeys(DIMENSIONS[side], given), comment="好")
    found, buyer = world.one(Rating, contract, by="buyer"), world.organisation(by).id
    identifier, key = found.identifier, found.contract_id
    db.session.rollback()
    with transaction() as session:  # as if it had bought it
        session.execute(update(Rating).where(Rating.identifier == identifier).values(rater_id=buyer))
        session.execute(update(Contract).where(Contract.id == key).values(buyer_id=buyer))
    if read:
        drain()
    return str(identifier)


def sheet_of(world: World, agency: str = "agency", until: datetime | None = None) -> Sheet:
    db.session.rollback()
    return of_agency(db.session, world.organisation(agency).id, until)


def facts(sheet: Sheet, line: str, name: str) -> list[Any]:
    found = sheet.line(line)
    assert found is not None
    return [each.facts[name] for each in found.evidence]


def is_kept(world: World, agency: str) -> bool:
    """Whether what is kept of an agency is what its records say now."""
    sheet, key = sheet_of(world, agency), world.organisation(agency).id
    return kept.stored_score(db.session, [key])[key][:2] == (
        round(sheet.score * 10),
        round(sheet.half_width * 10),
    )


def link(world: World, one: str, other: str) -> None:
    keys = sorted(world.organisation(name).id for name in (one, other))
    db.session.rollback()
    with transaction() as session:
        session.add(
            IdentityLink(one_id=keys[0], other_id=keys[1], tie="owner", found_at=clock.now() - timedelta(1))
        )


def test_linked_buyers_are_one_in_shares_and_stars_and_the_file_does_not_say_which(
    app: Flask, world: World
) -> None:
    for name in ("b", "c"):
        world.enterprise(name)
    for name in ("buyer", "b", "c"):
        rated(world, name)
    for line in ("ratings", "on_time", "first_pass", "complaints"):
        assert facts(sheet_of(world), line, "n") == [1, 1, 1]
    link(world, "buyer", "b")
    for line in ("ratings", "on_time", "first_pass", "complaints"):
        assert facts(sheet_of(world), line, "n") == [2, 2, 1]
    told = json.loads(Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit.json").text)
    published = {each["name"]: set(each["evidence"][0]) for each in told["inputs"] if each["evidence"]}
    weighed = {"case", "at", "value", "seen", "unseen", "n"}
    assert published["ratings"] == weighed | {"item_mean", "habit", "read"}
    assert published["on_time"] == weighed | {"in_time", "late_days", "open"}


def test_linked_buyers_with_small_contracts_buy_hardly_any_share() -> None:
    """Twenty contracts at one yuan of one owner's companies, beside one honest one that was late."""
    rules = policy.current()
    now = clock.now()
    late = Evidence("C", now, 0.0, facts={"n": 1, "seen": 1.0, "unseen": 0.0})
    ring = [Evidence("C", now, 1.0, facts={"n": 20, "seen": 0.02, "unseen": 0.0}) for _ in range(20)]
    before, after = (share(rules, "on_time", of).points for of in ([late], [late, *ring]))
    plain = [replace(each, facts={}) for each in (late, *ring)]
    assert after - before < 0.6
    assert share(rules, "on_time", plain).points - before > 10, "what it was when each counted alike"


def test_a_contract_is_seen_for_what_came_in_and_stayed(world: World, time: Any) -> None:
    contract = world.started()
    key = db.session.scalars(select(Contract.id).where(Contract.identifier == contract)).one()
    rules = policy.current()

    def parts(until: datetime | None = None) -> Parts:
        db.session.rollback()
        return of_contracts(db.session, rules, until or clock.now(), contract=key)[key][1]

    assert parts() == Parts(0.0, 1.0, 0.0), "what both sides say nobody has seen"
    deposit = world.one(Payment, contract, kind="deposit")
    identifier, tenths = deposit.identifier, 10 * deposit.amount // 4_000_000 / 10
    time.instant += timedelta(days=1)
    paying.receive(world.actor("custodian"), identifier)
    assert 0 < tenths < 1
    assert parts().share == tenths
    assert parts().unseen == pytest.approx(1 - tenths)
    assert parts(clock.now() - timedelta(hours=1)) == Parts(0.0, 1.0, 0.0), "as it stood then"
    changing.give_notice(world.actor("buyer"), contract, reason="对方经催告仍不履行主要义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    assert parts() == Parts(0.0, 1.0, 0.0), "what went back to the buyer is not seen any more"


def test_a_new_link_touches_the_agencies_of_all_that_hang_together(world: World) -> None:
    """Buyer and c rated the agency; b and c are known to be one; now buyer and b are found to be one."""
    for name in ("b", "c"):
        world.enterprise(name)
    rated(world, "buyer", stars=5)
    rated(world, "c", stars=1)
    link(world, "b", "c")
    assert facts(sheet_of(world), "ratings", "n") == [1, 1]
    with transaction() as session:
        for name in ("buyer", "b"):
            session.get_one(Organisation, world.organisation(name).id).legal_representative = "才让多杰"
    rated(world, "buyer", "second")
    rated(world, "b", "second")
    assert facts(sheet_of(world), "ratings", "n") == [2, 2]
    assert is_kept(world, "agency")
    assert is_kept(world, "second")


def hidden(world: World, rating: str, by: str = "agency") -> None:
    claim, files = "评语侮辱我单位人员,与事实不符", [File("e.pdf", PDF)]
    appeal = appealing.file(world.actor(by), rating, ground="insult", claim=claim, files=files)
    appealing.state(world.actor("buyer"), appeal, statement="评语写的是现场负责人的态度")
    appealing.uphold(world.actor("regulator"), appeal, reason="评语指名侮辱他人,依法隐去")
    drain()


def test_a_rating_that_is_hidden_leaves_its_raters_habit_and_its_items_mean(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores of the others it rated follow, each piece an event of its own; the past stays as it was."""
    monkeypatch.setattr(scores, "PIECE", 1)
    bad = rated(world, "buyer", stars=1)
    running = db.session.scalars(select(ItemMean)).one()
    at, first = running.at, policy.current()
    time.instant += timedelta(days=2)
    for name in ("second", "third"):
        rated(world, "buyer", name, stars=4)
        time.instant += timedelta(days=1)
    bent = facts(sheet_of(world, "second"), "ratings", "habit")[0]
    then = clock.now()
    before = {name: sheet_of(world, name).score for name in ("second", "third")}
    assert bent[1] < -0.3, "who damned somebody is held for one who damns"
    time.instant += timedelta(days=2)
    hidden(world, bad)
    assert facts(sheet_of(world, "second"), "ratings", "habit")[0][1] == pytest.approx(0, abs=1e-9)
    for name in ("second", "third"):
        assert is_kept(world, name)
        assert sheet_of(world, name).score < before[name]
        assert sheet_of(world, name, then).score == before[name]
    running = db.session.scalars(select(ItemMean)).one()
    half = rating_facts.half_life(first)
    without = rating_facts.first_mean(first, at)
    for fact in db.session.scalars(select(RatingFact).where(RatingFact.hidden_at.is_(None))):
        without = without.plus(fact.stars, 1, fact.at, half)
    assert (running.total, running.weight) == pytest.approx((without.total, without.weight))
    db.session.rollback()
    with transaction() as session:
        rating_facts.hide(session, first, [bad], clock.now())
    again = db.session.scalars(select(ItemMean)).one()
    assert again.total == pytest.approx(without.total), "once"


def test_a_habit_is_taken_out_with_the_weight_it_went_in_with_whatever_the_policy(world: World) -> None:
    for _ in range(2):
        rated(world, "buyer", stars=1)
    rules = policy.current()
    other = replace(
        rules, values={**rules.values, "rating": {**rules.values["rating"], "value_classes": [[0, "1.4"]]}}
    )
    key = world.organisation("agency").id
    db.session.rollback()
    for by in (rules, other):
        habits = facts(of_agency(db.session, key, rules=by), "ratings", "habit")
        assert [unseen for _seen, unseen in habits] == pytest.approx([0, 0], abs=1e-9)
    assert [fact.weight for fact in db.session.scalars(select(RatingFact))] == [1.0, 1.0]
    assert db.session.scalars(select(CreditHistory)).first() is not None


def test_the_stars_that_are_read_with_the_weights_beside_them_give_the_mean_beside_them(
    app: Flask, world: World
) -> None:
    """On the page as in the sheet: a habit is off them, and what nobody saw is near what was seen."""
    rated(world, "buyer", agency="second", stars=1)
    for stars in (5, 2):
        rated(world, "buyer", stars=stars)
    line = sheet_of(world).line("ratings")
    assert line is not None
    weights = [each.weight for each in line.evidence]
    read = [each.facts["read"] for each in line.evidence]
    assert line.observed == pytest.approx(
        sum(w * x for w, x in zip(weights, read, strict=True)) / sum(weights), abs=1e-3
    )
    assert read != [each.value for each in line.evidence]
    page = Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit").soup
    rows = page.select("#ratings tbody tr")
    printed = [[float(cell.text) for cell in row.select("td")[2:]] for row in rows]
    assert sorted(printed) == sorted(
        [round(each.value, 2), round(each.facts["read"], 2), round(each.weight, 2)] for each in line.evidence
    )
    assert "一贯偏高" in page.select_one("#ratings").text


def test_what_was_seen_of_a_rating_is_in_a_habit_by_its_own_weight(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 600,000 yuan 60,000 were in: 0.1 x 1.2 of what it gave this agency is in what is taken off."""
    rules = policy.current()
    tenth = weighing.parts(rules, 60_000_000, 6_000_000, reviewed=False)
    assert (tenth.seen, tenth.unseen) == pytest.approx((0.12, 0.9))
    monkeypatch.setattr(weighing, "parts", lambda *_given, **_more: tenth)
    rated(world, "buyer", stars=1)
    fact = db.session.scalars(select(RatingFact)).one()
    assert (fact.weight, fact.seen_weight) == pytest.approx((1.02, 0.12))
    (habit,) = facts(sheet_of(world), "ratings", "habit")
    assert habit == pytest.approx([leniency(rules, 0.12 * fact.above, 0.12), 0])
