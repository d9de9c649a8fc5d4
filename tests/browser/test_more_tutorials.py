"""The tutorials of those who evaluate, keep the money, look after the site, or act for an organisation.

Walked, step by step, in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from harness.factories import COUNTY, PASSWORD, PDF, World
from market.accounts.actions import confirming, delegating
from market.contracts.actions import changing
from market.extensions import db
from market.help.tutorials import TITLES
from market.jobs import drain
from market.oversight.failing import LANES
from market.payments.actions import importing
from market.payments.jobs import match_lines
from market.sourcing.actions import bids, scoring
from market.spreadsheets import as_csv
from market.transaction import transaction
from models import clock, failures, heartbeats, workdays
from models.claims import Claim
from models.errors import Unavailable
from models.i18n import N_
from models.money import plain
from models.payments.payment import Payment, reference
from models.payments.payouts import Payout
from models.sourcing.evaluations import Evaluation
from tests.browser import test_tutorials
from tests.browser.inside import opened
from tests.browser.lessons import CALLED, LOCALES, Lesson, Walk, call

EXPERTS = {
    "expert0": ("高原水土保持研究所", "陈文博"),
    "expert1": ("河湟规划设计院", "冶玉梅"),
    "expert2": ("江河源工程咨询有限公司", "祁生辉"),
}
PROJECT = {"zh": "格尔木光伏基地水土保持方案", "en": "Golmud solar base"}
LINES = {"zh": ("技术方案", "类似业绩"), "en": ("Proposal", "Similar work")}
HEADING = ["交易日期", "收入金额", "支出金额", "余额", "对方户名", "对方账号", "附言", "交易流水号"]
WHY = {
    "zh": (
        "方案结合了现场地形,措施可行",
        "电话问过付款单位,是这一笔定金",
        "本人已离职,单位来函要求停用",
        "手机丢失,已当面核对身份证",
        "业主已注销,本人无法取消,来函请求",
    ),
    "en": (
        "It goes by the terrain, and can be done",
        "Asked the payer by telephone: this deposit",
        "Has left; the organisation asks for it",
        "Lost the telephone; came in person with an identity card",
        "The buyer was dissolved and cannot call it off; asked for in writing",
    ),
}
WHO = {"zh": "采购部的卓玛,分机 8021。", "en": "卓玛 of purchasing, extension 8021."}


def evaluator(walk: Walk, time: Any) -> None:
    """Three people evaluate three bids; one of them is watched."""
    world, language, role = walk.world, walk.show.language, "evaluator"
    for name in EXPERTS:
        world.enterprise(name)
    call(world, CALLED | EXPERTS)
    quality = [{"name": line, "weight": most} for line, most in zip(LINES[language], (20, 10), strict=True)]
    criteria = {
        "price": {"weight": 40, "formula": "lowest_ratio"},
        "days": {"weight": 10},
        "credit": {"weight": 20},
        "quality": quality,
    }
    tender = world.tender(mode="merit", funds="state", criteria=criteria, project=PROJECT[language])
    for name in EXPERTS:
        scoring.appoint(world.actor("buyer"), tender, email=world.emails[name])
    for name, price in (("agency", 4_000_000), ("second", 3_900_000), ("third", 3_800_000)):
        plan = {"note": WHY[language][0], "file_name": "plan.pdf", "content": PDF}
        bids.submit(world.actor(name), tender, price=price, days=20, **plan)
    sheets = {each.evaluator.email: each.identifier for each in db.session.query(Evaluation)}
    mine, screen = f"/evaluations/{sheets[world.emails['expert0']]}", walk.screen("expert0")
    walk.see(role, screen, f"/requests/{tender}")
    walk.see(role, screen, mine)
    time.closing(tender)
    screen = walk.screen("expert0")
    for path in ("/my", mine, f"{mine}/recuse", f"{mine}/declare"):
        walk.see(role, screen, path)
    screen.send()
    screen.open(f"{mine}/score")
    for place, points in enumerate(((18, 9), (16, 7), (12, 6))):
        for line, each in enumerate(points):
            screen.page.fill(f"[name=points_{place}_{line}]", str(each))
        screen.page.fill(f"[name=reason_{place}]", WHY[language][0])
    walk.show(role, screen.page)
    screen.send()
    walk.see(role, screen, mine)
    for name in ("expert1", "expert2"):
        _score(world, name, sheets[world.emails[name]], WHY[language][0])
    walk.see(role, screen, f"/requests/{tender}")


def _score(world: World, name: str, identifier: str, reason: str) -> None:
    scoring.declare(world.actor(name), identifier)
    tender = Evaluation.load(db.session, identifier).tender
    sheet = {
        bid.identifier: {
            "points": {line.name: line.weight - 3 for line in tender.scored_by.quality},
            "reason": reason,
        }
        for bid in scoring.scored_bids(db.session, tender)
    }
    scoring.score(world.actor(name), identifier, sheet=sheet)


def custodian(walk: Walk, _time: Any) -> None:
    """A day's statement: what matches, what does not, and what is paid out of it."""
    world, role = walk.world, "custodian"
    call(world, CALLED)
    settled, signed, ended = walk.meanwhile(lambda: _contracts(world))
    screen = walk.screen("custodian")
    walk.see(role, screen, "/my")
    walk.see(role, screen, "/custody")
    screen.open("/custody/import")
    lines = _named(world, settled)
    lost = world.one(Payment, signed, kind="deposit")
    content = _statement([*lines, (lost.amount, "货款"), (1_200, "误汇")], balance=800_000, day=2)
    chosen: Any = {"name": "2026-03-02.csv", "mimeType": "text/csv", "buffer": content}
    screen.page.set_input_files("[name=file]", chosen)
    walk.show(role, screen.page)
    screen.send()
    statement = screen.page.url
    match_lines()
    walk.see(role, screen, statement)
    screen.open(f"{statement}/{len(lines) + 1}")
    screen.page.check("[name=way][value=payment]")
    screen.page.fill("[name=identifier]", lost.identifier)
    screen.page.fill("[name=reason]", WHY[walk.show.language][1])
    walk.show(role, screen.page)
    screen.send()
    walk.see(role, screen, "/payouts?state=due")
    screen.open(f"/payouts/{world.one(Payout, settled, kind='earned').identifier}/send")
    screen.page.fill("[name=bank_reference]", "2026030200007")
    walk.show(role, screen.page)
    screen.send()
    walk.see(role, screen, f"/payouts/{world.one(Payout, ended, kind='refund').identifier}")
    walk.see(role, screen, "/ledger")


