"""A draft is told step by step: what it lacks is said, nothing told is lost, nothing said for anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PASSWORD, PDF, World, code
from market.accounts.actions import delegating
from market.extensions import db
from market.files import File
from market.sourcing.actions import drafting, tenders
from models import clock, money, policy
from models.catalogue import item_by_code
from models.documents import of_case
from models.errors import Conflict, NotFound, RuleViolation
from models.sourcing.modes import FUNDS, MODES
from models.sourcing.modes.mode import Need
from models.sourcing.steps import STEPS, lacking, untold
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

WHAT = {"item_code": "EIA-01", "region_code": "632801", "project": "", "description": ""}


def _found(identifier: str) -> Tender:
    db.session.rollback()
    return Tender.load(db.session, identifier)


def test_what_nobody_said_is_chosen_nowhere(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    page = buyer.get("/requests/new?key=k")
    assert (page.value_of("item_code"), page.value_of("region_code"), page.value_of("project")) == (
        "",
        "",
        "",
    )
    draft = drafting.create(world.actor("buyer"), **WHAT)
    choice = buyer.get(f"/requests/{draft}/edit/choice")
    assert (choice.value_of("funds"), choice.value_of("mode"), choice.value_of("budget")) == (None, None, "")
    shown = buyer.get(f"/requests/{draft}").text
    for said in ("社会资金", "询价议价", "公开征集"):
        assert said not in shown, said
    assert "询价议价" not in buyer.get("/requests?mine=1").soup.select_one("main tbody").get_text()


def test_a_draft_says_what_it_lacks_and_leads_there(app: Flask, world: World) -> None:
    draft = drafting.create(world.actor("buyer"), **WHAT)
    assert _found(draft).project == "格尔木市" + _found(draft).item.name
    assert untold(_found(draft)) == ["size", "choice", "whom"]
    buyer = sign_in(app, world, "buyer")
    page = buyer.get(f"/requests/{draft}/publish")
    for step in STEPS:
        assert page.soup.select_one(f"main a[href='/requests/{draft}/edit/{step}']") is not None, step
    assert page.text.count("还没有填") == 3
    with pytest.raises(RuleViolation, match="还没有填完"):
        tenders.publish(world.actor("buyer"), draft)
    assert buyer.get(f"/requests/{draft}/edit").location == f"/requests/{draft}/edit/size"
    for told in (
        {"quantity": {"amount": 5_000_000_000}},
        {"funds": "private", "mode": "inquiry", "budget": None},
        {"openness": "open", "deadline": world.asked()["deadline"], "invited": []},
    ):
        drafting.edit(world.actor("buyer"), draft, **told)
    assert [step for step, _problem in lacking(db.session, _found(draft))] == ["what"], "no department there"
    drafting.edit(world.actor("buyer"), draft, **{**WHAT, "item_code": "WAT-01", "project": "高标准农田"})
    assert untold(_found(draft)) == [], "an item without a size needs none said"
    assert tenders.publish(world.actor("buyer"), draft) == draft


def test_another_item_asks_for_its_size_anew(world: World) -> None:
    draft = drafting.create(world.actor("buyer"), **WHAT, quantity={"amount": 5_000_000_000})
    assert untold(_found(draft)) == ["choice", "whom"]
    drafting.edit(world.actor("buyer"), draft, **{**WHAT, "item_code": "SUR-01"})
    assert (_found(draft).quantity, untold(_found(draft))[0]) == ({}, "size")


def test_a_step_told_again_keeps_who_is_invited(world: World) -> None:
    """Whoever stays stays, who goes goes, and who comes comes."""
    two = [world.identifiers[name] for name in ("agency", "second")]
    draft = drafting.create(world.actor("buyer"), **{**WHAT, "item_code": "WAT-01"}, invite=two)
    whom = {"openness": "invited", "deadline": world.asked()["deadline"]}
    for names in (("agency", "second"), ("second", "third"), ("second", "third"), ()):
        invited = [world.identifiers[name] for name in names]
        drafting.edit(world.actor("buyer"), draft, **whom, invited=invited)
        found = {each.agency_id for each in _found(draft).invitations}
        assert found == {world.organisation(name).id for name in names}


def test_like_another_nothing_is_told_but_what_it_told(world: World) -> None:
    untold_one = drafting.create(world.actor("buyer"), **WHAT)
    draft = drafting.create(world.actor("buyer"), **{**WHAT, "item_code": "SUR-01"}, like=untold_one)
    assert untold(_found(draft)) == ["size", "choice", "whom"]


def test_one_key_is_one_organisations(world: World) -> None:
    world.enterprise("helper")
    for name in ("buyer", "helper"):
        drafting.create(world.actor(name), **WHAT, key="k", on_behalf_of=world.organisation(name).id)
    with pytest.raises(Conflict):
        drafting.create(world.actor("helper"), **WHAT, key="k", on_behalf_of=world.organisation("buyer").id)


def test_the_same_key_begins_one_draft_however_often_it_is_sent(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    away = buyer.get("/requests/new?item=WAT-01&region=632801&amount=5&nonsense=1").location
    assert "nonsense" not in away
    first = buyer.submit(away, project="高标准农田一期")
    again = buyer.get(away)
    assert (again.status, again.location.endswith("/edit/what")) == (303, True), "going back goes on with it"
    stale = {"project": "高标准农田二期", "item_code": "WAT-01", "region_code": "632801"}
    token = buyer.get("/my").soup.select_one("[name=csrf_token]")["value"]
    second = buyer.post(away, {**stale, "on_behalf_of": world.organisation("buyer").id, "csrf_token": token})
    assert (first.status, second.status, second.location) == (303, 303, first.location)
    assert [each.project for each in db.session.scalars(select(Tender))] == ["高标准农田二期"]
    other = away[: away.index("key=")] + "key=other"
    assert buyer.submit(other, project="高标准农田三期").status == 303
    world.enterprise("neighbour")
    assert sign_in(app, world, "neighbour").submit(away, project="别家的项目").status == 303, (
        "keys are one's own"
    )
    assert db.session.scalar(select(func.count(Tender.id))) == 3


def test_what_the_address_says_is_told(app: Flask, world: World) -> None:
    agency = world.identifiers["agency"]
    for number, (said, size, left) in enumerate(
        (
            ("amount=5000%E4%B8%87", {"amount": 5_000_000_000}, "choice"),
            ("amount=%EF%BC%91.2%20%E4%BA%BF&factor=", {"amount": 12_000_000_000}, "choice"),
            ("amount=nothing", {}, "size"),
            ("count=3", {}, "size"),
        )
    ):
        buyer = sign_in(app, world, "buyer")
        made = buyer.submit(
            f"/requests/new?key=k{number}&item=EIA-01&region=632801&{said}&invite={agency}&invite=A-0",
            project="厂房扩建",
        )
        found = db.session.scalars(select(Tender).order_by(Tender.id.desc())).first()
        assert found is not None
        assert (found.quantity, made.location.rsplit("/", 1)[-1]) == (size, left)
        assert [each.agency.identifier for each in found.invitations] == [agency]


def test_one_begins_like_another_or_from_a_template(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    last = world.tender(mode="sealed_bid", funds="state", budget=4_000_000, description="老说明")
    assert "照上一次填" in buyer.get("/requests/new?key=k").text
    kept = buyer.submit(f"/requests/{last}/template", name="水保常用")
    assert kept.status == 303
    assert "水保常用" in buyer.get("/requests/new?key=k").text
    page = buyer.get(f"/requests/new?key=k&like={last}")
    assert (page.value_of("item_code"), page.value_of("description")) == ("WAT-01", "老说明")
    made = buyer.submit(f"/requests/new?key=k&like={last}", project="另一处高标准农田")
    assert made.location.endswith("/edit/whom"), "only until when is asked again"
    found = _found(made.location.split("/")[2])
    assert (found.mode, found.funds, found.budget, found.again_said) == (
        "sealed_bid",
        "state",
        4_000_000,
        None,
    )
    assert buyer.submit(f"/requests/{last}/template", name=" ").status == 303
    assert "水保常用" not in buyer.get("/requests/new?key=other").text
    world.enterprise("neighbour")
    assert sign_in(app, world, "neighbour").get(f"/requests/new?key=k&like={last}").status == 404
    with pytest.raises(NotFound):
        drafting.create(world.actor("neighbour"), like=last, **WHAT)


def test_files_go_along_and_whoever_may_read_the_request_may_read_them(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    sent = buyer.submit(
        "/requests/new?key=k",
        item_code="WAT-01",
        region_code="632801",
        project="高标准农田",
        file=PDF,
        stay="1",
    )
    assert sent.location.endswith("/edit/what"), "one more may follow"
    draft = sent.location.split("/")[2]
    wrong = buyer.submit(sent.location, file=b"MZ not a paper")
    assert (wrong.status, "按内容判断" in wrong.error_at("file")) == (422, True)
    (file,) = of_case(db.session, "tender", draft)
    address = f"/documents/{file.identifier}"
    assert buyer.get(address).status == 200
    assert sign_in(app, world, "agency").get(address).status == 404, "a draft is its buyer's"
    most = policy.current().number("tender.attachments_most")
    for number in range(most - 1):
        drafting.edit(world.actor("buyer"), draft, files=[File("图.pdf", PDF + bytes([number]))])
    with pytest.raises(RuleViolation, match=f"最多附 {most} 份"):
        drafting.edit(world.actor("buyer"), draft, files=[File("图.pdf", PDF + b"x")])
    token = buyer.get(sent.location).soup.select_one("[name=csrf_token]")["value"]
    last = of_case(db.session, "tender", draft)[-1].identifier
    assert buyer.post(f"/requests/{draft}/files/{last}/remove", {"csrf_token": token}).status == 303
    assert len(of_case(db.session, "tender", draft)) == most - 1
    told = world.asked()
    for step in ("funds mode budget", "openness deadline invited"):
        drafting.edit(world.actor("buyer"), draft, **{name: told[name] for name in step.split()})
    tenders.publish(world.actor("buyer"), draft)
    agency = sign_in(app, world, "agency")
    assert agency.get(address).status == 200
    assert address in agency.get(f"/requests/{draft}").text
    assert (
        buyer.post(f"/requests/{draft}/files/{file.identifier}/remove", {"csrf_token": token}).status == 409
    )


def test_a_result_is_wanted_after_the_deadline(app: Flask, world: World) -> None:
    deadline = world.asked()["deadline"]
    with pytest.raises(RuleViolation, match="截止时间之后") as refused:
        world.tender(wanted_on=deadline.date() - timedelta(days=1))
    assert refused.value.field == "wanted_on"
    day = deadline.date() + timedelta(days=30)
    tender = world.tender(wanted_on=day, project="另一处高标准农田")
    assert f"{day}" in Visitor(app).get(f"/requests/{tender}").text


def test_a_delegate_begins_within_what_he_may_spend(app: Flask, world: World) -> None:
    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=["tender"],
        most=3_000_000,
        until=clock.now() + timedelta(days=30),
    )
    world.accept("helper")
    buyer = world.organisation("buyer").id
    helper = world.actor("helper")
    draft = drafting.create(helper, on_behalf_of=buyer, **{**WHAT, "item_code": "WAT-01"})
    assert _found(draft).budget == 3_000_000
    for budget in (None, 3_000_001):
        with pytest.raises(RuleViolation, match="委托的金额"):
            drafting.edit(helper, draft, funds="private", mode="inquiry", budget=budget)
    drafting.edit(helper, draft, funds="private", mode="inquiry", budget=2_000_000)


@pytest.mark.parametrize("funds", FUNDS)
@pytest.mark.parametrize("worth", [None, 1_000_000, 100_000_000_000])
def test_some_way_to_choose_suits_every_need(world: World, funds: str, worth: int | None) -> None:
    item = item_by_code(db.session, "EIA-01")
    assert item is not None
    need = Need(item, funds, worth, policy.current())
    suited = {name for name, mode in MODES.items() if mode.suits(need)}
    assert suited
    assert ("direct" in suited) == (worth == 1_000_000)
    assert ("merit" in suited) == (worth == 100_000_000_000)
    assert ("inquiry" in suited) == (funds == "private")


def test_the_estimate_follows_what_is_typed(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    draft = drafting.create(world.actor("buyer"), **{**WHAT, "item_code": "WAT-01"})
    assert "¥ 50,000.00" in buyer.get(f"/requests/{draft}/edit/size").text
    sized = drafting.create(world.actor("buyer"), **WHAT)
    looked = buyer.submit(f"/requests/{sized}/edit/size", amount="五千多", look="1")
    assert (looked.status, "请填写金额" in looked.error_at("amount")) == (200, True)
    assert untold(_found(sized))[0] == "size", "looking tells nothing"
    counted = drafting.create(world.actor("buyer"), **{**WHAT, "item_code": "SUR-01"})
    assert "−" not in buyer.submit(f"/requests/{counted}/edit/size", count="-3", look="1").text
    piece = buyer.get(f"/requests/{sized}/edit/choice").soup.select_one("[name=csrf_token]")["value"]
    seen = buyer.post(
        f"/requests/{sized}/preview/choice", {"csrf_token": piece, "funds": "state", "budget": "1.2亿"}
    )
    assert (seen.status, "¥ 120,000,000.00" in seen.text, "择优选取" in seen.text) == (200, True, True)


def test_a_refused_amount_hides_no_published_fee(app: Flask, world: World) -> None:
    world.agency("assessor", item="CON-01")
    for typed in ("五千多", "-1", "1e9", "99999999999999"):
        page = Visitor(app).get(f"/items/CON-01?amount={typed}")
        assert page.status == 422
        assert "assessor单位" in page.text
        assert "还没有机构公示" not in page.text
        assert page.soup.select_one("[name=amount]")["aria-describedby"] == "size-error"
        assert page.soup.select_one("[name=amount]")["value"] == typed


@pytest.mark.parametrize(
    "typed",
    ["5000万", "５０００万", "5,000 万元", "¥50,000,000", "￥ 5000万", "0.5 亿", "５０，０００，０００"],
)
def test_a_sum_is_read_as_people_write_it_wherever_one_is_typed(app: Flask, world: World, typed: str) -> None:
    assert money.parse(typed) == 5_000_000_000
    assert Visitor(app).get(f"/items/EIA-01?amount={typed}").status == 200
    assert Visitor(app).get(f"/agencies?item=EIA-01&least={typed}").status == 200
    draft = drafting.create(world.actor("buyer"), **WHAT)
    assert sign_in(app, world, "buyer").submit(f"/requests/{draft}/edit/size", amount=typed).status == 303
    assert _found(draft).quantity == {"amount": 5_000_000_000}


def test_who_signs_up_on_the_way_to_a_request_goes_on_with_it(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    away = visitor.get("/requests/new?item=WAT-01&region=632801&amount=5000万").location
    assert away.startswith("/sign-up?next=")
    page = visitor.get(away)
    assert page.value_of("kind") == "enterprise"
    assert page.value_of("region_code").endswith("格尔木市")
    assert page.soup.select_one("main a[href^='/sign-in?next=']") is not None
    made = visitor.submit(
        away,
        name="才让",
        email="first@example.cn",
        password=PASSWORD,
        organisation="格尔木新能源有限公司",
        uscc=code(900),
    )
    assert (made.status, made.location.startswith("/requests/new?item=WAT-01")) == (303, True)
    elsewhere = Visitor(app).get("/sign-up?next=https://example.com/requests/new")
    assert "example.com" not in elsewhere.soup.select_one("main").get_text() + str(
        elsewhere.soup.select("main a")
    )


def test_drafts_of_before_were_told_at_once(world: World, app: Any) -> None:
    draft = world.tender(publish=False)
    found = _found(draft)
    assert set(found.told or ()) == set(STEPS)
    found.told = None
    assert (untold(found), all(found.knows(step) for step in STEPS)) == ([], True)
    db.session.rollback()


def test_a_step_that_was_told_is_not_wrong_because_another_was_not(app: Flask, world: World) -> None:
    begun = {**WHAT, "item_code": "WAT-01", "region_code": world.asked()["region_code"]}
    draft = drafting.create(world.actor("buyer"), **begun)
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="inquiry", budget=None)
    assert lacking(db.session, _found(draft)) == [("whom", None)]
    assert "要改" not in sign_in(app, world, "buyer").get(f"/requests/{draft}/edit/whom").text


def test_dates_that_cannot_be_are_refused_where_they_are_told(app: Flask, world: World) -> None:
    draft = world.tender(publish=False)
    refused = sign_in(app, world, "buyer").submit(
        f"/requests/{draft}/edit/whom", deadline="2026-01-05T12:00", wanted_on="2026-01-03"
    )
    assert refused.status == 422
    assert "已经过去" in refused.error_at("deadline")
    assert "截止时间之后" in refused.error_at("wanted_on")


def test_a_draft_saved_many_times_tells_so_once(app: Flask, world: World) -> None:
    draft = world.tender(publish=False)
    for description in ("一期", "二期", "三期"):
        drafting.edit(world.actor("buyer"), draft, **{**WHAT, "description": description})
    page = sign_in(app, world, "buyer").get(f"/requests/{draft}")
    said = [line.text for line in page.soup.select(".timeline b")]
    assert said == ["修改", "起草需求"]
