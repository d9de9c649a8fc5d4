"""Entering: steps that can be left and taken up again, the check, and the commitment.

With what becomes of a false one.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from harness.factories import PDF, World, entry_values, years
from market.access_codes import code_of
from market.agencies.actions import accounts as account_actions
from market.agencies.actions import checks, entry, publishing
from market.agencies.jobs import warn_of_expiry
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.sourcing.actions import quotes
from market.transaction import transaction
from models import workdays
from models.agencies.certificates import Practitioner
from models.agencies.checks import Check
from models.agencies.entry import FORMS, MATERIALS, STEPS, letter, missing
from models.credit.records import CreditRecord
from models.errors import NotAllowed, RuleViolation, WrongState
from models.events import Event
from models.pricing import standards
from tests.web import sign_in


def newcomer(world: World, name: str = "newcomer") -> None:
    world.sign_up(name, kind="agency")


def state_of(world: World, name: str = "newcomer") -> str:
    db.session.rollback()
    return world.organisation(name).state


def test_steps_can_be_left_and_taken_up_again_from_page_to_page(app: Flask, world: World) -> None:
    newcomer(world)
    visitor = sign_in(app, world, "newcomer")
    assert "已填 0 / 6 步" in visitor.get("/my/entry").text
    values = entry_values("newcomer")
    for done, (step, path) in enumerate(
        (("representative", "/my/entry/licence"), ("bank", "/my/entry/licence")), start=1
    ):
        answer = visitor.submit(f"/my/entry/{step}", **values[step])
        assert (answer.status, answer.location) == (303, path), "on to the first step that is not done"
        assert f"已填 {done} / 6 步" in sign_in(app, world, "newcomer").get("/my/entry").text, (
            "and it is all still there another day"
        )
    assert visitor.get("/my/entry/bank").value_of("account_number") == values["bank"]["account_number"]
    refused = visitor.submit("/my/entry/commitment", way="submit", committed="y")
    assert refused.status == 422
    for label in ("证照信息", "经营场所", "从业人员", "材料"):
        assert label in refused.soup.select_one(".problem").get_text()
    assert "先填写证照信息" in visitor.get("/my/entry/materials").text, (
        "what papers are asked for follows from the kind of organisation"
    )
    licence = {"legal_form": "company", "established_on": "2018-05-01", "scope": "水土保持"}
    assert visitor.submit("/my/entry/licence", **licence).location == "/my/entry/premises"
    visitor.submit(
        "/my/entry/premises", registered_address="昆仑路 1 号", address="昆仑路 1 号", premises="owned"
    )
    person = {
        "name": "才旦",
        "kind": "注册咨询工程师",
        "number": "Z-1",
        "valid_from": "2025-01-01",
        "valid_until": "2031-01-01",
    }
    assert visitor.submit("/my/entry/practitioners", **person).location == "/my/entry/materials"
    for kind in FORMS["company"]["materials"]:
        assert MATERIALS[kind]["zh"] in visitor.get("/my/entry/materials").text
        visitor.submit("/my/entry/materials", kind=kind, file=PDF)
    assert visitor.get("/my/entry").soup.select_one(".turn a")["href"] == "/my/entry/commitment"
    assert letter()[:20] in visitor.get("/my/entry/commitment").text
    assert visitor.submit("/my/entry/commitment", way="submit").status == 422, (
        "nobody enters without the commitment"
    )
    assert visitor.submit("/my/entry/commitment", way="submit", committed="y").status == 303
    assert state_of(world) == "applied"
    assert "正在核验" in visitor.submit("/my/entry/bank", **values["bank"]).text, (
        "while it is checked nothing moves"
    )
    assert f"/agencies/{world.identifiers['newcomer']}" in sign_in(app, world, "regulator").get("/my").text
    drain()
    drain()
    paper = visitor.get(f"/agencies/{world.identifiers['newcomer']}").soup.select("a[href^='/check/']")
    assert [a.get_text() for a in paper] == ["承诺书"], (
        "the letter is issued once, as a paper anyone can check"
    )
    number = str(paper[0]["href"]).rsplit("/", 1)[1]
    assert visitor.get(f"/check/{number}").status == 200
    assert sign_in(app, world, "visitor").get(f"/check/{number}").status == 404, (
        "who has applied is nobody's business yet"
    )
    assert sign_in(app, world, "visitor").get(f"/check/{number}/{code_of(number)}").status == 200, (
        "but whoever was handed the letter checks it"
    )


def test_the_regulator_returns_with_reasons_and_verifies(app: Flask, world: World) -> None:
    world.agency("newcomer", verified=False)
    regulator = world.actor("regulator")
    with pytest.raises(RuleViolation, match="理由"):
        entry.return_entry(regulator, world.identifiers["newcomer"])
    entry.return_entry(regulator, world.identifiers["newcomer"], reason="租赁合同缺少出租方签章,请补齐。")
    drain()
    assert state_of(world) == "draft"
    visitor = sign_in(app, world, "newcomer")
    assert "缺少出租方签章" in visitor.get("/my/entry").text
    entry.hand_in_material(world.actor("newcomer"), kind="premises", file_name="lease.pdf", content=PDF)
    entry.submit(world.actor("newcomer"), committed=True)
    entry.verify(regulator, world.identifiers["newcomer"])
    assert state_of(world) == "verified"
    assert visitor.get(f"/agencies/{world.identifiers['newcomer']}").status == 200


def test_one_entry_serves_the_whole_province(world: World) -> None:
    """Checked by the regulator of one county, engaged in another."""
    world.authority("county", "regulator", region="632801")
    world.agency("local", verified=False)
    entry.verify(world.actor("county"), world.identifiers["local"])
    world.fees("local", 5_000_000)
    elsewhere = world.tender(region_code="630102")
    assert quotes.submit(world.actor("local"), elsewhere, price=100, days=20)


def test_who_enters_on_its_commitment_works_at_once_and_is_checked_after(app: Flask, world: World) -> None:
    newcomer(world)
    world.fill("newcomer", without=("materials",))
    with pytest.raises(RuleViolation, match="材料"):
        entry.commit(world.actor("newcomer"), committed=True)
    entry.hand_in_material(world.actor("newcomer"), kind="licence", file_name="l.pdf", content=PDF)
    with pytest.raises(RuleViolation, match="材料"):
        entry.submit(world.actor("newcomer"), committed=True)
    entry.commit(world.actor("newcomer"), committed=True)
    assert state_of(world) == "verified"
    check = db.session.scalars(select(Check)).one()
    assert [row["ours"] for row in check.evidence] == [
        MATERIALS[k]["zh"] for k in ("premises", "staff", "articles")
    ]
    assert check.due_at == workdays.add(check.seen_at, 20)
    world.fees("newcomer", 4_000_000)
    assert quotes.submit(world.actor("newcomer"), world.tender(), price=100, days=20)
    assert check.identifier in sign_in(app, world, "regulator").get("/my").text


def _ask(world: World) -> str:
    """A commitment under question."""
    newcomer(world)
    world.fill("newcomer", without=("materials",))
    entry.hand_in_material(world.actor("newcomer"), kind="licence", file_name="l.pdf", content=PDF)
    entry.commit(world.actor("newcomer"), committed=True)
    check = db.session.scalars(select(Check.identifier)).one()
    return checks.ask(world.actor("regulator"), check, reason="经营场所与填报不符,请说明。")


def test_a_false_commitment_is_answered_first_then_becomes_a_proposed_record(
    app: Flask, world: World
) -> None:
    check = _ask(world)
    regulator = sign_in(app, world, "regulator")
    assert regulator.get(f"/checks/{check}/confirm").status == 409, "not before the agency could answer"
    visitor = sign_in(app, world, "newcomer")
    assert visitor.submit(f"/checks/{check}/answer", statement="").status == 422
    assert (
        visitor.submit(f"/checks/{check}/answer", statement="租约已到期,正在另寻场所。", file=PDF).status
        == 303
    )
    assert (
        regulator.submit(f"/checks/{check}/confirm", reason="现场核查无此场所,承诺不实。", suspend="y").status
        == 303
    )
    assert state_of(world) == "suspended"
    record = db.session.scalars(select(CreditRecord)).one()
    assert (record.state, record.kind, record.source_identifier) == ("proposed", "commitment", check)
    assert "现场核查无此场所" in record.facts
    for name, status in (("regulator", 200), ("newcomer", 404), ("agency", 404)):
        assert sign_in(app, world, name).get(f"/credit/records/{record.identifier}").status == status, (
            "a proposal is nobody else's business"
        )
    page = visitor.get(f"/agencies/{world.identifiers['newcomer']}").text
    assert "限制措施" in page
    assert record.identifier not in page
    assert (
        regulator.submit(f"/credit/records/{record.identifier}/drop", reason="情节轻微并已改正。").status
        == 303
    )
    db.session.rollback()
    assert db.session.scalars(select(CreditRecord.state)).one() == "dropped"


def test_silence_does_not_stop_a_check_and_a_true_commitment_is_cleared(world: World, time: Any) -> None:
    check = _ask(world)
    time.instant = Check.load(db.session, check).due_at + timedelta(seconds=1)
    run_deadlines()
    db.session.rollback()
    found = Check.load(db.session, check)
    assert (found.state, found.due_at) == ("answered", workdays.add(time.instant, 20))
    with pytest.raises(NotAllowed):
        checks.clear(world.actor("newcomer"), check, reason="我们没有问题")
    checks.clear(world.actor("regulator"), check, reason="现场核查,与承诺相符。")
    assert state_of(world) == "verified"
    assert db.session.scalars(select(CreditRecord)).all() == []


def test_changes_after_entry_are_public_but_not_what_is_private(app: Flask, world: World) -> None:
    values = entry_values("agency")
    entry.fill(
        world.actor("agency"),
        "premises",
        **{**values["premises"], "registered_address": "盐桥路 8 号", "premises_area": 90},
    )
    account_actions.change_account(
        world.actor("agency"), **{**values["bank"], "account_number": "99998888777766"}
    )
    told = db.session.scalars(
        select(Event).where(Event.kind == "organisation.change").order_by(Event.id)
    ).all()
    assert [event.data["changes"] for event in told] == [
        {"registered_address": ["昆仑路 1 号", "盐桥路 8 号"]}
    ]
    page = sign_in(app, world, "visitor").get(f"/agencies/{world.identifiers['agency']}").text
    assert "昆仑路 1 号 → 盐桥路 8 号" in page
    assert "99998888777766" not in page


@pytest.mark.parametrize(
    ("step", "field", "value"),
    [
        ("licence", "legal_form", "bank"),
        ("licence", "established_on", date(2030, 1, 1)),
        ("licence", "licence_until", date(2020, 1, 1)),
        ("licence", "registered_capital", -1),
        ("licence", "scope", "  "),
        ("premises", "premises", "stolen"),
        ("premises", "premises_area", 0),
        ("premises", "premises_until", date(2020, 1, 1)),
        ("bank", "account_number", "12345"),
        ("bank", "account_number", "not a number"),
        ("representative", "phone", ""),
    ],
)
def test_a_step_that_cannot_be_is_refused_at_its_field(
    world: World, step: str, field: str, value: Any
) -> None:
    guarded = {
        "bank": account_actions.change_account,
        "representative": account_actions.change_representative,
    }
    act = guarded.get(step, partial(entry.fill, step=step))
    with pytest.raises(RuleViolation) as refused:
        act(world.actor("agency"), **{**entry_values("agency")[step], field: value})
    assert refused.value.field == field


def test_a_lease_needs_its_end(world: World) -> None:
    with pytest.raises(RuleViolation) as refused:
        entry.fill(
            world.actor("agency"), "premises", **{**entry_values("agency")["premises"], "premises": "leased"}
        )
    assert refused.value.field == "premises_until"


def test_a_persons_certificate_counts_for_one_agency_until_it_leaves(
    app: Flask, world: World, time: Any
) -> None:
    person = {"name": "卓玛", "kind": "环境影响评价工程师", "number": "HP-1", **years()}
    entry.add_practitioner(world.actor("agency"), **person)
    with pytest.raises(RuleViolation, match="另一家"):
        entry.add_practitioner(world.actor("second"), **person)
    with pytest.raises(RuleViolation, match="已经登记"):
        entry.add_practitioner(world.actor("agency"), **person)
    number = db.session.scalars(select(Practitioner.id).where(Practitioner.number == "HP-1")).one()
    token = {
        "csrf_token": sign_in(app, world, "agency").get("/my/entry/practitioners").value_of("csrf_token")
    }
    visitor = sign_in(app, world, "second")
    token["csrf_token"] = visitor.get("/my/entry/practitioners").value_of("csrf_token")
    assert visitor.post(f"/my/practitioners/{number}/remove", token).status == 404, "not somebody else's"
    with (
        pytest.raises(IntegrityError),
        transaction() as session,
    ):  # two at once: the database has the last word
        session.add(Practitioner(agency_id=world.organisation("third").id, **person))
    entry.remove_practitioner(world.actor("agency"), number)
    entry.add_practitioner(world.actor("second"), **person)


def test_an_item_that_needs_people_stops_who_has_none_and_at_once_when_a_certificate_ends(
    world: World, time: Any
) -> None:
    world.authority("eco", "department", department="生态环境")
    table = next(iter(standards()["eia-2002-125"]["tables"]))
    terms = {**standards()["eia-2002-125"]["tables"][table], "standard": f"eia-2002-125/{table}"}
    publishing.publish_fees(world.actor("agency"), item_code="EIA-01", terms=terms, days=30)
    tender = world.tender(item_code="EIA-01", quantity={"amount": 1_000_000_000})
    with pytest.raises(RuleViolation, match=r"至少 1 名.*环境影响评价工程师.*现有 0 名"):
        quotes.submit(world.actor("agency"), tender, price=1000, days=20)
    entry.add_practitioner(
        world.actor("agency"),
        name="卓玛",
        kind="环境影响评价工程师",
        number="HP-1",
        valid_from=date(2025, 1, 1),
        valid_until=world.day(40),
    )
    quote = quotes.submit(world.actor("agency"), tender, price=1000, days=20)
    assert quote
    time.instant += timedelta(days=41)
    later = world.tender(item_code="EIA-01", quantity={"amount": 1_000_000_000})
    with pytest.raises(RuleViolation, match="现有 0 名"):
        quotes.submit(world.actor("agency"), later, price=1000, days=20)


def test_peoples_certificates_are_warned_of_like_the_agencys(app: Flask, world: World, time: Any) -> None:
    entry.add_practitioner(
        world.actor("agency"),
        name="卓玛",
        kind="注册会计师",
        number="CPA-1",
        valid_from=date(2025, 1, 1),
        valid_until=world.day(100),
    )
    start, told = time.instant, []
    for day in (10, 41, 71, 94, 101, 150):
        time.instant = start + timedelta(days=day)
        warn_of_expiry()
        db.session.rollback()
        told.append(db.session.query(Event).filter(Event.kind.like("organisation.expir%")).count())
    assert told == [0, 1, 2, 3, 4, 4]


def test_every_step_says_what_it_lacks(world: World) -> None:
    newcomer(world)
    assert list(missing(db.session, world.organisation("newcomer"))) == list(STEPS)
    with pytest.raises(WrongState):
        entry.fill(_applied(world), "bank", **entry_values("x")["bank"])


def _applied(world: World) -> Any:
    world.agency("waiting", verified=False)
    return world.actor("waiting")


def test_what_is_private_is_seen_by_those_who_need_it(app: Flask, world: World) -> None:
    contract = world.signed()
    account, own = "6228000012345678", f"/agencies/{world.identifiers['agency']}"
    for who, page, sees in (
        ("agency", own, True),
        ("regulator", own, True),
        ("visitor", own, False),
        ("buyer", own, False),
        ("second", own, False),
        ("buyer", f"/contracts/{contract}", True),
        ("agency", f"/contracts/{contract}", True),
        ("department", f"/contracts/{contract}", False),
    ):
        answer = sign_in(app, world, who).get(page)
        assert answer.status == (404 if who == "department" else 200), (who, page)
        assert (account in answer.text) == sees, (who, page)
    papers = sign_in(app, world, "regulator").get(own).soup.select("a[href^='/documents/']")
    assert {MATERIALS[kind]["zh"] for kind in FORMS["company"]["materials"]} <= {a.get_text() for a in papers}


def test_a_paper_that_follows_a_commitment_shows_in_its_check(app: Flask, world: World) -> None:
    check = _ask(world)
    entry.hand_in_material(world.actor("newcomer"), kind="staff", file_name="s.pdf", content=PDF)
    rows = sign_in(app, world, "regulator").get(f"/checks/{check}").soup.select(".side tbody tr")
    shown = {row.select("td")[0].get_text(): row.select("td")[1].get_text() for row in rows}
    assert shown == {
        MATERIALS["premises"]["zh"]: "—",
        MATERIALS["staff"]["zh"]: "已提交",
        MATERIALS["articles"]["zh"]: "—",
    }