def _contracts(world: World) -> tuple[str, str, str]:
    """One that was performed, one that was signed, and one both ended, whose money the bank has shown."""
    settled, signed, ended = (
        world.settled_unrated(),
        world.signed(agency="second"),
        world.started(agency="third"),
    )
    asked = changing.propose(
        world.actor("buyer"),
        ended,
        kind="termination",
        terms={"to_agency": 300_000},
        reason="项目停建,双方商定终止",
    )
    changing.agree(world.actor("third"), asked)
    content = _statement(_named(world, ended), day=1)
    importing.import_statement(world.actor("custodian"), file_name="2026-03-01.csv", content=content)
    match_lines()
    return settled, signed, ended


def _named(world: World, contract: str) -> list[tuple[int, str]]:
    """What was paid for a contract, and the remark that names it."""
    return [(each.amount, reference(each.identifier)) for each in world.every(Payment, contract)]


def _statement(lines: list[tuple[int, str]], *, balance: int = 0, day: int) -> bytes:
    """What the bank exports: sums that came in, with their remarks."""
    rows = [list(HEADING)]
    for number, (amount, remark) in enumerate(lines):
        balance += amount
        came = [f"2026-03-{day:02}", plain(amount), "", plain(balance)]
        payer = [CALLED["buyer"][0], "6228000000001234"]
        rows.append([*came, *payer, remark, f"202603{day:02}{number:08d}"])
    return as_csv(rows)


