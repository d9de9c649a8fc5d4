"""Whether an agency may be engaged is asked again at every act by which it takes something on.

Who chose it is told when it may not any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from harness.factories import World, years
from market.agencies.actions import entry
from market.agencies.jobs import warn_of_expiry
from market.contracts.actions import changing, delivering, drafting, signing
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import auction, awards, bids, quotes
from market.transaction import transaction
from models import CASES, clock, workdays
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.fees import FeeSchedule
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.materials import Materials
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from models.notifications import Notification
from models.policy import Policy
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.web import sign_in

REASON = "登记住所查无此机构"
# The acts of an agency's side by which it takes nothing on.
FREE = {
    "organisation": {"submit", "commit"},
    "check": {"answer"},
    "quote": {"withdraw", "decline"},
    "bid": {"withdraw"},
    "objection": {"withdraw"},
    "contract": {"revise", "terminate", "give_notice", "dispute", "contest", "retract"},
    "materials": {"miss"},
    "deliverable": {"submit"},
    "change": {"refuse", "withdraw"},
    "dispute": {"answer", "evidence", "withdraw"},
    "payment": {"confirm", "dispute"},
    "payout": {"arrive", "bounce"},
    "account_change": {"stop"},
    "invoice": {"void"},
    "rating": {"rate"},
    "rating_appeal": {"state"},
    "follow_up": {"mend", "deny"},
    "complaint": {"respond", "agree", "decline", "take_back"},
    "answer": {"rate", "rate_low"},
}
SIDES = {
    "agency",
    "objector",
    "giver",
    "recipient",
    "proposer",
    "other",
    "claimant",
    "respondent",
    "rater",
    "payee",
}


def test_every_act_of_an_agency_binds_it_and_is_asked_or_is_known_to_be_free() -> None:
    for name, case in CASES.items():
        acts = {move.act for move in case.workflow.moves if set(move.who) & SIDES}
        binding = {move.act for move in case.workflow.moves if move.binds}
        assert acts - binding <= FREE.get(name, set()), name
        assert all(
            move.binds
            for move in case.workflow.moves
            if move.act in binding and set(move.who) & {"agency", "other"}
        ), name


def _strict(world: World) -> None:
    """The world's item asks for a certificate and a person, and every agency has both."""
    with transaction() as session:
        session.execute(
            update(ServiceItem)
            .where(ServiceItem.code == "WAT-01")
            .values(
                qualification_mandatory=True,
                required_qualification="水保方案编制",
                practitioners_least=1,
                required_practitioner="水保师",
            )
        )
        for name in ("agency", "second", "third"):
            key = world.organisation(name).id
            session.add(
                Qualification(
                    agency_id=key,
                    kind="水保方案编制",
                    number=f"S-{key}",
                    level="甲级",
                    issuer="水利厅",
                    **years(),
                )
            )
            session.add(Practitioner(agency_id=key, name="王", kind="水保师", number=f"W-{key}", **years()))


def _suspend(world: World) -> None:
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason=REASON)


def _ended(kind: Any) -> Callable[[World], None]:
    def end(world: World) -> None:
        with transaction() as session:
            mine = kind.agency_id == world.organisation("agency").id
            session.execute(update(kind).where(mine).values(valid_until=clock.today() - timedelta(days=1)))

    return end


def _no_fees(world: World) -> None:
    with transaction() as session:
        session.execute(delete(FeeSchedule).where(FeeSchedule.agency_id == world.organisation("agency").id))


LOST: dict[str, Callable[[World], None]] = {
    "已暂停": _suspend,
    "到期": _ended(Qualification),
    "水保师": _ended(Practitioner),
    "尚未公示": _no_fees,
}


@pytest.mark.parametrize("why", list(LOST))
def test_nobody_signs_with_an_agency_that_may_not_be_engaged(world: World, why: str) -> None:
    _strict(world)
    contract = world.contract_of(world.awarded()).identifier
    LOST[why](world)
    with pytest.raises((RuleViolation, NotAllowed), match=why):
        signing.agree(world.actor("agency"), contract)
    with pytest.raises(RuleViolation, match=r"平台告知该机构|不能签订新合同") as refused:
        signing.agree(world.actor("buyer"), contract)
    assert why in str(refused.value)
    assert Contract.load(db.session, contract).state == "drafted"


