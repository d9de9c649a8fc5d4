"""What a step tells: a way said before it is asked no more, nobody is asked by chance, stopping keeps all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from harness.factories import World
from market.accounts.actions import delegating
from market.extensions import db
from market.sourcing import needs
from market.sourcing.actions import drafting
from models import clock
from models.errors import RuleViolation
from models.sourcing.steps import STEPS, untold
from models.sourcing.tenders import Tender
from tests.web import Answer, Visitor, sign_in

THREE = "/requests/new?item=WAT-01&region=632801&mode=inquiry&key=three"
WHAT = {"item_code": "EIA-01", "region_code": "632801", "project": "", "description": ""}


def _found(identifier: str) -> Tender:
    db.session.rollback()
    return Tender.load(db.session, identifier)


def _proposed(app: Flask, draft: str) -> list[str]:
    with app.test_request_context():
        return [each.agency.identifier for each in needs.proposed(_found(draft))]


def _begin(buyer: Visitor, funds: str = "private") -> str:
    return buyer.submit(THREE, funds=funds).location


def test_who_asks_for_three_quotes_is_asked_whose_money_and_then_whom(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    first = buyer.get(THREE)
    assert first.value_of("funds") is None, "nothing is said for anybody"
    refused = buyer.submit(THREE)
    assert (refused.status, bool(refused.error_at("funds"))) == (422, True)
    at = _begin(buyer)
    assert at.endswith("/edit/whom")
    whom = buyer.get(at)
    assert "询价议价" in whom.text
    ways = whom.soup.select(f"main form a[href='{at.replace('whom', 'choice')}']")
    assert [way.get_text() for way in ways] == ["换一种方式"]
    choice = buyer.get(at.replace("whom", "choice"))
    assert (choice.value_of("mode"), choice.value_of("funds")) == ("inquiry", "private")


def test_a_way_that_does_not_suit_the_money_is_looked_at_once_more(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    at = _begin(buyer, "state")
    assert at.endswith("/edit/choice")
    choice = buyer.get(at)
    assert (choice.value_of("mode"), choice.value_of("funds")) == ("inquiry", "state"), "it was said"
    assert "国有资金:适合的选法" in choice.text


def test_what_was_told_otherwise_since_stays(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    draft = _begin(buyer).split("/")[2]
    way = {"mode": "inquiry", "funds": "private"}
    told = {**WHAT, "item_code": "WAT-01"}
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="sealed_bid", budget=None)
    drafting.create(world.actor("buyer"), key="three", way=way, **told)
    assert _found(draft).mode == "sealed_bid"
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="inquiry", budget=None)
    drafting.create(world.actor("buyer"), key="three", way={**way, "funds": "state"}, **told)
    assert untold(_found(draft))[0] == "choice", "he went back and said whose money it is anew"


def test_three_that_fit_are_proposed_and_asked_only_by_the_button(app: Flask, world: World) -> None:
    world.agency("fourth")
    buyer = sign_in(app, world, "buyer")
    at = _begin(buyer)
    draft = at.split("/")[2]
    proposed = _proposed(app, draft)
    assert len(proposed) == 3
    page = buyer.get(at)
    assert page.soup.select("[name=invited][checked]") == []
    button = page.soup.select_one("button[name=just]")
    assert (button["value"], button.get_text(strip=True)) == (" ".join(proposed), "就请这 3 家")
    assert page.soup.select_one("main form button")["class"] == ["btn", "btn-quiet"], "Enter asks nobody"
    assert buyer.submit(at, just=button["value"]).location == f"/requests/{draft}/publish"
    found = _found(draft)
    assert (found.openness, sorted(each.agency.identifier for each in found.invitations)) == (
        "invited",
        sorted(proposed),
    )
    assert _proposed(app, draft) == [], "whoever named some is proposed none"


def test_who_cannot_take_it_on_or_serves_elsewhere_is_not_proposed(app: Flask, world: World) -> None:
    draft = drafting.create(
        world.actor("buyer"), way={"mode": "inquiry", "funds": "private"}, **{**WHAT, "item_code": "WAT-01"}
    )
    all_three = set(_proposed(app, draft))
    assert world.identifiers["second"] in all_three
    world.organisation("second").state = "suspended"
    world.organisation("third").region_code = "630100"
    db.session.commit()
    assert set(_proposed(app, draft)) == all_three - {world.identifiers["second"], world.identifiers["third"]}


def test_nobody_is_asked_by_name_only_where_the_buyer_says_so(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    at = _begin(buyer)
    refused = buyer.submit(at)
    assert (refused.status, "还没有请任何一家" in refused.error_at("invited")) == (422, True)
    assert "没有机构会收到通知" in refused.error_at("invited")
    draft = at.split("/")[2]
    three = [world.identifiers[name] for name in ("agency", "second", "third")]
    assert buyer.submit(at, openly="1", invited=three).location.endswith("/publish")
    assert (_found(draft).openness, _found(draft).invitations) == ("open", []), "the button names nobody"
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="sealed_bid", budget=None)
    assert buyer.get(at).soup.select_one("[name=openly]") is None
    assert buyer.submit(at).status == 303, "a sealed tender is announced to all"


@pytest.mark.parametrize(
    ("step", "typed", "kept"),
    [
        ("what", {"project": "厂房扩建", "item_code": ""}, {"project": "厂房扩建"}),
        ("size", {"amount": "", "factor": "化工"}, {"factor": "化工"}),
        ("choice", {"budget": "5万", "funds": "state"}, {"budget": "50000.00", "funds": "state"}),
        ("choice", {"mode": "merit", "price_weight": "55"}, {"mode": "merit", "price_weight": "55"}),
        ("whom", {"deadline": "", "wanted_on": "2027-03-01"}, {"wanted_on": "2027-03-01"}),
        ("size", {"amount": "0"}, {"amount": "0.00"}),
        (
            "choice",
            {"funds": "private", "price_weight": "70", "days_weight": "", "quality": "甲 10"},
            {"funds": "private", "price_weight": "70", "days_weight": "0", "quality": "甲 10"},
        ),
        ("choice", {"mode": "inquiry", "credit_weight": "15"}, {"mode": "inquiry", "credit_weight": "15"}),
        ("whom", {"deadline": "2020-01-01T09:00"}, {"deadline": "2020-01-01T09:00"}),
        ("whom", {"only_invited": "y", "wanted_on": "2020-03-01"}, {"wanted_on": "2020-03-01"}),
    ],
)
def test_stopping_keeps_what_was_typed(
    app: Flask, world: World, step: str, typed: dict[str, str], kept: dict[str, str]
) -> None:
    buyer = sign_in(app, world, "buyer")
    draft = drafting.create(world.actor("buyer"), **WHAT)
    at = f"/requests/{draft}/edit/{step}"
    stopped = buyer.submit(at, **typed, stop="1")
    assert (stopped.status, stopped.location) == (303, f"/requests/{draft}")
    page = buyer.get(at)
    assert {name: page.value_of(name) for name in kept} == kept
    assert untold(_found(draft)) == ["size", "choice", "whom"], "what is incomplete is not told"
    assert "继续填写" in buyer.get(f"/requests/{draft}").text


def test_stopping_at_a_whole_step_tells_it_and_at_a_wrong_one_says_so(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    draft = drafting.create(world.actor("buyer"), **WHAT)
    size = f"/requests/{draft}/edit/size"
    wrong = buyer.submit(size, amount="五千多", stop="1")
    assert (wrong.status, wrong.value_of("amount")) == (422, "五千多")
    assert buyer.submit(size, amount="5000万", stop="1").location == f"/requests/{draft}"
    assert untold(_found(draft)) == ["choice", "whom"]
    assert buyer.submit(size, amount="", stop="1").status == 303
    assert untold(_found(draft))[0] == "size", "it is not whole any more"


@pytest.mark.parametrize(("count", "kept"), [("", {}), ("0", {"count": 0})])
def test_stopping_asks_for_no_size_that_is_counted(
    app: Flask, world: World, count: str, kept: dict[str, int]
) -> None:
    draft = drafting.create(world.actor("buyer"), **{**WHAT, "item_code": "SUR-01"})
    buyer = sign_in(app, world, "buyer")
    assert buyer.submit(f"/requests/{draft}/edit/size", count=count, stop="1").status == 303
    assert (_found(draft).quantity, untold(_found(draft))[0]) == (kept, "size")
    assert "计费基数" in buyer.submit(f"/requests/{draft}/edit/size", count=count).error_at("count")


def test_a_delegate_who_stops_without_a_budget_keeps_the_rest(app: Flask, world: World) -> None:
    world.enterprise("helper")
    until = clock.now() + timedelta(days=30)
    delegating.delegate(
        world.actor("buyer"), email=world.emails["helper"], scope=["tender"], most=3_000_000, until=until
    )
    world.accept("helper")
    told = {**WHAT, "item_code": "WAT-01", "on_behalf_of": world.organisation("buyer").id}
    draft = drafting.create(world.actor("helper"), **told)
    helper, at = sign_in(app, world, "helper"), f"/requests/{draft}/edit/choice"
    said = {"funds": "private", "mode": "inquiry"}
    assert helper.submit(at, **said, budget="", stop="1").status == 303
    page = helper.get(at)
    assert {name: page.value_of(name) for name in (*said, "budget")} == {**said, "budget": "30000.00"}
    refused = helper.submit(at, **said, budget="40000", stop="1")
    assert (refused.status, "委托的金额" in refused.error_at("budget")) == (422, True)


def test_stopping_at_the_first_step_begins_a_draft(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    assert "选了服务事项就能“先到这里,留成草稿”" in buyer.get("/requests/new?key=k").text
    refused: Answer = buyer.submit("/requests/new?key=k", project="厂房扩建", stop="1")
    assert (refused.status, refused.value_of("project")) == (422, "厂房扩建")
    assert "至少要选一个服务事项" in refused.error_at("item_code")
    begun = buyer.submit("/requests/new?key=k", **WHAT, stop="1").location
    assert begun == f"/requests/{_found(begun.split('/')[2]).identifier}"


def test_nobody_is_asked_who_is_no_agency_in_the_market_and_nobody_told_who_is_there(
    app: Flask, world: World
) -> None:
    """An applicant, a number of nobody's, a buyer: the same answer, and no name."""
    world.agency("applicant", verified=False)
    buyer = sign_in(app, world, "buyer")
    at = _begin(buyer)
    said = set()
    applicant, nobody = world.identifiers["applicant"], "A-2099-999999"
    for none in (applicant, nobody, world.identifiers["buyer"]):
        for told in ({"invited": [none, world.identifiers["second"]]}, {"just": none}):
            if told == {"just": world.identifiers["buyer"]}:
                continue  # which is not written as an agency's is
            refused = buyer.submit(at, **told)
            assert refused.status == 422
            said.add(refused.error_at("invited"))
            assert _found(at.split("/")[2]).invitations == []
    for none in (applicant, nobody):
        fresh = f"{THREE}{none}&invite={none}"
        page = buyer.get(fresh).text
        assert (f"{none} 不是已入驻的机构" in page, "applicant单位" in page) == (True, False)
        assert _found(buyer.submit(fresh, funds="private").location.split("/")[2]).invitations == []
    (alike,) = said
    assert "不是已入驻的机构" in alike


