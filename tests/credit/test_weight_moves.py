"""Each act that changes what a record weighs is counted, and leaves the weights of before as they were."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import World
from market.contracts.actions import changing, drafting, signing
from market.credit.actions import records
from market.credit.actions.scores import counted
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.oversight.actions.overriding import override
from market.payments.actions import paying
from market.ratings.actions import rating as ratings
from models import CASES, clock, workdays
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.credit import policy, score, weighing
from models.credit.abandoned import abandoned_by
from models.credit.past import CreditHistory
from models.credit.records import CreditRecord
from models.credit.weighing import Parts, of_contracts
from models.errors import RuleViolation
from models.payments.payment import Payment
from models.ratings.rating import Rating
from tests.contracts.milestones import paid, pay
from tests.contracts.test_changes import propose
from tests.credit import record_cases as cases
from tests.credit.test_weighing import facts, is_kept, rated, sheet_of


def _in_three(world: World, price: int) -> str:
    """A contract at so many fen of three milestones, begun, its materials handed over."""
    identifier: str = world.contract_of(world.awarded(price=price)).identifier
    rows = [("踏勘", 4, price // 4, False), ("初稿", 6, price // 4, False), ("报批稿", 10, price // 2, True)]
    milestones = [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows]
    drafting.revise(world.actor("buyer"), identifier, texts={}, milestones=milestones)
    signing.agree(world.actor("buyer"), identifier)
    signing.agree(world.actor("agency"), identifier)
    world.paid(identifier, "deposit")
    world.supplied(identifier)
    return identifier


def _late(world: World, time: Any, contract: str, days: int = 21) -> None:
    """Nothing comes until so many working days after the limit."""
    time.instant = world.one(Deliverable, contract).deliver_by + timedelta(minutes=1)
    run_deadlines()
    drain()
    time.instant = workdays.add(time.instant, days)


def _parts(contract: str, until: datetime | None = None) -> Parts:
    db.session.rollback()
    key = db.session.scalars(select(Contract.id).where(Contract.identifier == contract)).one()
    return of_contracts(db.session, policy.current(), until or clock.now(), contract=key)[key][1]


def _replays(world: World) -> bool:
    """Whether every score that was kept of the agency is reckoned again from the records, as of its day."""
    db.session.rollback()
    key = world.organisation("agency").id
    past = db.session.scalars(select(CreditHistory).where(CreditHistory.agency_id == key)).all()
    last = {each.at: each for each in past}
    assert last
    again = (score.of_agency(db.session, key, at, policy.get(of.policy_version)) for at, of in last.items())
    return [each.score for each in last.values()] == [round(sheet.score * 10) for sheet in again]


def test_a_rating_counts_since_it_was_read_not_since_it_was_published(world: World, time: Any) -> None:
    """Of this agency, and of another that the same buyer rated: a sheet of between knows nothing of it."""
    rated(world, "buyer", stars=4)
    time.instant += timedelta(hours=1)
    rated(world, "buyer", agency="second", stars=1)
    time.instant += timedelta(hours=1)
    rated(world, "buyer", stars=2, read=False)
    rated(world, "buyer", agency="third", stars=2, read=False)
    time.instant += timedelta(minutes=1)
    between = {name: sheet_of(world, name) for name in ("agency", "second", "third")}
    time.instant += timedelta(minutes=1)
    drain()
    for name, sheet in between.items():
        assert sheet_of(world, name, sheet.at) == sheet
    assert sheet_of(world).score < between["agency"].score
    assert _replays(world)


def test_a_variation_counts_from_its_day_on_and_the_price_of_before_stays(world: World, time: Any) -> None:
    contract = _in_three(world, 480_000)
    _late(world, time, contract)
    world.accepted(world.delivered(contract))
    drain()
    pay(world, world.one(Payment, contract, state="due").identifier)
    drain()
    then, before = clock.now(), _parts(contract)
    time.instant += timedelta(hours=1)
    rows = [("初稿", 6, 120_000, False), ("报批稿", 12, 262_000, True)]
    more = [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows]
    changing.agree(world.actor("buyer"), propose(world, contract, "variation", milestones=more))
    drain()
    assert _parts(contract).unseen > before.unseen, "a dearer contract is of another class"
    assert _parts(contract, then) == before
    assert is_kept(world, "agency")
    assert _replays(world)


def test_what_goes_back_for_lateness_counts_when_the_milestone_is_paid(world: World, time: Any) -> None:
    contract = _in_three(world, 2_000_000)
    paying.receive(world.actor("custodian"), world.one(Payment, contract, kind="deposit").identifier)
    _late(world, time, contract)
    deliverable = world.delivered(contract)
    drain()
    then, before = clock.now(), _parts(contract)
    time.instant += timedelta(hours=1)
    world.accepted(deliverable)
    pay(world, world.one(Payment, contract, state="due").identifier)
    drain()
    assert paid("penalty", contract) > 0
    assert _parts(contract).share < before.share, "it is not seen any more"
    assert _parts(contract, then) == before
    assert is_kept(world, "agency")
    assert _replays(world)


def _set_state(world: World, case_type: str, identifier: str, target: str) -> None:
    override(
        world.actor("admin"),
        case_type=case_type,
        identifier=identifier,
        target=target,
        reason="依更正决定调整状态",
    )
    drain()


def test_a_payment_that_an_operator_sets_back_is_not_seen_from_then_on(world: World, time: Any) -> None:
    world.appoint_admin()
    contract = _in_three(world, 2_000_000)
    deposit = world.one(Payment, contract, kind="deposit").identifier
    paying.receive(world.actor("custodian"), deposit)
    _late(world, time, contract)
    world.delivered(contract)
    drain()
    then, before = clock.now(), _parts(contract)
    assert before.share > 0
    for target, share in (("confirmed", 0.0), ("cleared", before.share), ("confirmed", 0.0)):
        time.instant += timedelta(hours=1)
        _set_state(world, "payment", deposit, target)
        assert _parts(contract).share == share
        assert is_kept(world, "agency")
    assert _parts(contract, then) == before
    assert _replays(world)
    time.instant += timedelta(hours=1)
    paying.receive(world.actor("custodian"), deposit)
    assert _parts(contract).share == before.share, "seen once more, it counts once"


def test_no_operator_calls_a_deliverable_off_or_brings_one_back(world: World, time: Any) -> None:
    world.appoint_admin()
    contract = _in_three(world, 2_000_000)
    _late(world, time, contract, days=2)
    identifier = world.one(Deliverable, contract).identifier
    with pytest.raises(RuleViolation, match="随合同结束"):
        _set_state(world, "deliverable", identifier, "cancelled")
    assert world.one(Deliverable, contract).state == "late"
    changing.give_notice(world.actor("buyer"), contract, reason="对方经催告仍不履行主要义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    drain()
    with pytest.raises(RuleViolation, match="随合同结束"):
        _set_state(world, "deliverable", identifier, "due")
    assert world.one(Deliverable, contract).state == "cancelled"
    assert is_kept(world, "agency")
    assert _replays(world)


def test_every_act_that_moves_a_weight_is_counted_and_is_one() -> None:
    assert counted() >= weighing.EVENTS
    for kind in weighing.EVENTS:
        case_type, act = kind.split(".")
        assert f"{case_type}.override" in counted()
        assert act in {move.act for move in CASES[case_type].workflow.moves}, kind


@pytest.mark.parametrize("gives_up", [True, False])
def test_whom_the_agency_walked_away_from_is_heard_in_full_unless_it_is_not_to_blame(
    world: World, time: Any, *, gives_up: bool
) -> None:
    """Who did not sign is nobody's word; the decision on the record moves nothing, for it may be repaired."""
    contract: str = world.contract_of(world.awarded()).identifier
    if gives_up:
        drafting.terminate(world.actor("agency"), contract, reason="人手不足,不做了")
    else:
        signing.agree(world.actor("buyer"), contract)
        time.instant = Contract.load(db.session, contract).due_at + timedelta(minutes=1)
        run_deadlines()
        drafting.replace(world.actor("buyer"), contract, reason="中选机构逾期不签合同")
    rating = world.one(Rating, contract, by="buyer")
    given = dict.fromkeys(rating.dimensions, 1)
    ratings.rate(world.actor("buyer"), rating.identifier, scores=given, comment="中选后不签合同")
    drain()
    assert _parts(contract) == Parts(1.0, 0.0, 1.0)
    assert [facts(sheet_of(world), "ratings", name) for name in ("seen", "unseen")] == [[1.0], [0.0]]
    assert is_kept(world, "agency")
    record = db.session.scalars(select(CreditRecord.identifier)).one()
    cases.second_official(world)
    records.notify(world.actor("regulator"), record)
    records.defend(world.actor("agency"), record, statement=cases.STATEMENT)
    before = clock.now()
    time.instant += timedelta(days=1)
    records.drop_record(world.actor("decider"), record, reason="不可抗力,不是机构的责任")
    drain()
    assert _parts(contract) == Parts(0.0, 1.0, 0.0)
    assert is_kept(world, "agency")
    assert facts(sheet_of(world, until=before), "ratings", "seen") == [1.0], "as it stood"