def _quoted(world: World) -> tuple[str, str]:
    tender = world.tender()
    return tender, quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)


def _submit(world: World) -> Callable[[], Any]:
    tender = world.tender()
    return lambda: quotes.submit(world.actor("agency"), tender, price=100, days=20)


def _offer(world: World) -> Callable[[], Any]:
    quote = _quoted(world)[1]
    quotes.offer(world.actor("buyer"), quote, price=3_000_000, days=20)
    return lambda: quotes.offer(world.actor("agency"), quote, price=3_500_000, days=20)


def _accept(world: World) -> Callable[[], Any]:
    quote = _quoted(world)[1]
    quotes.offer(world.actor("buyer"), quote, price=3_000_000, days=20)
    return lambda: quotes.accept(world.actor("agency"), quote)


def _accepted_by_the_buyer(world: World) -> Callable[[], Any]:
    quote = _quoted(world)[1]
    return lambda: quotes.accept(world.actor("buyer"), quote)


def _bid(world: World) -> Callable[[], Any]:
    tender = world.tender(mode="sealed_bid", funds="state")
    return lambda: bids.submit(world.actor("agency"), tender, price=100, days=20)


def _bid_again(world: World) -> Callable[[], Any]:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=200)
    return lambda: bids.submit(world.actor("agency"), tender, price=100, days=20)


def _materials(act: Callable[..., str], *, supplied: bool) -> Callable[[World], Callable[[], Any]]:
    def prepare(world: World) -> Callable[[], Any]:
        materials = world.one(Materials, world.started())
        if supplied:
            delivering.supply(world.actor("buyer"), materials.identifier, ticked=list(materials.points))
        return lambda: act(world.actor("agency"), materials.identifier)

    return prepare


def _variation(world: World) -> Callable[[], Any]:
    contract = world.started()
    terms = [{"name": "报告", "days": 20, "amount": 4_100_000, "reviewed": True}]
    change = changing.propose(
        world.actor("buyer"), contract, kind="variation", terms={"milestones": terms}, reason="增加了监测点位"
    )
    return lambda: changing.agree(world.actor("agency"), change)


@pytest.mark.parametrize(
    "prepare",
    [
        _submit,
        _offer,
        _accept,
        _accepted_by_the_buyer,
        _bid,
        _bid_again,
        _variation,
    ],
)
def test_every_binding_act_asks_again(world: World, prepare: Callable[[World], Callable[[], Any]]) -> None:
    act = prepare(world)
    _suspend(world)
    with pytest.raises((RuleViolation, NotAllowed), match="已暂停"):
        act()
    entry.restore(world.actor("regulator"), world.identifiers["agency"], reason="已经核实,恢复承接")
    assert act()


@pytest.mark.parametrize(
    "prepare",
    [
        _materials(delivering.confirm_materials, supplied=True),
        _materials(delivering.waive_materials, supplied=False),
    ],
)
def test_what_was_signed_goes_on(world: World, prepare: Callable[[World], Callable[[], Any]]) -> None:
    """Whoever is stopped at new business still does what it owes; what it lacks for the work stops it."""
    act = prepare(world)
    _no_fees(world)
    with pytest.raises(RuleViolation, match="尚未公示"):
        act()
    world.fees("agency", 5_000_000)
    _suspend(world)
    assert act()


def test_a_live_price_asks_again(world: World, time: Any) -> None:
    tender = world.tender(
        mode="reverse_auction",
        funds="state",
        deadline=workdays.add(clock.now(), 5).astimezone(BEIJING).replace(hour=10),
    )
    world.bids(tender, agency=4_000_000, second=4_100_000, third=4_200_000)
    time.closing(tender)
    _suspend(world)
    bid = db.session.scalars(
        select(Bid.identifier).where(Bid.agency_id == world.organisation("agency").id)
    ).one()
    with pytest.raises(NotAllowed, match="已暂停"):
        auction.undercut(world.actor("agency"), bid, price=3_000_000)


