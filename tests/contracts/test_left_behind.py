"""The worst behaviour does not leave the emptiest file.

An award not signed for or given up, and work that never came, are facts on record.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import World
from market.contracts.actions import changing, disputing, signing
from market.contracts.actions import drafting as contract_drafting
from market.credit.actions import records as credit
from market.extensions import db
from market.jobs import drain, tick
from market.ratings.actions import rating as ratings
from market.sourcing.actions import awards, bids, cancelling, closing, quotes, tenders
from market.sourcing.actions import drafting as tender_drafting
from models import clock, workdays
from models.agencies.entry import AgencyProfile
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.credit import policy
from models.credit.abandoned import abandoned_by
from models.credit.kept import CreditScore
from models.credit.records import CreditRecord
from models.credit.score import of_agency
from models.credit.trend import quarters
from models.errors import RuleViolation
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.tenders import Tender
from tests.web import sign_in


def _records(world: World) -> list[tuple[str, str, str]]:
    db.session.rollback()
    found = db.session.scalars(select(CreditRecord).order_by(CreditRecord.id))
    return [(record.kind, record.subject.identifier, record.source_identifier) for record in found]


def _late(world: World, time: Any, signed: tuple[str, ...] = ("buyer",), **tender: Any) -> str:
    """A contract whose time to sign is over, signed by these."""
    contract: str = world.contract_of(world.awarded()).identifier
    for name in signed:
        signing.agree(world.actor(name), contract)
    due = Contract.load(db.session, contract).due_at
    assert due is not None
    time.instant = due + timedelta(minutes=1)
    tick()
    drain()
    db.session.rollback()
    return contract


@pytest.mark.parametrize(
    ("signed", "kinds"),
    [
        (("buyer",), [("unsigned", "agency")]),
        (("agency",), [("not_contracted", "buyer")]),
        ((), [("unsigned", "agency"), ("not_contracted", "buyer")]),
    ],
)
def test_whoever_lets_the_time_to_sign_pass_is_put_on_record_once(
    world: World, time: Any, signed: tuple[str, ...], kinds: list[tuple[str, str]]
) -> None:
    contract = _late(world, time, signed)
    assert _records(world) == [(kind, world.identifiers[name], contract) for kind, name in kinds]
    record = db.session.scalars(select(CreditRecord)).first()
    assert record is not None
    assert record.state == "proposed"
    assert "招标投标法实施条例" in record.basis
    assert of_agency(db.session, world.organisation("agency").id).score == policy.current().number("base"), (
        "before notice and an answer it counts for nothing"
    )
    time.instant += timedelta(days=30)
    tick()
    assert len(_records(world)) == len(kinds)
    for name in {"buyer", "agency"} - set(signed):  # late is not never
        signing.agree(world.actor(name), contract)
    assert Contract.load(db.session, contract).state == "signed"


def test_the_buyer_ends_it_chooses_another_and_says_so(world: World, time: Any) -> None:
    contract = _late(world, time)
    tender = contract_drafting.replace(world.actor("buyer"), contract, reason="中选机构逾期不签合同")
    assert Tender.load(db.session, tender).state == "evaluated"
    rating = world.one(Rating, contract, by="buyer")
    ratings.rate(
        world.actor("buyer"),
        rating.identifier,
        scores=dict.fromkeys(rating.dimensions, 1),
        comment="中选后不签合同",
    )
    with pytest.raises(RuleViolation, match="有效的报价"):
        awards.award(
            world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        )


def test_an_award_given_up_before_signing_is_a_fact_too(world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    contract_drafting.terminate(world.actor("agency"), contract, reason="人手不足,不做了")
    assert _records(world) == [("given_up", world.identifiers["agency"], contract)]
    assert "人手不足" in db.session.scalars(select(CreditRecord)).one().facts
    assert [rating.by for rating in world.every(Rating, contract)] == ["buyer"], "who was left rates"
    other = world.contract_of(world.awarded(agency="second")).identifier
    contract_drafting.terminate(world.actor("buyer"), other, reason="项目暂缓,双方同意")
    assert _records(world)[1:] == [("not_contracted", world.identifiers["buyer"], other)], (
        "招标投标法实施条例 73"
    )
    assert Contract.load(db.session, other).unsigned_by == "buyer"
    assert Contract.load(db.session, other).tender.state == "failed", "it came to nothing"


def test_who_did_not_sign_does_not_answer_the_re_run(app: Any, world: World, time: Any) -> None:
    contract = _late(world, time)
    tender = contract_drafting.replace(world.actor("buyer"), contract, reason="中选机构逾期不签合同")
    cancelling.cancel(world.actor("buyer"), tender, reason="没有其他报价,重新采购")
    buyer = sign_in(app, world, "buyer")
    assert f"from={tender}" in buyer.get(f"/requests/{tender}").text
    deadline = workdays.add(clock.now(), 5)
    again = tender_drafting.create(
        world.actor("buyer"),
        again_of=tender,
        **world.asked(project="高标准农田项目(第二次)", deadline=deadline),
    )
    third = tender_drafting.create(
        world.actor("buyer"),
        again_of=again,
        **world.asked(project="完全另一个名称", mode="sealed_bid", funds="state", deadline=deadline),
    )
    renewed = tender_drafting.create(
        world.actor("buyer"), **world.asked(project="高标准 农田项目", deadline=deadline)
    )
    other = tender_drafting.create(
        world.actor("buyer"), again_of=NOT_AGAIN, **world.asked(project="另一处灌区工程", deadline=deadline)
    )
    for made in (again, third, renewed, other):
        tenders.publish(world.actor("buyer"), made)
    for made in (again, renewed):
        with pytest.raises(RuleViolation, match=contract):
            quotes.submit(world.actor("agency"), made, price=100, days=20)
        quotes.submit(world.actor("second"), made, price=100, days=20)
    with pytest.raises(RuleViolation, match=contract):
        bids.submit(world.actor("agency"), third, price=100, days=20)
    assert quotes.submit(world.actor("agency"), other, price=100, days=20)
    record = db.session.scalars(select(CreditRecord.identifier)).one()
    credit.drop_record(world.actor("regulator"), record, reason="不可抗力,不予认定")
    assert quotes.submit(world.actor("agency"), again, price=100, days=20), (
        "what was dropped is held against nobody"
    )


@pytest.mark.parametrize("tie", ["account_number", None], ids=["linked", "stranger"])
def test_nor_does_an_agency_linked_with_it_under_any_title(world: World, tie: str | None) -> None:
    contract = world.contract_of(world.awarded()).identifier
    contract_drafting.terminate(world.actor("agency"), contract, reason="我们不想签了,放弃")
    tender = world.tender(project="高标准农田项目(第二次)")
    if tie:
        profiles = [
            db.session.scalars(
                select(AgencyProfile).where(AgencyProfile.agency_id == world.organisation(name).id)
            ).one()
            for name in ("agency", "second")
        ]
        for profile in profiles:
            profile.account_number = "6222020000000000001"
        db.session.commit()
        with pytest.raises(RuleViolation, match=f"关联.*{contract}"):
            quotes.submit(world.actor("second"), tender, price=100, days=20)
    else:
        assert quotes.submit(world.actor("second"), tender, price=100, days=20)
    with pytest.raises(RuleViolation, match=contract):
        quotes.submit(world.actor("agency"), tender, price=100, days=20)


def test_the_form_to_publish_again_says_what_it_runs_again(app: Any, world: World, time: Any) -> None:
    tender = world.tender(funds="state")
    cancelling.cancel(world.actor("buyer"), tender, reason="项目方案有调整")
    buyer = sign_in(app, world, "buyer")
    sent = buyer.submit(f"/requests/new?key=k&from={tender}")
    assert sent.status == 303, sent.text[-3000:]
    made = db.session.scalars(select(Tender).order_by(Tender.id.desc())).first()
    assert made.again_of == tender
    assert f"/requests/{tender}" in buyer.get(f"/requests/{made.identifier}").text


def _never(world: World, time: Any, contract: str) -> Deliverable:
    deliverable = world.every(Deliverable, contract)[-1]
    time.instant = deliverable.deliver_by + timedelta(minutes=1)
    tick()
    drain()
    db.session.rollback()
    return world.every(Deliverable, contract)[-1]


def test_what_never_came_is_late_from_its_limit_on(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    deliverable = _never(world, time, contract)
    agency = world.organisation("agency").id
    assert (deliverable.state, deliverable.on_time, deliverable.first_pass) == ("late", False, None)
    lines = {line.name: line for line in of_agency(db.session, agency).lines}
    assert (lines["on_time"].good, lines["on_time"].observed) == (0, 0.8), "late, by less than a day so far"
    assert lines["first_pass"].observed is None
    assert sum(q.submitted for q in quarters(db.session, agency)) == 1
    kept = db.session.scalars(select(CreditScore).where(CreditScore.agency_id == agency)).one()
    assert kept.on_time == 0


@pytest.mark.parametrize(
    ("fault", "on_time", "passed"), [("agency", False, False), ("buyer", None, None), ("none", None, None)]
)
def test_a_contract_that_ends_without_it_counts_by_whose_fault_it_was(
    world: World, time: Any, fault: str, on_time: Any, passed: Any
) -> None:
    contract = world.started()
    world.supplied(contract)
    _never(world, time, contract)
    dispute = disputing.file(world.actor("buyer"), contract, claim="机构收到定金后一直没有交付成果")
    disputing.answer(world.actor("agency"), dispute, answer="正在处理,请再等一等")
    disputing.decide(
        world.actor("regulator"),
        dispute,
        outcome="terminate",
        fault=fault,
        to_agency=0,
        reason="查明事实,作出处理",
    )
    drain()
    deliverable = world.every(Deliverable, contract)[-1]
    assert (deliverable.on_time, deliverable.first_pass) == (on_time, passed)
    sheet = of_agency(db.session, world.organisation("agency").id)
    assert (sheet.grade is not None) == (fault == "agency"), (
        "the worst behaviour does not leave the emptiest file"
    )
    assert (sheet.score < policy.current().number("base")) == (fault == "agency")


def test_both_agreeing_to_end_it_does_not_undo_lateness(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    _never(world, time, contract)
    change = changing.propose(
        world.actor("agency"), contract, kind="termination", terms={"to_agency": 0}, reason="双方同意不再履行"
    )
    changing.agree(world.actor("buyer"), change)
    deliverable = world.every(Deliverable, contract)[-1]
    assert (deliverable.state, deliverable.on_time, deliverable.first_pass) == ("cancelled", False, False)


def test_the_next_buyer_sees_both(app: Any, world: World, time: Any) -> None:
    running = world.started()
    world.supplied(running)
    _never(world, time, running)
    _late(world, time)
    key = world.organisation("agency").id
    left = abandoned_by(db.session, [key])[key]
    assert (len(left.unsigned), len(left.undelivered)) == (1, 1)
    world.enterprise("next")
    tender = world.tender("next", funds="private", project="下一家的项目")
    for name in ("agency", "second"):
        quotes.submit(world.actor(name), tender, price=100, days=20)
    closing.close(world.actor("next"), tender)
    buyer = sign_in(app, world, "next")
    page = buyer.get(f"/agencies/{world.identifiers['agency']}").text
    assert "中选后没有签订合同" in page
    for word in ("拟认定", "信用记录 X-", db.session.scalars(select(CreditRecord.identifier)).one()):
        assert word not in page, "what is held against it is not decided yet"
    assert "成果未交付" in page
    assert "一年内中选未签约 1 次、未交付 1 次" in buyer.get(f"/requests/{tender}").text
    compared = buyer.get(f"/requests/{tender}/compare").soup
    rows = {
        row.select_one("th,td").text.strip(): [cell.text.strip() for cell in row.select("td.num")]
        for row in compared.select("tbody tr")
    }
    assert rows["中选后未签约(一年内)"] == ["1", "—"]
    assert rows["未交付成果(一年内)"] == ["1", "—"]
    assert (
        "没有做到的" not in sign_in(app, world, "second").get(f"/agencies/{world.identifiers['agency']}").text
    ), "before notice it is no stigma"
    time.instant += timedelta(days=400)
    assert not abandoned_by(db.session, [key])[key].unsigned
    assert Award.load(db.session, Contract.load(db.session, running).award.identifier).state == "final"