def test_the_decision_on_the_record_does_not_move_the_rating_which_would_be_a_trace(world: World) -> None:
    contract: str = world.contract_of(world.awarded()).identifier
    drafting.terminate(world.actor("agency"), contract, reason="人手不足,不做了")
    record = db.session.scalars(select(CreditRecord.identifier)).one()
    cases.second_official(world)
    records.notify(world.actor("regulator"), record)
    records.defend(world.actor("agency"), record, statement=cases.STATEMENT)
    parts = _parts(contract)
    records.uphold(world.actor("decider"), record, reason=cases.REASON, months=6, reply=cases.REPLY)
    assert _parts(contract) == parts == Parts(1.0, 0.0, 1.0)
    records.revoke(world.actor("decider"), record, reason="复议决定撤销")
    assert _parts(contract) == Parts(0.0, 1.0, 0.0)


def test_a_price_that_nobody_paid_makes_no_more_of_a_contract_that_was_walked_away_from() -> None:
    rules = policy.current()
    assert weighing.value_class(rules, 80_000_000) > 1
    assert weighing.parts(rules, 80_000_000, 0, walked_away=True) == Parts(1.0, 0.0, 1.0)
    small = weighing.parts(rules, 100, 0, walked_away=True)
    assert small.seen == weighing.value_class(rules, 100) < 0.1


