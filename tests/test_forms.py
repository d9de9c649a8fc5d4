"""Bad input: each form says what is wrong, at the field, in the reader's language, and keeps what was typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from market.extensions import db
from market.sourcing import actions as sourcing
from models import clock
from models.accounts import Delegation, Organisation, User
from models.clock import BEIJING
from models.contracts import Deliverable
from models.documents import MOST_BYTES
from models.payments import Payment
from models.ratings import DIMENSIONS, Rating
from models.sourcing import Bid, Quote, Request
from tests.factories import PASSWORD, PDF, World, code
from tests.web import ALL, Visitor, sign_in

ENTRY = {
    "kind": "agency", "organisation": "新来的事务所", "uscc": code(900), "region_code": "632801", "name": "才旦",
    "email": "new@example.cn", "password": PASSWORD, "committed": "y", "introduction": "水土保持",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "zh", "en"),
    [
        ("uscc", "91630100MA00000000", "校验位", "check digit"),
        ("uscc", "", "请填写这一项", "must be filled in"),
        ("email", "not-an-address", "邮箱地址不正确", "not right"),
        ("email", "buyer@example.cn", "已经注册", "registered already"),
        ("password", "short", "至少 10 个字符", "at least 10"),
        ("organisation", "   ", "请填写", ""),
        ("organisation", "长" * 201, "", ""),
        ("region_code", "999999", "请选择所在地区", "region"),
        ("kind", "bank", "", ""),
        ("committed", "", "须作出承诺", "commitment"),
    ],
)
def test_signing_up(app: Flask, world: World, field: str, value: str, zh: str, en: str) -> None:
    for language, said in (("zh-CN", zh), ("en", en)):
        visitor = Visitor(app, language=language)
        values = {**ENTRY, field: value}
        if field == "committed":
            values.pop(field)
        answer = visitor.submit("/sign-up", **values)
        assert answer.status == 422
        assert said in answer.error_at(field)
        assert answer.error_at(field)
        for kept in {"organisation", "name", "introduction", "uscc"} - {field}:
            assert answer.value_of(kept) == ENTRY[kept]
        assert answer.value_of(field) == value if field in ("uscc", "email", "organisation") else True
        assert "input" in str(answer.soup.select_one("[name=password]"))
        assert not answer.soup.select_one("[name=password]").get("value"), "a password is never sent back"
    assert db.session.scalar(select(func.count(User.id)).where(User.email == "new@example.cn")) == 0


def test_signing_up_and_in(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    assert visitor.submit("/sign-up", **ENTRY).location == "/my"
    assert visitor.get("/my").status == 200
    new = db.session.scalars(select(Organisation).where(Organisation.name == ENTRY["organisation"])).one()
    assert (new.state, new.committed_at is not None) == ("applied", True)
    again = Visitor(app).submit("/sign-up", **{**ENTRY, "email": "other@example.cn"})
    assert "已经入驻" in again.error_at("uscc")
    wrong = Visitor(app).submit("/sign-in", email="new@example.cn", password="wrong horse battery")
    assert (wrong.status, "邮箱或密码不正确" in wrong.text) == (401, True)
    unknown = Visitor(app).submit("/sign-in", email="nobody@example.cn", password="wrong horse battery")
    assert unknown.status == 401
    assert "邮箱或密码不正确" in unknown.text, "nobody learns who has an account"
    back = Visitor(app).post("/sign-in?next=//evil.example/", {})
    assert back.status == 400, "without its token a form is refused"
    inside = Visitor(app).submit("/sign-in?next=/contracts", email="new@example.cn", password=PASSWORD)
    assert inside.location == "/contracts"
    outside = Visitor(app).submit("/sign-in?next=//evil.example/", email="new@example.cn", password=PASSWORD)
    assert outside.location == "/my"


def test_too_many_attempts_are_slowed_down(tmp_path: Any) -> None:
    from market import create_app
    from tests.conftest import settings

    app = create_app({**settings(f"sqlite:///{tmp_path}/none.sqlite3", tmp_path), "RATELIMIT_ENABLED": True, "WTF_CSRF_ENABLED": False})
    client = app.test_client()
    statuses = [client.post("/sign-in", data={}).status_code for _ in range(21)]
    assert statuses[:20] == [422] * 20
    assert statuses[20] == 429
    with app.app_context():
        db.engine.dispose()


def test_a_sign_out_ends_the_session(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "buyer")
    token = visitor.get("/my").soup.select_one("form[action='/sign-out'] [name=csrf_token]")["value"]
    assert visitor.post("/sign-out", {"csrf_token": token}).location == "/"
    assert visitor.get("/my").status == 302


REQUEST = {
    "item_code": "WAT-01", "project": "高标准农田项目", "region_code": "632801", "description": "说明文字", "mode": "inquiry",
    "funds": "private", "openness": "open",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"project": "短"}, "project", "4 到 200"),
        ({"budget": "-5"}, "budget", "请填写金额"),
        ({"budget": "12.345"}, "budget", "请填写金额"),
        ({"budget": "99999999999999"}, "budget", "100 亿"),
        ({"budget": "0"}, "budget", "大于 0"),
        ({"deadline": "soon"}, "deadline", "日期和时间"),
        ({"count": "-1"}, "count", ""),
        ({"count": "x"}, "count", ""),
        ({"item_code": "NONE-1"}, "item_code", ""),
        ({"item_code": "EIA-01"}, "amount", "计费基数"),
        ({"mode": "lottery"}, "mode", ""),
        ({"region_code": "999999"}, "region_code", ""),
    ],
)
def test_a_request(app: Flask, world: World, change: dict[str, str], field: str, said: str) -> None:
    answer = sign_in(app, world, "buyer").submit("/requests/new", **{**REQUEST, **change})
    assert answer.status == 422
    assert said in answer.error_at(field)
    assert answer.error_at(field)
    assert answer.value_of("description") == "说明文字"
    assert db.session.scalar(select(func.count(Request.id))) == 0


def _at(days: float) -> str:
    return f"{(clock.now() + timedelta(days=days)).astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def test_a_deadline_leaves_the_notice_period_and_lies_in_the_future(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    for days, mode, said in ((-1, "inquiry", "已经过去"), (1, "sealed_bid", "公告期至少 3 个工作日"), (200, "inquiry", "太远")):
        made = buyer.submit("/requests/new", **{**REQUEST, "deadline": _at(days), "mode": mode})
        refused = buyer.submit(f"{made.location}/publish")
        assert refused.status == 422
        assert said in refused.text
    fixed = buyer.submit(f"{made.location}/edit", deadline=_at(7))
    assert buyer.submit(f"{fixed.location}/publish").status == 303


def test_an_invitation_needs_enough_agencies_and_a_department_must_be_there(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    made = buyer.submit("/requests/new", **{**REQUEST, "openness": "invited", "funds": "state"})
    assert "至少要邀请 3 家" in buyer.submit(f"{made.location}/publish").text
    edit = buyer.submit(f"{made.location}/edit", invited=ALL)
    assert edit.status == 303
    assert buyer.submit(f"{made.location}/publish").status == 303
    far = buyer.submit("/requests/new", **{**REQUEST, "item_code": "SAF-01"})
    assert "还没有接入" in buyer.submit(f"{far.location}/publish").text


@pytest.mark.parametrize("mode", ["inquiry", "sealed_bid"])
def test_an_offer(app: Flask, world: World, mode: str) -> None:
    request = world.request(mode=mode, budget=4_500_000)
    agency = sign_in(app, world, "agency")
    for price, days, field, said in (
        ("60,000", "20", "price", "50,000.00"), ("46,000", "20", "price", "预算"), ("0", "20", "price", "大于 0"),
        ("-1", "20", "price", "请填写金额"), ("abc", "20", "price", "请填写金额"), ("40000", "0", "days", ""),
        ("40000", "501", "days", ""), ("", "20", "price", "请填写"),
    ):  # fmt: skip
        answer = agency.submit(f"/requests/{request}/answer", price=price, days=days, note="留着")
        assert answer.status == 422
        assert said in answer.error_at(field)
        assert answer.error_at(field)
        assert answer.value_of("price") == price
        assert answer.value_of("note") == "留着"
    assert agency.submit(f"/requests/{request}/answer", price="40,000", days="20").status == 303
    english = Visitor(app, world.emails["second"], "en")
    answer = english.submit(f"/requests/{request}/answer", price="60,000", days="20")
    assert "may not exceed one's own published fee" in answer.error_at("price")


def test_who_may_not_offer_is_told_the_rule_before_typing(app: Flask, world: World) -> None:
    world.agency("fresh", verified=False)
    request = world.request()
    assert "待核验" in sign_in(app, world, "fresh").get(f"/requests/{request}/answer").text
    assert "只有中介机构" in sign_in(app, world, "buyer").get(f"/requests/{request}/answer").text
    assert "50,000.00" in sign_in(app, world, "agency").get(f"/requests/{request}/answer").text


def test_the_same_form_sent_twice_acts_once(app: Flask, world: World) -> None:
    request, agency = world.request(), sign_in(app, world, "agency")
    page = agency.get(f"/requests/{request}/answer")
    values = {name: page.value_of(name) for name in ("csrf_token", "submission")} | {"price": "40,000", "days": "20"}
    first, second = (agency.post(f"/requests/{request}/answer", values) for _ in range(2))
    assert (first.status, first.location) == (second.status, second.location) == (303, first.location)
    assert db.session.scalar(select(func.count(Quote.id))) == 1
    third = agency.submit(f"/requests/{request}/answer", price="40,000", days="20")
    assert third.status == 422
    assert "已经报过价" in third.text


def test_acting_out_of_turn_and_too_late(app: Flask, world: World, time: Any) -> None:
    request = world.request(mode="sealed_bid", funds="state")
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    page = agency.get(f"/requests/{request}/answer")
    values = {name: page.value_of(name) for name in ("csrf_token", "submission")} | {"price": "40,000", "days": "20"}
    close = buyer.get(f"/requests/{request}/close")
    assert close.status == 200
    refused = buyer.submit(f"/requests/{request}/close")
    assert refused.status == 422
    assert "提前截止" in refused.text
    time.instant = world.deadline(request) + timedelta(milliseconds=1)
    late = agency.post(f"/requests/{request}/answer", values)
    assert late.status == 422
    assert "已过截止时间" in late.text
    assert late.value_of("price") == "40,000"
    assert db.session.scalar(select(func.count(Bid.id))) == 0


def test_reasons_are_asked_for(app: Flask, world: World) -> None:
    request = world.request()
    buyer = sign_in(app, world, "buyer")
    answer = buyer.submit(f"/requests/{request}/cancel", reason="短")
    assert answer.status == 422
    assert "至少 5 个字" in answer.error_at("reason")
    assert answer.value_of("reason") == "短"
    sourcing.submit_quote(world.actor("agency"), request, price=100, days=20)
    sourcing.close(world.actor("buyer"), request)
    award = buyer.submit(f"/requests/{request}/award", reasons="短短短短短")
    assert award.status == 422
    assert "仍然有效的报价" in award.error_at("agency")


@pytest.mark.parametrize(
    ("content", "said"), [(b"MZ not a report", "只接收"), (b"", "空的"), (PDF + b"0" * MOST_BYTES, "20 MB"), (PDF + b"0" * (30 << 20), "20 MB"), (b"0" * (65 << 20), "20 MB")]
)
def test_files(app: Flask, world: World, content: bytes, said: str) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit").identifier
    answer = sign_in(app, world, "buyer").submit(f"/payments/{payment}/pay", bank_reference="20260302-7", file=content)
    assert answer.status == (413 if len(content) > 60 << 20 else 422)
    assert said in answer.text
    if answer.status == 422:
        assert said in answer.error_at("file")
        assert answer.value_of("bank_reference") == "20260302-7"
    assert world.one(Payment, contract, kind="deposit").state == "due"


def test_a_file_is_needed_and_a_bank_reference_makes_sense(app: Flask, world: World) -> None:
    payment = world.one(Payment, world.signed(), kind="deposit").identifier
    buyer = sign_in(app, world, "buyer")
    assert "请选择文件" in buyer.submit(f"/payments/{payment}/pay", bank_reference="20260302-7").error_at("file")
    assert "4 到 60" in buyer.submit(f"/payments/{payment}/pay", bank_reference="1", file=PDF).error_at("bank_reference")


def test_checklists_are_ticked_whole(app: Flask, world: World) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    deliverable = world.one(Deliverable, contract).identifier
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    answer = agency.submit(f"/deliverables/{deliverable}/submit", file=PDF, note="第一稿")
    assert "未勾选" in answer.error_at("ticked")
    assert answer.value_of("note") == "第一稿"
    assert agency.submit(f"/deliverables/{deliverable}/submit", file=PDF, ticked=ALL).status == 303
    assert "未勾选" in buyer.submit(f"/deliverables/{deliverable}/accept").error_at("ticked")
    assert buyer.submit(f"/deliverables/{deliverable}/accept", ticked=ALL).status == 303


def test_ratings_need_every_dimension(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    buyer = sign_in(app, world, "buyer")
    four = dict.fromkeys(list(DIMENSIONS["buyer"])[:4], "5")
    answer = buyer.submit(f"/ratings/{rating}/rate", **four, comment="好的")
    assert answer.status == 422
    assert "1 到 5" in answer.error_at("integrity")
    assert answer.value_of("comment") == "好的"
    assert answer.value_of("quality") == "5"
    odd = buyer.submit(f"/ratings/{rating}/rate", **{**four, "integrity": "9"})
    assert odd.status == 422
    assert buyer.submit(f"/ratings/{rating}/rate", **four, integrity="4", comment="好的").status == 303
    shown = sign_in(app, world, "agency").get(f"/contracts/{contract}").text
    assert "好的" not in shown, "sealed with its words until both have rated"


def test_clauses_change_where_they_may(app: Flask, world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    assert "没有改动" in agency.submit(f"/contracts/{contract}/revise").text
    assert "1 到 2000" in agency.submit(f"/contracts/{contract}/revise", secrecy=" ").error_at("secrecy")
    assert buyer.submit(f"/contracts/{contract}/agree_buyer").status == 303
    assert agency.submit(f"/contracts/{contract}/revise", secrecy="双方另行签订保密协议。").status == 303
    page = buyer.get(f"/contracts/{contract}")
    assert "与模板不同" in page.text
    assert "待双方签订" in page.text, "a revision takes back what was agreed"


FEES = {"item_code": "WAT-01", "method": "fixed", "standard": "", "price": "100", "days": "20", "note": "留着"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": ""}, "terms"),
        ({"price": "-1"}, "price"),
        ({"days": "0"}, "days"),
        ({"days": "501"}, "days"),
        ({"discount": "x"}, "discount"),
        ({"discount": "9"}, "terms"),
        ({"method": "progressive", "table": "100"}, "table"),
        ({"method": "progressive", "table": "100, 0.1"}, "terms"),
        ({"method": "progressive", "table": "200, 0.1\n100, 0.1\n*, 0.1"}, "terms"),
        ({"method": "interpolated", "table": "100, 10\n50, 20"}, "terms"),
        ({"floor": "200", "cap": "100"}, "terms"),
        ({"effective_from": "2020-01-01"}, "effective_from"),
    ],
)
def test_fees(app: Flask, world: World, change: dict[str, str], field: str) -> None:
    answer = sign_in(app, world, "agency").submit("/my/fees/new", **{**FEES, **change})
    assert answer.status == 422
    assert answer.error_at(field) or (field == "terms" and answer.soup.select_one(".problem p").get_text(strip=True))
    assert answer.value_of("note") == "留着"


def test_fees_of_every_method_are_published_as_versions(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    for change in (
        {"price": "90"}, {"method": "per_unit", "price": "12.5"}, {"method": "progressive", "table": "1000000, 0.015\n*, 0.01"},
        {"method": "interpolated", "table": "0, 100\n1000000, 20000"}, {"standard": "tender-agency-2002-1980/works", "discount": "0.8"},
    ):  # fmt: skip
        assert agency.submit("/my/fees/new", **{**FEES, **change}).status == 303
    page = agency.get(f"/agencies/{world.identifiers['agency']}").text
    assert "第 6 版" in page
    assert "80%" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_from": "2030-01-01"}, "valid_until"),
        ({"valid_until": "never"}, "valid_until"),
        ({"number": ""}, "number"),
        ({"kind": "不存在的资质"}, "kind"),
        ({"file": b"MZ"}, "file"),
    ],
)
def test_qualifications(app: Flask, world: World, change: dict[str, Any], field: str) -> None:
    held = {
        "kind": "水资源论证单位水平评价", "number": "Z-1", "issuer": "水利部", "valid_from": "2025-01-01", "valid_until": "2027-01-01",
    }  # fmt: skip
    agency = sign_in(app, world, "agency")
    answer = agency.submit("/my/qualifications/new", **{**held, **change})
    assert answer.status == 422
    assert answer.error_at(field)
    assert agency.submit("/my/qualifications/new", **held).status == 303
    assert "已经登记过" in agency.submit("/my/qualifications/new", **held).error_at("number")


def test_members_and_delegates(app: Flask, world: World) -> None:
    world.enterprise("helper")
    buyer = sign_in(app, world, "buyer")
    person = {"name": "新成员", "email": "staff@example.cn", "password": PASSWORD}
    assert "至少 10" in buyer.submit("/my/members/new", **{**person, "password": "abc"}).error_at("password")
    assert buyer.submit("/my/members/new", **person).status == 303
    staff = Visitor(app, "staff@example.cn")
    assert "新成员" in staff.get("/my/organisation").text
    assert staff.submit("/my/members/new", **{**person, "email": "x@example.cn"}).status == 403
    changed = {"current": "wrong horse battery", "password": "another horse battery"}
    assert "不正确" in staff.submit("/my/password", **changed).error_at("current")
    assert "至少 10" in staff.submit("/my/password", current=PASSWORD, password="short").error_at("password")
    assert staff.submit("/my/password", **{**changed, "current": PASSWORD}).location == "/my"
    assert Visitor(app).submit("/sign-in", email="staff@example.cn", password="another horse battery").status == 303
    assert Visitor(app).submit("/sign-in", email="staff@example.cn", password=PASSWORD).status == 401
    token = buyer.get("/my/organisation").soup.select_one("main [name=csrf_token]")["value"]
    assert buyer.post("/my/members/buyer@example.cn/remove", {"csrf_token": token}).status == 404
    assert buyer.post("/my/members/staff@example.cn/remove", {"csrf_token": token}).status == 303
    assert staff.get("/my/organisation").status == 403
    lent = {"email": "helper@example.cn", "scope": "request", "most": "30,000", "until": _at(30)}
    for change, field in (({"email": "no@example.cn"}, "email"), ({"most": "0"}, "most"), ({"until": _at(-1)}, "until"), ({"scope": "award"}, "scope")):
        assert buyer.submit("/my/delegations/new", **{**lent, **change}).error_at(field), field
    assert buyer.submit("/my/delegations/new", **lent).status == 303
    helper = sign_in(app, world, "helper")
    own = helper.submit("/requests/new", **REQUEST, on_behalf_of=str(world.organisation("buyer").id), budget="30,000")
    assert own.status == 303
    assert helper.submit(f"{own.location}/publish").status == 303
    key = db.session.scalars(select(Delegation.id)).one()
    token = buyer.get("/my/organisation").soup.select_one("main [name=csrf_token]")["value"]
    assert buyer.post(f"/my/delegations/{key}/revoke", {"csrf_token": token}).status == 303
    assert helper.get(f"{own.location}/cancel").status == 404
    assert sign_in(app, world, "agency").post(f"/my/delegations/{key}/revoke", {"csrf_token": token}).status in (400, 404)


def test_an_administrator_sets_up_authorities_and_overrides(app: Flask, world: World) -> None:
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    authority = {
        "name": "经办", "email": "county@example.cn", "password": PASSWORD, "organisation": "格尔木市水利局", "uscc": code(700),
        "region_code": "632801", "authority_role": "department", "department": "水利",
    }  # fmt: skip
    assert admin.submit("/admin/authorities/new", **{**authority, "uscc": "1"}).error_at("uscc")
    assert admin.submit("/admin/authorities/new", **authority).location == "/admin/authorities"
    request = world.request()
    assert Request.load(db.session, request).department.name == "格尔木市水利局", "the nearest department reviews"
    moved = {"case_type": "request", "identifier": request, "target": "request/failed", "reason": "流程走不通,改为失败"}
    assert admin.submit("/admin/override", **{**moved, "reason": "短"}).error_at("reason")
    assert admin.submit("/admin/override", **{**moved, "identifier": "Q-2026-999999"}).status == 404
    assert admin.submit("/admin/override", **moved).location == f"/requests/{request}"
    assert "流程走不通" in sign_in(app, world, "buyer").get(f"/requests/{request}").text


@pytest.mark.parametrize("path", ["/agencies?page=abc", "/agencies?page=-3", "/agencies?region='", "/requests?state=<x>", "/agencies?q=%00", "/credit?page=99999999999", "/items/WAT-01?amount=x", "/items/EIA-01?amount=-5", "/items/EIA-01?amount=99999999999999999999", "/agencies?q=" + "长" * 5000, "/requests/Q-2026-000001%00", "/language/en"])
def test_odd_addresses_are_answered_in_words(app: Flask, world: World, path: str) -> None:
    answer = Visitor(app).get(path)
    assert answer.status in (200, 400, 404, 405, 414, 422)
    assert "公信" in answer.text
