"""What may happen on the way: questions, amendments, objections, and the notice at the end."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.sourcing.actions import awards, closing, questions, tenders
from market.sourcing.actions import quotes as quote_actions
from market.sourcing.jobs import notice_of
from models import money, pricing, workdays
from models.catalogue import current_items
from models.errors import NotAllowed, RuleViolation, WrongState
from models.notifications import Notification
from models.pricing import Quantity
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.clarifications import Clarification
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in


def told(world: World, name: str, kind: str) -> int:
    """How many notices of this kind of event an organisation has had."""
    from models.events import Event

    drain()
    db.session.rollback()
    query = (
        db.session.query(Notification)
        .join(Event, Event.id == Notification.event_id)
        .filter(Event.kind == kind)
    )
    return query.filter(Notification.organisation_id == world.organisation(name).id).count()


def test_a_question_is_answered_to_all_and_nobody_learns_who_asked(app: Flask, world: World) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, second=100, third=200)
    agency = sign_in(app, world, "agency")
    assert agency.submit(f"/requests/{tender}/ask", question="短").status == 422
    assert (
        agency.submit(f"/requests/{tender}/ask", question="是否包含入河排污口论证?").location
        == f"/requests/{tender}"
    )
    with pytest.raises(NotAllowed):
        questions.ask(world.actor("buyer"), tender, question="自己问自己可以吗")
    assert "入河排污口" not in Visitor(app).get(f"/requests/{tender}").text
    assert "入河排污口" not in sign_in(app, world, "second").get(f"/requests/{tender}").text
    buyer = sign_in(app, world, "buyer")
    page = buyer.get(f"/requests/{tender}")
    assert "入河排污口" in page.text
    assert "agency单位" not in page.text
    assert "agency单位" not in buyer.get("/my").text + buyer.get("/my/notices").text
    asked = db.session.query(Clarification).one().identifier
    with pytest.raises(NotAllowed):
        questions.answer(world.actor("agency"), asked, answer="自己答自己")
    assert buyer.submit(f"/clarifications/{asked}/answer", answer="不含,单列。").status == 303
    public = Visitor(app).get(f"/requests/{tender}").text
    assert "入河排污口" in public
    assert "不含,单列" in public
    assert "agency单位" not in public
    assert [told(world, name, "tender.clarify") for name in ("agency", "second", "third")] == [1, 1, 1]
    with pytest.raises(WrongState):
        questions.answer(world.actor("buyer"), asked, answer="改口了")


def test_a_delegate_for_tenders_also_answers_questions_and_objections_within_its_sum(
    world: World, time: Any
) -> None:
    from market.accounts.actions import delegating

    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender"],
        most=4_500_000,
        until=workdays.add(world_now(), 90),
    )
    world.accept("helper")
    small, large = (
        world.tender(mode="sealed_bid", funds="state", budget=budget) for budget in (4_500_000, 4_600_000)
    )
    for tender in (small, large):
        questions.ask(world.actor("agency"), tender, question="是否包含现场踏勘?")
        world.bids(tender, agency=100_00, second=200_00, third=300_00)
    helper = world.actor("helper")
    seen = set(db.session.scalars(select(Clarification.identifier).where(Clarification.visible_to(helper))))
    mine, other = (
        db.session.query(Clarification).filter(Clarification.tender.has(identifier=r)).one().identifier
        for r in (small, large)
    )
    assert seen == {mine}
    questions.answer(helper, mine, answer="包含。")
    with pytest.raises(NotAllowed):
        questions.answer(helper, other, answer="包含。")
    asked = {
        "description": "",
        "quantity": {},
        "deadline": workdays.add(world.deadline(large), 3),
        "reason": "预算有调整,请重报",
    }
    for tender, budget in (
        (large, 4_500_000),
        (small, 4_600_000),
    ):  # neither down into its power nor up out of it
        with pytest.raises(NotAllowed):
            tenders.amend(helper, tender, budget=budget, **asked)
    time.closing(small)
    award = awards.award(world.actor("helper"), small, reasons="报价最低,工期满足")
    objection = awards.object_to(world.actor("second"), award, grounds="中选机构的业绩与事实不符")
    assert set(
        db.session.scalars(select(Objection.identifier).where(Objection.visible_to(world.actor("helper"))))
    ) == {objection}
    awards.answer_objection(world.actor("helper"), objection, statement="我们核对过原件")


def test_an_unanswered_question_lapses_with_the_deadline(world: World, time: Any) -> None:
    tender = world.tender()
    quote_actions.submit(world.actor("second"), tender, price=100, days=20)
    questions.ask(world.actor("agency"), tender, question="踏勘由谁配合?")
    time.closing(tender)
    assert db.session.query(Clarification).one().state == "lapsed"
    with pytest.raises(RuleViolation):
        questions.ask(world.actor("agency"), tender, question="现在还能问吗?")


def amended(world: World, tender: str, **values: Any) -> str:
    found = Tender.load(db.session, tender)
    asked = {
        "description": found.description,
        "quantity": found.quantity,
        "budget": found.budget,
        "deadline": workdays.add(found.deadline, 3),
    }
    return tenders.amend(world.actor("buyer"), tender, **{**asked, **values}, reason="规模有调整,请重新报价")


def test_an_amendment_moves_the_deadline_tells_every_bidder_and_asks_them_anew(
    world: World, time: Any
) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    bids = world.bids(tender, agency=4_000_000, second=3_900_000)
    before = world.deadline(tender)
    with pytest.raises(RuleViolation, match="不能提前"):
        amended(world, tender, deadline=workdays.add(time.instant, 4))
    with pytest.raises(NotAllowed):
        tenders.amend(
            world.actor("agency"),
            tender,
            description="",
            quantity={},
            budget=None,
            deadline=before,
            reason="我来改一改",
        )
    time.instant = workdays.add(time.instant, 4)
    with pytest.raises(RuleViolation, match="公告期至少 3"):
        amended(world, tender, deadline=before)
    amended(world, tender, budget=3_950_000)
    assert world.deadline(tender) == workdays.add(before, 3)
    assert [told(world, name, "tender.amend") for name in ("agency", "second", "third")] == [1, 1, 0]
    world.bids(tender, second=3_800_000, third=3_700_000)
    time.closing(tender)
    states = {b.agency.name: b.state for b in db.session.query(Bid)}
    assert states == {"agency单位": "disqualified", "second单位": "opened", "third单位": "opened"}
    assert bids["agency"] not in Tender.load(db.session, tender).outcome.ranking


def test_after_an_amendment_quotes_are_the_agencies_turn_within_the_new_terms(
    world: World, time: Any
) -> None:
    tender = world.tender()
    quotes = [
        quote_actions.submit(world.actor(name), tender, price=4_000_000, days=20)
        for name in ("agency", "second")
    ]
    quote_actions.accept(world.actor("buyer"), quotes[0])
    amended(world, tender, budget=3_500_000)
    db.session.rollback()
    assert {q.state for q in db.session.query(Quote)} == {"countered"}
    with pytest.raises(RuleViolation, match="预算"):
        quote_actions.accept(world.actor("agency"), quotes[0])
    quote_actions.offer(world.actor("agency"), quotes[0], price=3_400_000, days=20)
    quote_actions.decline(world.actor("buyer"), quotes[1])
    db.session.rollback()
    assert [Quote.load(db.session, q).state for q in quotes] == ["open", "declined"]


def test_an_agreed_price_does_not_wait_for_ever(world: World, time: Any) -> None:
    tender = world.tender()
    quote = quote_actions.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    quote_actions.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), tender)
    found = Quote.load(db.session, quote)
    assert found.due_at == found.standing_until, "no sooner than it would have ended without being agreed"
    time.instant = found.due_at
    run_deadlines()
    db.session.rollback()
    assert Quote.load(db.session, quote).state == "expired"
    assert Tender.load(db.session, tender).state == "failed"


def test_direct_selection_asks_one_agency_and_has_a_limit_for_state_funds(world: World) -> None:
    with pytest.raises(RuleViolation, match="只邀请一家"):
        world.tender(mode="direct")
    one = {"openness": "invited", "invited": [world.identifiers["agency"]]}
    with pytest.raises(RuleViolation, match=r"100,000\.00"):
        world.tender(
            mode="direct", funds="state", budget=20_000_000, deadline=workdays.add(world_now(), 5), **one
        )
    tender = world.tender(mode="direct", **one)
    with pytest.raises(NotAllowed):
        quote_actions.submit(world.actor("second"), tender, price=100, days=20)
    quote = quote_actions.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    quote_actions.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), tender)
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="直接选取,价格合理"
    )
    assert Award.load(db.session, award).state == "final"


def world_now() -> Any:
    from models import clock

    return clock.now()


@pytest.fixture
def proposed(world: World, time: Any) -> str:
    """An award in its publicity period: agency over second and third."""
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=300_00, second=400_00, third=500_00)
    time.closing(tender)
    return awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")


def test_an_objection_stops_the_award_until_it_is_decided(
    app: Flask, world: World, time: Any, proposed: str
) -> None:
    world.agency("outsider")
    for name in ("agency", "outsider", "buyer"):
        with pytest.raises(NotAllowed):
            awards.object_to(world.actor(name), proposed, grounds="我认为这个结果不对")
    second = sign_in(app, world, "second")
    assert f"/awards/{proposed}/object" in second.get(f"/awards/{proposed}").text
    assert f"/awards/{proposed}/object" not in sign_in(app, world, "agency").get(f"/awards/{proposed}").text
    assert second.submit(f"/awards/{proposed}/object", grounds="太短").status == 422
    path = second.submit(f"/awards/{proposed}/object", grounds="中选机构的业绩与事实不符,请核查。").location
    objection = path.rsplit("/", 1)[-1]
    with pytest.raises(RuleViolation, match="已经提出过"):
        awards.object_to(world.actor("second"), proposed, grounds="再提一次完全同样的异议")
    assert "业绩与事实不符" not in Visitor(app).get(f"/awards/{proposed}").text, (
        "an accusation is not published before it is decided"
    )
    time.instant = workdays.add(time.instant, 10)
    run_deadlines()
    db.session.rollback()
    assert Award.load(db.session, proposed).state == "objected", (
        "the publicity period is over, the award waits all the same"
    )
    assert Objection.load(db.session, objection).state == "answered", "the buyer's time to answer is over"
    with pytest.raises(NotAllowed):
        awards.dismiss_objection(world.actor("buyer"), objection, reason="我们觉得没有问题")
    regulator = sign_in(app, world, "regulator")
    assert regulator.submit(f"{path}/dismiss", reason="").status == 422
    assert regulator.submit(f"{path}/dismiss", reason="经核查,业绩属实,异议不成立。").status == 303
    public = Visitor(app).get(f"/awards/{proposed}").text
    assert "业绩与事实不符" in public
    assert "经核查" in public
    run_deadlines()
    db.session.rollback()
    assert Award.load(db.session, proposed).state == "final"
    with pytest.raises(WrongState):
        awards.object_to(world.actor("third"), proposed, grounds="现在才提出的异议太晚了")


def test_an_upheld_objection_annuls_the_award_and_ends_the_others(
    world: World, time: Any, proposed: str
) -> None:
    first = awards.object_to(world.actor("second"), proposed, grounds="中选机构的业绩与事实不符")
    other = awards.object_to(world.actor("third"), proposed, grounds="中选机构的人员证书过期了")
    with pytest.raises(WrongState):
        awards.uphold_objection(world.actor("regulator"), first, reason="先听业主怎么说")
    awards.answer_objection(world.actor("buyer"), first, statement="我们核对过原件")
    awards.uphold_objection(world.actor("regulator"), first, reason="业绩证明系伪造")
    db.session.rollback()
    assert Award.load(db.session, proposed).state == "annulled"
    assert Objection.load(db.session, other).state == "lapsed"
    tender = Award.load(db.session, proposed).tender.identifier
    again = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="顺延至第二名"))
    assert again.agency.name == "second单位"


def test_a_withdrawn_objection_lets_the_award_go_on(world: World, time: Any, proposed: str) -> None:
    objections = [
        awards.object_to(world.actor(name), proposed, grounds="中选机构的业绩与事实不符")
        for name in ("second", "third")
    ]
    awards.withdraw_objection(world.actor("second"), objections[0])
    assert Award.load(db.session, proposed).state == "objected"
    awards.withdraw_objection(world.actor("third"), objections[1])
    db.session.rollback()
    assert Award.load(db.session, proposed).state == "proposed"
    time.instant = workdays.add(time.instant, 3)
    run_deadlines()
    db.session.rollback()
    assert Award.load(db.session, proposed).state == "final"


def test_the_notice_is_issued_once_and_a_changed_copy_is_noticed(
    app: Flask, world: World, time: Any, proposed: str
) -> None:
    visitor = Visitor(app)
    assert visitor.get(f"/papers/{proposed}.pdf").status == 404
    assert visitor.get(f"/check/{proposed}").status == 404, "nothing is issued yet"
    time.instant = workdays.add(time.instant, 3)
    run_deadlines()
    drain()
    drain()
    award = Award.load(db.session, proposed)
    notice = notice_of(db.session, award)
    assert notice is not None
    pdf = visitor.get(f"/papers/{proposed}.pdf").response.get_data()
    assert pdf.startswith(b"%PDF-1.7")
    assert hashlib.sha256(pdf).hexdigest() == notice.sha256
    assert pdf.count(b"/FontFile") >= 1, "fonts are embedded"
    page = visitor.get(f"/check/{proposed}")
    assert "agency单位" in page.text
    token = page.value_of("csrf_token")

    def check(content: bytes) -> str:
        return visitor.post(
            f"/check/{proposed}", {"csrf_token": token, "file": (io.BytesIO(content), "x.pdf")}
        ).text

    assert "一个字节也没有改过" in check(pdf)
    assert "被改动过" in check(pdf[:-1])
    from market.sourcing.jobs import _printer

    assert (
        hashlib.sha256(_printer(award, notice.created_at)(award.identifier)).hexdigest() == notice.sha256
    ), "the same input, the same bytes"


def test_where_there_is_a_fee_standard_offers_are_held_against_it(app: Flask, world: World) -> None:
    item = next(
        i
        for i in current_items(db.session)
        if i.standard and not i.qualification_mandatory and i.measure == "amount"
    )
    world.authority("office", "department", department=item.department)
    for name in ("agency", "second"):
        world.fees(name, 5_000_000, item.code)
    quantity = {"amount": 60_000_000_00}
    tender = world.tender(item_code=item.code, quantity=quantity)
    for name in ("agency", "second"):
        quote_actions.submit(world.actor(name), tender, price=4_000_000, days=20)
    standard = pricing.price(next(iter(item.standard["tables"].values())), Quantity.of(quantity))
    page = sign_in(app, world, "buyer").get(f"/requests/{tender}/compare").text
    assert "收费标准" in page
    assert money.show(standard) in page


def test_offers_stand_side_by_side_with_what_they_are_held_against(app: Flask, world: World) -> None:
    for price in (3_000_000, 3_500_000, 4_000_000, 4_500_000):
        world.awarded(price)
    tender = world.tender()
    for name, price in (("agency", 4_000_000), ("second", 4_100_000)):
        quote_actions.submit(world.actor(name), tender, price=price, days=20)
    page = sign_in(app, world, "buyer").get(f"/requests/{tender}/compare")
    for said in (
        "机构公示价",
        "¥ 50,000.00",
        "比历史成交中位",
        "+¥ 2,500.00",
        "¥ 37,500.00",
        "信用等级",
        "首过率",
        "按期率",
        "历史成交中位 ¥ 37,500.00",
        "格尔木市",
    ):
        assert said in page.text, said
    assert page.soup.select_one("svg .band") is not None
    assert "second单位" not in sign_in(app, world, "agency").get(f"/requests/{tender}/compare").text
    assert "还没有您能看的报价" in Visitor(app).get(f"/requests/{tender}/compare").text
