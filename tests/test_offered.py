"""What a page offers leads somewhere, and the page of an act says what the act binds to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.accounts.actions import delegating
from market.act_summary import _MEANINGS
from market.case_registry import _REGISTERED, ActPage
from market.case_views import case_url, url_of
from market.extensions import db
from market.payments.actions import paying, payouts
from market.sourcing.actions import closing, quotes
from market.transaction import transaction
from models import CASES, clock, money
from models.accounts import SCOPE, Organisation, User
from models.cases import Case, case_types_of
from models.payments.payment import Payment
from models.payments.payouts import Payout
from models.sourcing.tender_workflow import TENDER
from models.workflow_table import Move, State, Workflow
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import name_the_cases
from tests.models.test_workflow import whole_market
from tests.web import Answer, Visitor, sign_in

PEOPLE = (
    "buyer",
    "delegate",
    "limited",
    "agency",
    "second",
    "regulator",
    "department",
    "admin",
    "custodian",
    "far",
)
NUMBER = re.compile(r"[A-Z]{1,2}-\d{4}-\d{6}")
# Words that end what was found or decided, and begin no button.
VERDICTS = ("通过", "成立", "无误", "不齐", "未到账", "银行到账", "已付款")


def follow(visitor: Visitor, address: str) -> tuple[str, Answer]:
    """Where a link ends, and the page there."""
    answer = visitor.get(address)
    for _step in range(4):
        if answer.status not in (301, 302, 303, 308):
            break
        address = answer.location
        answer = visitor.get(address)
    return address, answer


def links(page: Answer) -> list[tuple[str, str]]:
    """The addresses of our own pages that a page's content leads to, each with a link's words."""
    if page.status != 200 or page.response.mimetype != "text/html":
        return []
    every = page.soup.select("main a[href^='/']")
    return [(str(link["href"]).partition("#")[0], link.get_text(strip=True)) for link in every]


def lend(world: World) -> None:
    """The buyer's delegates: one for any sum, and one for small sums only, so not where none is said."""
    for name, most in (("delegate", 10**12), ("limited", 1_000_00)):
        world.enterprise(name)
        delegating.delegate(
            world.actor("buyer"),
            email=world.emails[name],
            scope=list(SCOPE),
            most=most,
            until=clock.now() + timedelta(days=90),
        )
        world.accept(name)


def test_every_button_of_every_case_in_every_state_leads_to_a_page_that_says_what_it_binds_to(
    app: Flask, world: World, time: Any
) -> None:
    """Whoever reads a case, in whatever state: what is offered can be come to, and explains itself."""
    identifiers = whole_market(world, time)
    lend(world)
    visitors = {name: sign_in(app, world, name) for name in PEOPLE}
    with app.test_request_context():
        addresses = {name: case_url(name, identifiers[name]) for name in CASES}
    wrong, seen = [], set()
    for name, case_class in CASES.items():
        acts = {f"{addresses[name]}/{move.act}": move.act for move in case_class.workflow.moves}
        for state in case_class.workflow.states:
            with transaction() as session:
                case = case_class.load(session, identifiers[name])
                standing, case.state, case.referred_to = (case.state, case.referred_to), state, "630000"
            for person, visitor in visitors.items():
                page = visitor.get(addresses[name])
                assert page.status < 500, (name, state, person)
                offered = {href for href, _words in links(page) if href in acts or _begins(href)}
                for href in offered:
                    reached, answer = follow(visitor, href)
                    told = (name, state, person, href, answer.status)
                    if href not in acts:
                        wrong += [told] if answer.status != 200 else []
                        continue
                    seen.add((name, acts[href]))
                    if answer.status != 200 or (reached == href and not _says(case, acts[href], answer)):
                        wrong.append(told)
            with transaction() as session:
                case = case_class.load(session, identifiers[name])
                case.state, case.referred_to = standing
    assert wrong == []
    assert len(seen) > 50


def _begins(href: str) -> bool:
    """Whether a link keeps a request to begin others from, or begins one like it."""
    return href.endswith("/template") or href.startswith("/requests/new")