def admin(walk: Walk, _time: Any) -> None:
    """An authority, an account, an item, a failure and a state."""
    world, language, role = walk.world, walk.show.language, "admin"
    world.appoint_admin()
    world.member("agency", "left")
    call(world, CALLED | {"left": ("", "王海清")})
    world.emails["admin"] = "admin@example.cn"
    tender = world.tender(project=PROJECT[language])
    drain()
    with transaction() as session:
        for lane in LANES:
            heartbeats.beat(session, lane)
        away = Unavailable(N_("读不到登记机关的导出文件。"))
        failures.note(session, failures.Attempt("nightly outside", "register"), away)
    screen = walk.screen("admin")
    page = screen.page
    screen.open("/my")
    page.locator("details.more-rooms summary").click()
    walk.show(role, page)
    walk.see(role, screen, "/admin/authorities")
    screen.open("/admin/authorities/new")
    filled = {
        "name": "多杰",
        "email": "land@example.cn",
        "password": PASSWORD,
        "organisation": "海西州自然资源局",
        "uscc": "11632800015000001X",
        "region_code": "632800",
    }
    for name, value in filled.items():
        page.fill(f"[name={name}]", value)
    page.check("[name=authority_role][value=department]")
    page.select_option("[name=department]", "自然资源")
    walk.show(role, page)
    walk.see(role, screen, "/accounts?q=王海清")
    screen.open(f"/accounts/{world.emails['left']}/block")
    page.fill("[name=reason]", WHY[language][2])
    walk.show(role, page)
    screen.send()
    screen.open("/admin/people/factors")
    page.fill("[name=email]", world.emails["second"])
    page.fill("[name=reason]", WHY[language][3])
    walk.show(role, page)
    screen.open("/items/new")
    page.fill("[name=name]", "光伏用地复垦方案编制")
    page.fill("[name=name_en]", "Reclamation plan for solar land")
    walk.show(role, page)
    walk.see(role, screen, "/admin/failures")
    screen.open(f"/admin/override?number={tender}")
    page.select_option("[name=target]", "cancelled")
    page.fill("[name=reason]", WHY[language][4])
    walk.show(role, page)


def delegate(walk: Walk, _time: Any) -> None:
    """Somebody joins a buyer, gets authority, and purchases for another buyer for a while."""
    world, language, role = walk.world, walk.show.language, "delegate"
    world.enterprise("other")
    call(world, CALLED | {"other": ("大柴旦矿业有限公司", "杨晓峰")})
    screen, owner = walk.screen(), walk.screen("buyer")
    page = screen.page
    world.emails["clerk"] = "zhuoma@example.cn"
    screen.open("/sign-up")
    page.check("[name=kind][value=enterprise]")
    filled = {
        "name": "卓玛",
        "email": world.emails["clerk"],
        "password": PASSWORD,
        "organisation": CALLED["buyer"][0],
        "uscc": world.organisation("buyer").uscc,
        "region_code": COUNTY,
    }
    for name, value in filled.items():
        page.fill(f"[name={name}]", value)
    walk.show(role, page)
    screen.send()
    confirming.show_address(world.emails["clerk"])
    claim = f"/claims/{db.session.query(Claim).one().identifier}"
    screen.open(f"{claim}/ask")
    page.fill("[name=reason]", WHO[language])
    walk.show(role, page)
    screen.send()
    walk.see(role, owner, f"{claim}/admit")
    owner.send()
    walk.see(role, screen, "/my/organisation")
    owner.open(f"/my/members/{world.emails['clerk']}/authorise")
    owner.page.check("[name=covers][value=sign]")
    owner.page.fill("[name=again]", PASSWORD)
    walk.show(role, owner.page)
    owner.send()
    walk.see(role, screen, "/my/authorisation")
    until = workdays.add(clock.now(), 60)
    delegating.delegate(
        world.actor("other"),
        email=world.emails["clerk"],
        scope=["tender", "quote"],
        most=50_000_000,
        until=until,
    )
    walk.see(role, screen, "/my/delegations")
    world.accept("clerk")
    screen.open("/requests/new?item=WAT-01&region=632801")
    page.select_option("[name=on_behalf_of]", label="大柴旦矿业有限公司")
    page.fill("[name=project]", PROJECT[language])
    walk.show(role, page)
    walk.see(role, screen, "/my/delegations")


WALKS: dict[str, Callable[[Walk, Any], None]] = {
    each.__name__: each for each in (custodian, admin, delegate, evaluator)
}


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize("role", list(WALKS))
def test_the_tutorials_say_what_is_there(
    app: Flask, world: World, time: Any, role: str, language: str
) -> None:
    lesson = Lesson(language)
    with opened(app) as window:
        WALKS[role](Walk(window, world, lesson), time)
    lesson.check([role])


def test_every_tutorial_is_walked() -> None:
    assert {*test_tutorials.ROLES, *WALKS} == set(TITLES)