def _told(world: World, kind: str, name: str = "buyer") -> list[Event]:
    drain()
    db.session.rollback()
    mine = (
        select(Event)
        .join(Notification, Notification.event_id == Event.id)
        .where(Event.kind == kind, Notification.organisation_id == world.organisation(name).id)
    )
    return list(db.session.scalars(mine.order_by(Event.id)))


def test_the_buyer_is_told_once_why_and_what_it_may_do_and_once_when_it_is_repaired(
    app: Any, world: World
) -> None:
    award = world.awarded()
    contract = world.contract_of(award).identifier
    _suspend(world)
    (happened,) = _told(world, "award.unfit")
    assert happened.data["follows"] == "next"
    assert "已暂停" in happened.data["problem"]["params"]["reason"]["params"]["state"]
    assert len(_told(world, "award.unfit", "agency")) == len(_told(world, "award.unfit")) == 1
    pages = [
        sign_in(app, world, "buyer").get(path).text for path in (f"/contracts/{contract}", f"/awards/{award}")
    ]
    assert all("现在不能承接" in page and "改选下一名" in page for page in pages)
    entry.restore(world.actor("regulator"), world.identifiers["agency"], reason="已经核实,恢复承接")
    assert len(_told(world, "award.fit")) == 1
    assert Award.load(db.session, award).unfit is None
    for name in ("buyer", "agency"):
        signing.agree(world.actor(name), contract)
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason=REASON)
    assert len(_told(world, "award.unfit")) == 1, "once it is signed, nothing waits for its signature"


def test_a_certificate_that_ended_overnight_is_noticed(world: World, time: Any) -> None:
    _strict(world)
    award = world.awarded()
    with transaction() as session:
        mine = Qualification.agency_id == world.organisation("agency").id
        session.execute(update(Qualification).where(mine).values(valid_until=clock.today()))
    drain()
    time.instant += timedelta(days=1)
    warn_of_expiry()
    assert [event.case_identifier for event in _told(world, "award.unfit")] == [award]


def test_the_buyer_goes_on_to_the_next(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=100_00, second=200_00, third=300_00)
    time.closing(tender)
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    with pytest.raises(RuleViolation, match="取消"):
        awards.forfeit(world.actor("buyer"), award, reason="想换一家机构")
    _suspend(world)
    drain()
    awards.forfeit(world.actor("buyer"), award, reason="中选机构被暂停承接")
    second = awards.award(world.actor("buyer"), tender, reasons="递补第二名,报价合理")
    assert Award.load(db.session, second).agency.identifier == world.identifiers["second"]


def test_so_it_does_after_the_contract_was_drafted(app: Any, world: World) -> None:
    award = world.awarded()
    contract = world.contract_of(award).identifier
    with pytest.raises(RuleViolation, match="改选"):
        drafting.replace(world.actor("buyer"), contract, reason="想换一家机构")
    _suspend(world)
    drain()
    tender = drafting.replace(world.actor("buyer"), contract, reason="中选机构被暂停承接")
    assert (Contract.load(db.session, contract).state, Award.load(db.session, award).state) == (
        "terminated",
        "annulled",
    )
    assert Tender.load(db.session, tender).state == "evaluated"
    assert sign_in(app, world, "buyer").get(f"/requests/{tender}").status == 200


def test_where_the_policy_says_wait_it_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Policy.text
    monkeypatch.setattr(
        Policy, "text", lambda self, key: "wait" if key == "contract.unfit_follows" else asked(self, key)
    )
    contract = world.contract_of(world.awarded()).identifier
    _suspend(world)
    assert _told(world, "award.unfit")[0].data["follows"] == "wait"
    with pytest.raises(RuleViolation, match="改选"):
        drafting.replace(world.actor("buyer"), contract, reason="中选机构被暂停承接")