def _says(case: Case, act: str, page: Answer) -> bool:
    """Whether an act's page says where it leads and whether it can be undone, and names a side and a sum."""
    card = page.soup.select_one(".binds")
    if card is None:
        return not isinstance(_REGISTERED[case.workflow.name].acts[act], ActPage)
    said, workflow = card.get_text(" "), case.workflow
    case = type(case).load(db.session, case.identifier)
    sides = [db.session.get(Organisation, side).name for role in case.parties if (side := case.side_of(role))]
    sum_known = 0 < case.amount_at_stake < money.MOST and (case.stake or (case.above and case.above.stake))
    return all(
        (
            workflow.states[case.rows_of(act)[-1].target].label in said,
            any(words in said for words in ("不能撤销", "收回", "可以再次办理")),
            not sides[1:] or any(side in said for side in sides),
            not sum_known or "¥" in said,
            workflow.consequences.get(act, "") in said,
            (workflow.name, act) not in _MEANINGS or "这意味着" in said,
        )
    )


def test_every_link_of_every_page_leads_to_a_page_and_a_number_to_its_case(
    app: Flask, world: World, time: Any
) -> None:
    names = name_the_cases(world, time)
    lend(world)
    wrong, numbers = [], set()
    with app.test_request_context():
        for person in (*PEOPLE, "third", "applicant"):
            visitor, followed = sign_in(app, world, person), set()
            for pattern, statuses in EXPECTED.items():
                if person in ROLES and statuses[ROLES.index(person)] != 200:
                    continue
                for href, words in links(visitor.get(pattern.format(**names))):
                    said = NUMBER.match(words)
                    if said and case_types_of(said[0]):
                        numbers.add(said[0][0])
                        if href != url_of(said[0]):
                            wrong.append((person, pattern, href, said[0]))
                    if href not in followed:
                        followed.add(href)
                        if follow(visitor, href)[1].status != 200:
                            wrong.append((person, pattern, href, words))
    assert wrong == []
    assert numbers >= set("ABCHMPQWXZ")


def test_what_waits_for_a_confirmed_address_is_not_offered_before_but_to_confirm_it(
    app: Flask, world: World
) -> None:
    address = world.emails["buyer"]
    draft = world.tender(publish=False)
    published = world.tender()
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == address)).one()
        user.email, user.email_asked = None, address
    buyer = sign_in(app, world, "buyer")
    for tender, open_to in ((draft, {"edit"}), (published, set())):
        page = buyer.get(f"/requests/{tender}")
        offered = {href.removeprefix(f"/requests/{tender}/") for href, _words in links(page)}
        assert offered & TENDER.acts.keys() == open_to
        turn = page.soup.select_one(".turn")
        assert turn is not None
        assert [(a["href"], a.get_text()) for a in turn.select(".btn-main")] == [("/my/address", "确认邮箱")]
        assert "已经填写的都保存着" in turn.get_text()
    assert f'href="/requests/{draft}"' in buyer.get("/my").text, "it waits as before"
    for path in (f"/requests/{draft}/publish", "/my/members/new", "/my/delegations/new"):
        refused = buyer.get(path)
        assert (refused.status, "请先确认您的邮箱" in refused.text) == (403, True), path
        assert refused.soup.select_one("main a.btn-main[href='/my/address']"), path
    world.confirm("buyer")
    assert (f"/requests/{draft}/publish", "发布需求") in links(buyer.get(f"/requests/{draft}"))


def test_a_main_button_is_a_verb_and_no_verdict() -> None:
    for case_class in CASES.values():
        workflow = case_class.workflow
        labels = {state.label for state in workflow.states.values()}
        for move in workflow.moves:
            if set(move.who) - {"system"}:
                said = workflow.asked(move.act)
                verb = said.startswith(("认定", "确认", "登记", "报告", "指出", "不同意", "不予"))
                assert verb or not said.endswith(VERDICTS), (workflow.name, move.act, said)
                assert not move.main or said not in labels, (workflow.name, move.act, said)


STATES = (State("open", "开"), State("shut", "关", terminal=True))
MOVES = (Move("open", "shut", "shut", who={"buyer"}), Move("open", "note", "open", who={"buyer"}))
ACTS = {"shut": "关", "note": "记"}


@pytest.mark.parametrize(
    "said",
    [
        {"consequences": {"other": "x"}},
        {"buttons": {"other": "x"}},
        {"undone_by": {"shut": "note"}},
        {"undone_by": {"note": "other"}},
    ],
)
def test_what_is_said_of_an_act_that_is_none_or_undone_by_what_never_can_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match="fits no row"):
        Workflow("x", "x", STATES, MOVES, ACTS, {"begin": "x"}, **said)
    table = Workflow("x", "x", STATES, MOVES, ACTS, {"begin": "x"}, undone_by={"note": "note"})
    assert [table.undoing(move) for move in MOVES] == ["", "note"]


