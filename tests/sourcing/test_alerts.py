"""Who hears of a public tender, and what an agency finds under 我能答的: the rule of a quote, both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World, years
from market.agencies.actions import entry, publishing
from market.extensions import db
from market.jobs import drain
from market.sourcing import jobs
from market.sourcing.actions import cancelling, common, searching
from market.transaction import transaction
from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Practitioner
from models.errors import NotFound, Problem, RuleViolation
from models.events import Event
from models.notifications import Notification
from models.sourcing import matching
from models.sourcing.saved_searches import MOST, SavedSearch, TenderSearch
from models.sourcing.tenders import Tender
from tests.conftest import START
from tests.sourcing.readable import opened
from tests.web import sign_in

FIXED = {"method": "fixed", "price": 5_000_000}
AUDIT, WATER = "FIN-01", "WAT-02"  # ask for a licence and two accountants; for a certificate
AGENCIES = ("agency", "second", "third", "skilled", "later", "away")


def certificate(world: World, name: str, kind: str, **dates: Any) -> None:
    publishing.add_qualification(
        world.actor(name),
        kind=kind,
        number=f"{name}-{kind}",
        level="",
        issuer="发证机关",
        file_name="c.pdf",
        content=PDF,
        **{**years(), **dates},
    )


@pytest.fixture
def crowd(world: World) -> World:
    """Agencies that may answer something, each another thing."""
    world.authority("finance", "department", department="财政")
    for name in ("skilled", "later", "away"):
        world.agency(name)
    for name in ("second", "skilled"):
        world.fees(name, 4_000_000, WATER)
        world.fees(name, 4_000_000, AUDIT)
    certificate(world, "skilled", "水资源论证单位水平评价")
    certificate(world, "second", "水资源论证单位水平评价", valid_until=world.day(40))
    certificate(world, "skilled", "会计师事务所执业许可")
    with transaction() as session:
        for number in range(2):
            session.add(
                Practitioner(
                    agency_id=world.organisation("skilled").id,
                    name=f"会计{number}",
                    kind="注册会计师",
                    number=f"K-{number}",
                    **{**years(), "valid_until": world.day(20) if number else world.day(500)},
                )
            )
    publishing.publish_fees(
        world.actor("later"), item_code=WATER, terms=FIXED, days=20, effective_from=world.day(10)
    )
    certificate(world, "later", "水资源论证单位水平评价")
    entry.suspend(world.actor("regulator"), world.identifiers["away"], reason="正在核查,其间暂停承接")
    return world


def may(world: World, name: str, tender: str) -> bool:
    """What the form of an answer says of it."""
    try:
        common.published_price(world.actor(name), Tender.load(db.session, tender))
    except Problem:
        return False
    return True


def agree(world: World, tenders: list[str]) -> dict[tuple[str, str], bool]:
    """The rule, the list of an agency and the list of a tender say the same of every pair; what they say."""
    found = {}
    for name in AGENCIES:
        db.session.rollback()
        where = matching.answerable(db.session, world.organisation(name))
        listed = set(db.session.scalars(select(Tender.identifier).where(where)))
        for tender in tenders:
            found[name, tender] = may(world, name, tender)
            assert found[name, tender] == (tender in listed), (name, tender)
    for number in tenders:
        db.session.rollback()
        tender = Tender.load(db.session, number)
        if tender.openness == "invited" or tender.state != "published" or tender.deadline < clock.now():
            continue
        able: list[int] = []
        after: int | None = 0
        while after is not None:  # two at a time
            some, after = matching.able_agencies(db.session, tender, after, 2)
            able += some
        assert len(able) == len(set(able))
        for name in AGENCIES:
            assert found[name, number] == (world.organisation(name).id in able), (name, number)
    return found


def test_the_rule_the_list_and_the_alert_agree(crowd: World, time: Any) -> None:
    """On days on which fees come into force, certificates and people's licences end."""
    tenders = [
        crowd.tender(project="清水河水资源论证", item_code=WATER, deadline=crowd_deadline(55)),
        crowd.tender(
            project="年度专项审计", item_code=AUDIT, quantity={"amount": 10**9}, deadline=crowd_deadline(55)
        ),
        crowd.tender(project="高标准农田项目", deadline=crowd_deadline(30)),
        crowd.tender(
            project="只问一家的项目",
            mode="direct",
            openness="invited",
            invited=[crowd.identifiers["second"]],
            deadline=crowd_deadline(55),
        ),
        crowd.tender(project="取消了的项目"),
    ]
    cancelling.cancel(crowd.actor("buyer"), tenders[-1], reason="项目不做了,不再采购")
    seen = set()
    for days in (0, 5, 10, 15, 20, 30, 41, 54):
        time.instant = START + timedelta(days=days)
        said = agree(crowd, tenders)
        seen.add(frozenset(key for key, able in said.items() if able))
    assert len(seen) >= 4, "the days differ, or nothing was tried"