def test_a_list_of_one_agencys_names_none_that_is_not_in_the_market(app: Flask, world: World) -> None:
    world.agency("applicant", verified=False)
    listed = sign_in(app, world, "buyer").get(f"/contracts?agency={world.identifiers['applicant']}")
    assert "applicant单位" not in listed.text
    known = sign_in(app, world, "buyer").get(f"/contracts?agency={world.identifiers['second']}")
    assert "second单位" in known.text


@pytest.mark.parametrize("said", [{}, {"funds": "private"}, {"region_code": "632801"}, {"project": "厂房"}])
def test_an_item_is_the_least_a_draft_needs(app: Flask, world: World, said: dict[str, str]) -> None:
    """Whatever else was typed is kept and the step still to be told: a place, whose money, a name."""
    buyer = sign_in(app, world, "buyer")
    begun = buyer.submit("/requests/new?mode=inquiry&key=k", item_code="WAT-01", **said, stop="1").location
    draft = begun.split("/")[2]
    found = _found(draft)
    assert begun == f"/requests/{draft}"
    assert untold(found) == (
        ["choice", "whom"]
        if "region_code" in said
        else ["what", "whom"]
        if "funds" in said
        else ["what", "choice", "whom"]
    )
    assert (found.knows("mode"), found.mode) == (True, "inquiry")
    assert draft in buyer.get("/my").text, "it stands among what is to be done"
    for page in (begun, begun + "/publish", "/requests?mine=1", *(f"{begun}/edit/{step}" for step in STEPS)):
        for language in ("zh", "en"):
            assert buyer.get(f"{page}{'&' if '?' in page else '?'}lang={language}").status == 200, page
    what = buyer.get(f"{begun}/edit/what")
    assert (what.value_of("item_code"), what.value_of("project")) == (
        "WAT-01",
        found.project if said.keys() & {"region_code", "project"} else "",
    )
    told = buyer.submit(f"{begun}/edit/what", region_code="632801", project="")
    assert (told.status, _found(draft).project) == (303, "格尔木市" + found.item.name)