def test_a_draw_names_its_winner_once_on_its_page_and_in_the_program(
    app: Flask, world: World, time: Any, tmp_path: Path
) -> None:
    """Of a random draw the first wins and the others are not drawn; any other only parts equals."""
    program = Path(__file__).parents[1] / "docs" / "verify_draw.py"
    for mode, prices in (("random_draw", {}), ("sealed_bid", {"second": 90_00, "third": 95_00})):
        budget = {"budget": 4_700_000} if mode == "random_draw" else {}
        tender = world.tender(mode=mode, funds="state", **budget)
        world.bids(tender, **{"agency": 100_00, "second": 100_00, "third": 100_00, **prices})
        time.closing(tender)
        visitor = sign_in(app, world, "second")
        page = visitor.get(f"/requests/{tender}")
        file = visitor.get(
            next(h for h, _words in links(page) if h.startswith("/draws/"))
        ).response.get_json()
        winner, name = file["winner"], file["names"][file["winner"]]
        assert file["decides"] == (mode == "random_draw")
        card = next(card for card in page.soup.select(".card") if file["commitment"] in card.get_text())
        said = ("抽中" if file["decides"] else "中选") + f":{winner} {name}"
        assert said in card.get_text(" ")
        path = tmp_path / "draw.json"
        path.write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, "-I", str(program), str(path)], capture_output=True, text=True, check=True
        )
        lines = [line for line in ran.stdout.splitlines() if "…" in line]
        assert len(lines) == 3
        assert [line for line in lines if "<- " in line] == [
            line for line in lines if winner in line and name in line and line.endswith("<- winner")
        ]
        assert sum(line.endswith("not drawn") for line in lines) == (2 if file["decides"] else 0)
        assert ran.stdout.count(name) == 1


def test_from_an_agreed_price_to_the_money_that_leaves(app: Flask, world: World, time: Any) -> None:
    """What comes next is the one main button, money goes to custody, and a payout waits for what was seen."""
    buyer, agency, custodian = (sign_in(app, world, name) for name in ("buyer", "agency", "custodian"))
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    assert "谈妥不等于中选" in buyer.get(f"/quotes/{quote}/accept").text
    quotes.accept(world.actor("buyer"), quote)
    for page in (f"/quotes/{quote}", f"/requests/{tender}"):
        main = buyer.get(page).soup.select("aside .turn .btn-main")
        assert [(str(each["href"]), each.get_text()) for each in main] == [
            (f"/requests/{tender}/close", "截止征集")
        ]
    assert "接下来由业主截止征集" in agency.get(f"/quotes/{quote}").text
    closing.close(world.actor("buyer"), tender)
    main = buyer.get(f"/quotes/{quote}").soup.select_one("aside .turn .btn-main")
    assert main is not None
    assert main["href"] == f"/requests/{tender}/award"
    said = buyer.get(f"/requests/{tender}/award").soup.select_one("main")
    assert said is not None
    assert "公示期" in said.get_text()

    contract = world.signed()
    deposit = world.one(Payment, contract, kind="deposit").identifier
    custody = app.config["CUSTODY_ACCOUNT"].rpartition("|")[2]
    for page in (f"/payments/{deposit}", f"/payments/{deposit}/pay"):
        assert custody in buyer.get(page).text, page
    assert f'href="/payments/{deposit}"' in buyer.get("/my").text
    main = buyer.get(f"/contracts/{contract}").soup.select_one("aside .turn .btn-main")
    assert main is not None
    assert main["href"] == f"/payments/{deposit}"

    settled = world.settled()
    payout = world.one(Payout, settled, kind="earned")
    assert (payout.state, payout.due_at, payout.milestone_number) == ("held", None, 1)
    page = custodian.get(f"/payouts/{payout.identifier}")
    awaited = [each.identifier for each in world.every(Payment, settled)]
    assert all(number in page.text for number in ("现在还不能拨付", *awaited))
    assert page.soup.select("main .turn .btn") == []
    assert "已付给机构" not in agency.get(f"/contracts/{settled}").text
    for number in awaited:
        paying.receive(world.actor("custodian"), number)
    payout = world.one(Payout, settled, kind="earned")
    assert (payout.state, payout.due_at) == ("due", payout.send_by)
    assert "已付给机构" not in agency.get(f"/contracts/{settled}").text
    payouts.send(world.actor("custodian"), payout.identifier, bank_reference="2026031600009")
    assert "已付给机构" in agency.get(f"/contracts/{settled}").text