def crowd_deadline(days: int) -> Any:
    return clock.now() + timedelta(days=days)


def test_a_rerun_of_what_was_left_unsigned_is_not_offered(world: World, time: Any) -> None:
    from market.contracts.actions import drafting

    contract = world.contract_of(world.awarded()).identifier
    drafting.terminate(world.actor("agency"), contract, reason="人手不够,不能承接了")
    again = world.tender(project="高标准农田项目")
    assert agree_of(world, ("agency", "second"), again) == {"agency": False, "second": True}


def agree_of(world: World, names: tuple[str, ...], tender: str) -> dict[str, bool]:
    able, _after = matching.able_agencies(db.session, Tender.load(db.session, tender), 0, 100)
    found = {name: may(world, name, tender) for name in names}
    for name in names:
        own = world.organisation(name)
        where = matching.answerable(db.session, own)
        listed = db.session.scalar(select(Tender.id).where(where, Tender.identifier == tender))
        assert (own.id in able, listed is not None) == (found[name], found[name]), name
    return found


def told(world: World, tender: str, *kinds: str) -> dict[str, str]:
    """Who was told that it was published, by name of the kind of notice."""
    db.session.rollback()
    query = (
        select(Organisation.name, Notification.kind)
        .join(Organisation, Organisation.id == Notification.organisation_id)
        .join(Event, Event.id == Notification.event_id)
        .where(Event.case_identifier == tender, Event.kind.in_(kinds or ("tender.publish",)))
    )
    return {name.removesuffix("单位"): kind for name, kind in db.session.execute(query)}


def test_those_who_may_answer_hear_of_it_once(crowd: World) -> None:
    drain()
    tender = crowd.tender(item_code=WATER)
    drain()
    assert told(crowd, tender) == {"second": "work", "skilled": "work"}
    event = db.session.scalars(select(Event).where(Event.kind == "tender.publish")).one()
    db.session.expunge(event)
    jobs.alert([event])
    assert told(crowd, tender) == {"second": "work", "skilled": "work"}, "killed and run again, nobody twice"
    count = db.session.scalars(select(Notification).where(Notification.kind == "work")).unique().all()
    assert len(count) == 2


def test_an_invited_tender_is_told_to_the_invited_alone(crowd: World) -> None:
    drain()
    tender = crowd.tender(
        item_code=WATER, mode="direct", openness="invited", invited=[crowd.identifiers["second"]]
    )
    searching.save(crowd.actor("third"), item=WATER, region="", mode="", words="", alert=True)
    drain()
    assert told(crowd, tender) == {"second": "invite"}


def test_what_ended_meanwhile_is_told_to_nobody(world: World) -> None:
    drain("events")
    tender = world.tender()
    cancelling.cancel(world.actor("buyer"), tender, reason="项目不做了,不再采购")
    drain()
    assert told(world, tender) == {}


def test_a_saved_search_tells_of_what_fits_it(app: Flask, world: World) -> None:
    world.enterprise("other")
    for asked in (
        {"words": "农田"},
        {"item": "EIA-01"},
        {"region": "630000", "mode": "inquiry"},
    ):
        values = {"item": "", "region": "", "mode": "", "words": "", "alert": True, **asked}
        searching.save(world.actor("other"), **values)
    searching.save(world.actor("second"), item="WAT-01", region="", mode="", words="", alert=True)
    searching.save(world.actor("buyer"), item="WAT-01", region="", mode="", words="", alert=True)
    drain()
    fits = world.tender()
    drain()
    assert told(world, fits) == {"other": "saved", "agency": "work", "second": "work", "third": "work"}
    page = sign_in(app, world, "other").get("/my/notices?kind=saved")
    assert fits in page.text
    assert page.soup.select_one(".top .count").get_text() == "2条未读", "let in, and this"  # type: ignore[union-attr]


def test_the_list_and_the_alert_read_letters_alike(app: Flask, world: World) -> None:
    searching.save(world.actor("second"), item="", region="", mode="", words="epc", alert=True)
    tender = world.tender(project="EPC 总承包水土保持")
    drain()
    assert "second" in told(world, tender)
    assert tender in sign_in(app, world, "second").get("/requests?words=epc").text