def test_who_ticks_some_of_those_he_may_ask_asks_these_alone(app: Flask, world: World) -> None:
    """Where nobody serves the place none is proposed, and whoever is ticked is asked by name all the same."""
    for name in ("agency", "second", "third"):
        world.organisation(name).region_code = "630100"
    db.session.commit()
    buyer, three = sign_in(app, world, "buyer"), [world.identifiers[n] for n in ("agency", "second", "third")]
    at = _begin(buyer)
    draft, page = at.split("/")[2], buyer.get(at)
    assert page.soup.select("button[name=just]") == []
    assert page.soup.select_one("[name=only_invited][checked]") is not None
    published = buyer.submit(at, invited=three).location
    assert _found(draft).openness == "invited"
    assert "仅邀请" in buyer.get(published).text
    assert buyer.submit(at, invited=three, only_invited="", stop="1").status == 303
    assert _found(draft).openness == "open", "he said otherwise"


def test_who_invites_by_name_asks_these_alone_unless_it_is_sealed(app: Flask, world: World) -> None:
    buyer, second = sign_in(app, world, "buyer"), world.identifiers["second"]
    begun = buyer.submit(f"/requests/new?item=WAT-01&region=632801&key=one&invite={second}").location
    draft = begun.split("/")[2]
    at = f"/requests/{draft}/edit/whom"
    alone = "[name=only_invited][checked]"
    assert buyer.get(at).soup.select_one(alone) is not None
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="sealed_bid", budget=None)
    assert buyer.get(at).soup.select_one(alone) is None
    drafting.edit(world.actor("buyer"), draft, funds="private", mode="inquiry", budget=None)
    stopped = buyer.submit(at, only_invited="", deadline="", stop="1")
    assert (stopped.status, untold(_found(draft))) == (303, ["whom"])
    assert buyer.get(at).soup.select_one(alone) is None, "he said otherwise, and stopped"


def test_whoever_fits_is_proposed_however_many_better_rated_do_not(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "LOOKED_AT", 1)
    draft = drafting.create(
        world.actor("buyer"), way={"mode": "inquiry", "funds": "private"}, **{**WHAT, "item_code": "WAT-01"}
    )
    ours = [world.identifiers[name] for name in ("agency", "second", "third")]
    assert _proposed(app, draft) == ours
    busy = RuleViolation("忙")
    monkeypatch.setattr(
        needs,
        "unfit",
        lambda _session, pairs, *_activities: [
            busy if a.identifier in ours[:2] else None for a, _item in pairs
        ],
    )
    assert _proposed(app, draft) == ours[2:]