def test_who_signed_late_walked_away_from_nothing(world: World, time: Any) -> None:
    """Else two who hang together would have a contract seen whole for a signature that came a day late."""
    contract: str = world.contract_of(world.awarded()).identifier
    signing.agree(world.actor("buyer"), contract)
    time.instant = Contract.load(db.session, contract).due_at + timedelta(minutes=1)
    run_deadlines()
    late = clock.now()
    signing.agree(world.actor("agency"), contract)
    assert Contract.load(db.session, contract).unsigned_by == "agency"
    assert _parts(contract) == Parts(0.0, 1.0, 0.0)
    assert _parts(contract, late - timedelta(seconds=1)).seen == 1, "as it stood"


def test_the_newest_record_of_walking_away_says_who_is_to_blame_and_no_other(world: World, time: Any) -> None:
    contract: str = world.contract_of(world.awarded()).identifier
    drafting.terminate(world.actor("agency"), contract, reason="人手不足,不做了")
    first = db.session.scalars(select(CreditRecord.identifier)).one()
    key = world.organisation("agency").id

    def held() -> tuple[float, int]:
        return _parts(contract).seen, len(abandoned_by(db.session, [key])[key].unsigned)

    other = cases.proposed(world, kind="false_report", source=contract)
    records.drop_record(world.actor("decider"), other, reason="材料不属实,不予认定这一项")
    assert held() == (1.0, 1), "what else was dropped says nothing of it"
    records.drop_record(world.actor("decider"), first, reason="材料不全,退回重提一次")
    assert held() == (0.0, 0)
    dropped = clock.now()
    time.instant += timedelta(days=1)
    again = cases.in_force(world, kind="given_up", source=contract, months=6)
    assert held() == (1.0, 1)
    assert _parts(contract, dropped).seen == 0, "as it stood"
    records.revoke(world.actor("decider"), again, reason="复议决定撤销")
    assert held() == (0.0, 0)