def test_searches_are_saved_from_the_list_and_dropped(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    link = agency.get("/requests?item=WAT-01&words=农田").soup.select_one("a[href^='/my/searches/new']")
    assert link is not None
    path = str(link["href"])
    assert agency.get(path).value_of("item") == "WAT-01"
    assert agency.submit(path).status == 303
    again = agency.submit(path)
    assert (again.status, "已经保存过" in again.text, again.value_of("words")) == (422, True, "农田")
    assert agency.submit("/my/searches/new").status == 422, "one that narrows nothing"
    kept = db.session.scalars(select(SavedSearch)).one()
    assert kept.search == TenderSearch(item="WAT-01", words="农田")
    number = kept.id
    token = agency.get("/my/searches").soup.select_one("main input[name=csrf_token]")
    assert token is not None
    remove = f"/my/searches/{number}/remove"
    other = sign_in(app, world, "second")
    own = other.get("/my/searches/new").value_of("csrf_token")
    assert other.post(remove, {"csrf_token": own}).status == 404, "it is another's"
    assert agency.post(remove, {"csrf_token": token["value"]}).status == 303
    assert db.session.scalars(select(SavedSearch)).all() == []
    with pytest.raises(NotFound):
        searching.forget(world.actor("agency"), number)


def test_no_organisation_keeps_more_than_so_many(world: World) -> None:
    for number in range(MOST):
        searching.save(world.actor("agency"), item="", region="", mode="", words=f"词{number}", alert=False)
    with pytest.raises(RuleViolation, match="最多保存"):
        searching.save(world.actor("agency"), item="", region="", mode="", words="多一个", alert=False)


def test_the_list_of_what_one_may_answer(app: Flask, crowd: World) -> None:
    water, fields = crowd.tender(project="水资源论证一", item_code=WATER), crowd.tender()
    page = sign_in(app, crowd, "agency").get("/requests?able=1").text
    assert (fields in page, water in page) == (True, False)
    page = sign_in(app, crowd, "skilled").get("/requests?able=1").text
    assert (fields in page, water in page) == (True, True)
    assert "“我能答的”只列出" in sign_in(app, crowd, "away").get("/requests?able=1").text
    assert "我能答的" not in sign_in(app, crowd, "buyer").get("/requests").text, "buyers answer nothing"


@pytest.mark.parametrize(
    ("asked", "role", "why"),
    [
        ("able", "buyer", "只有中介机构能答采购需求。"),
        ("able", "visitor", "登录以后才知道哪些需求您能答。"),
        ("mine", "admin", "您不是任何单位的成员,没有本单位的需求。"),
        ("mine", "visitor", "登录以后才有本单位的需求。"),
    ],
)
def test_a_list_that_is_not_for_the_reader_says_why(
    app: Flask, world: World, asked: str, role: str, why: str
) -> None:
    world.appoint_admin()
    visitor = sign_in(app, world, role)
    page = visitor.get(f"/requests?{asked}=1")
    said, away = page.soup.select_one(f"#{asked}-wrong"), page.soup.select_one(".filters p a")
    assert page.status == 422
    assert said is not None
    assert said.get_text(strip=True) == why
    assert away is not None, "it is taken away again"
    assert visitor.get(str(away["href"])).status == 200


def test_words_narrow_the_list_and_mean_themselves(app: Flask, world: World) -> None:
    first, second = world.tender(project="百分之50%的项目"), world.tender(project="五十里铺的项目")
    visitor = sign_in(app, world, "visitor")
    for words, found in (("项目 铺", {second}), ("50%", {first}), ("%", {first}), ("没有这个", set())):
        page = visitor.get(f"/requests?words={words.replace('%', '%25')}").text
        assert {each for each in (first, second) if each in page} == found, words


def test_a_turned_tender_is_told_again_and_only_while_it_takes_answers(world: World, time: Any) -> None:
    """Too few sealed bids turn it into an inquiry, which anybody may answer anew."""
    tender = world.tender(mode="reference_price")
    world.bids(tender, agency=4_000_000)
    drain()
    time.closing(tender)
    time.closing(tender)
    drain()
    assert Tender.load(db.session, tender).mode == "inquiry"
    assert set(told(world, tender, "tender.turn")) >= {"agency", "second", "third"}


def test_nobody_hears_of_an_opened_tender_as_new(world: World, time: Any) -> None:
    drain()
    tender = opened(world, time, "sealed_bid")
    drain()
    assert "work" not in told(world, tender).values()
