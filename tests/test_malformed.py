"""Every form, whatever is sent: an answer in words, never a 500, never the text unescaped."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from harness.person import current_values
from market.accounts.actions import authorising
from market.agencies.actions import checks
from market.contracts.actions import changing, disputing
from market.extensions import db
from market.jobs import drain
from market.messages import actions as contacts
from market.payments.actions import importing, paying
from market.payments.jobs import match_lines
from market.sourcing.actions import awards, closing, questions, quotes, scoring
from market.transaction import transaction
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.contacts import ContactPerson
from models.contracts.agreement import Contract
from models.contracts.changes import CHANGES
from models.contracts.materials import Materials
from models.payments.payment import Payment
from models.payments.payouts import Payout
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.clarifications import Clarification
from models.sourcing.evaluations import Evaluation
from models.sourcing.steps import STEPS
from models.sourcing.tenders import Tender
from tests.web import sign_in

CODE = "<script>alert(1)</script>' OR 1=1 --{{7*7}}%(x)s../../etc/passwd"
NASTY = ["", " ", "\x00", "-1", "1e309", "9" * 40, CODE, "💥" * 3000, "0000-00-00"]


CRITERIA = {
    "price": {"weight": 40, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 30}],
}


def _late(world: World, time: Any) -> tuple[Evaluation, str, str, str]:
    """An evaluation to score, a live auction, an award in its publicity period with an objection.

    Takes the time past their deadline.
    """
    world.enterprise("expert")
    merit = world.tender(mode="merit", funds="state", criteria=CRITERIA, project="高标准农田项目(监理)")
    scoring.appoint(world.actor("buyer"), merit, email="expert@example.cn")
    live = world.tender(
        mode="reverse_auction",
        funds="state",
        project="高标准农田项目(测绘)",
        deadline=time.instant.replace(day=9, hour=10),
    )
    sealed = world.tender(mode="sealed_bid", funds="state")
    for tender in (merit, live, sealed):
        world.bids(tender, agency=300_00, second=400_00, third=500_00)
    time.closing(sealed)
    proposed = awards.award(world.actor("buyer"), sealed, reasons="报价最低,工期满足")
    objection = awards.object_to(world.actor("second"), proposed, grounds="中选机构的业绩与事实不符")
    evaluation = db.session.scalars(select(Evaluation)).one()
    scoring.declare(world.actor("expert"), evaluation.identifier)
    return evaluation, live, proposed, objection


def _check(world: World) -> str:
    """A check the agency is asked about."""
    with transaction() as session:
        check = open_check(
            session, SYSTEM, Organisation.load(session, world.identifiers["agency"]), "scope", []
        )
        assert check is not None
    return checks.ask(world.actor("regulator"), check.identifier, reason="请说明实际经营情况")


def _letter(world: World, name: str) -> str:
    """A letter of authorisation somebody has filled in."""
    ends = clock.now() + timedelta(days=90)
    return authorising.open_letter(world.actor(name), covers=["sign"], until=ends)


def _handed_in(world: World, name: str) -> str:
    """One that waits to be checked."""
    return authorising.file(world.actor(name), _letter(world, name), file_name="l.pdf", content=PDF)


def _listed(world: World) -> int:
    """Somebody the buyer lists to be called."""
    said = {"name": "才让", "purpose": "技术", "phone": "0971-0000123", "email": ""}
    contacts.add_contact(world.actor("buyer"), **said)
    return db.session.scalars(select(ContactPerson.id)).one()


def _deciding(world: World) -> str:
    """A dispute that waits for the regulator."""
    dispute = disputing.file(world.actor("buyer"), world.started(), claim="机构收到定金后一直没有开展工作")
    return disputing.answer(world.actor("agency"), dispute, answer="资料不全,已多次书面催要")


def _statement(world: World) -> str:
    """A bank's statement with a line that matches nothing."""
    content = "交易日期,收入金额,支出金额\n2026-03-02,1.00,".encode()
    statement = importing.import_statement(world.actor("custodian"), file_name="s.csv", content=content)
    match_lines()
    return statement


def _unread(world: World) -> str:
    """A statement with a line nobody can read; beside it a table whose columns nobody knows waits."""
    with pytest.raises(importing.Unread):
        importing.import_statement(
            world.actor("custodian"), file_name="t.csv", content="何时,多少\n今天,1".encode()
        )
    content = "交易日期,收入金额,支出金额\n2026-03-02,1.00,\n2026-03-02,一元,".encode()
    return importing.import_statement(world.actor("custodian"), file_name="u.csv", content=content)


def _forms(world: World, time: Any) -> dict[str, str]:
    """Every page with a form, and who may send it."""
    world.appoint_admin()
    evaluation, live, proposed, objection = _late(world, time)
    world.agency("applicant", verified=False)
    world.member("buyer", "staff")
    world.sign_up("beginner", kind="agency")
    contract = world.settled_unrated()
    for paid in world.every(Payment, contract):
        paying.receive(world.actor("custodian"), paid.identifier)
    drain()
    issued = db.session.scalars(
        select(Award.identifier).join(Contract).where(Contract.identifier == contract)
    ).one()
    inquiry, draft = world.tender(), world.tender(publish=False)
    quote = quotes.submit(world.actor("agency"), inquiry, price=100, days=20)
    evaluated = world.tender()
    quotes.submit(world.actor("agency"), evaluated, price=100, days=20)
    closing.close(world.actor("buyer"), evaluated)
    sealed = world.tender(mode="sealed_bid", funds="state")
    delivered = world.signed()
    world.paid(delivered, "deposit")
    deliverable = world.delivered(delivered)
    returned = world.signed()
    world.paid(returned, "deposit")
    returnable = world.delivered(returned)
    supplying, noticed, disputed = (world.started() for _ in range(3))
    changing.give_notice(world.actor("buyer"), noticed, reason="机构长期不进场")
    dispute = disputing.file(world.actor("buyer"), disputed, claim="机构收到定金后一直没有开展工作")
    reviewed = world.delivered(world.started())
    world.accepted(reviewed)
    due = world.one(Payment, world.signed(), kind="deposit").identifier
    drafted, signable = (world.contract_of(world.awarded()).identifier for _ in range(2))
    questions.ask(world.actor("agency"), inquiry, question="是否包含现场踏勘?")
    question = db.session.scalars(select(Clarification.identifier)).one()
    return {
        f"/requests/{inquiry}/ask": "second",
        f"/requests/{inquiry}/amend": "buyer",
        f"/requests/{evaluation.tender.identifier}/appoint": "buyer",
        f"/clarifications/{question}/answer": "buyer",
        f"/evaluations/{evaluation.identifier}/score": "expert",
        f"/evaluations/{evaluation.identifier}/recuse": "expert",
        f"/requests/{live}/auction": "second",
        f"/check/{issued}": "visitor",
        f"/awards/{proposed}/object": "third",
        f"/objections/{objection}/answer": "buyer",
        "/sign-in": "visitor",
        "/sign-up": "visitor",
        "/requests/new?key=k": "buyer",
        **{f"/requests/{draft}/edit/{step}": "buyer" for step in STEPS},
        f"/requests/{draft}/template": "buyer",
        f"/requests/{world.tender()}/cancel": "buyer",
        f"/requests/{evaluated}/award": "buyer",
        f"/requests/{sealed}/answer": "agency",
        f"/requests/{inquiry}/answer": "second",
        f"/quotes/{quote}/offer": "buyer",
        f"/contracts/{drafted}/revise": "agency",
        f"/contracts/{drafted}/terminate": "agency",
        f"/contracts/{signable}/agree_buyer": "buyer",
        f"/contracts/{signable}/bring": "buyer",
        "/my/signing/bring": "buyer",
        "/contract-templates/report/revise": "regulator",
        "/check": "visitor",
        f"/check/{drafted}": "visitor",
        f"/materials/{world.one(Materials, supplying).identifier}/supply": "buyer",
        **{f"/contracts/{delivered}/changes/{kind}": "agency" for kind in CHANGES},
        f"/contracts/{delivered}/give_notice": "buyer",
        f"/contracts/{returned}/dispute": "agency",
        f"/contracts/{noticed}/contest": "agency",
        f"/disputes/{dispute}/answer": "agency",
        f"/disputes/{dispute}/evidence": "buyer",
        f"/disputes/{_deciding(world)}/decide": "regulator",
        f"/deliverables/{reviewed}/send_back": "department",
        f"/deliverables/{reviewed}/pass": "department",
        f"/deliverables/{returnable}/return": "buyer",
        f"/deliverables/{deliverable}/accept": "buyer",
        f"/payments/{due}/pay": "buyer",
        f"/payments/{due}/invoice": "agency",
        f"/payouts/{world.one(Payout, contract, kind='earned').identifier}/send": "custodian",
        "/custody/import": "custodian",
        f"/custody/statements/{_statement(world)}/1": "custodian",
        f"/custody/statements/{_unread(world)}/2": "custodian",
        "/custody/import/1": "custodian",
        f"/cases/{quote}/messages": "agency",
        f"/cases/{quote}/contact": "buyer",
        "/my/contacts/new": "buyer",
        f"/my/contacts/{_listed(world)}": "buyer",
        f"/ratings/{world.one(Rating, contract, by='buyer').identifier}/rate": "buyer",
        "/my/fees/new": "agency",
        "/my/fees/new?item=CON-03": "agency",
        "/my/qualifications/new": "agency",
        **{
            f"/my/entry/{step}": "agency"
            for step in ("licence", "representative", "premises", "practitioners", "bank", "materials")
        },
        "/my/entry/commitment": "beginner",
        "/imports/new?kind=fees": "agency",
        "/oversight/register": "regulator",
        f"/checks/{_check(world)}/answer": "agency",
        "/items/WAT-01/edit": "department",
        "/items/new": "regulator",
        "/items/WAT-02/withdraw": "regulator",
        "/my/members/new": "buyer",
        "/my/password": "second",
        "/my/delegations/new": "buyer",
        "/my/authorisation/new": "buyer",
        "/my/authorisation/declare": "buyer",
        f"/my/members/{world.emails['staff']}/authorise": "buyer",
        f"/authorisations/{_letter(world, 'agency')}/file": "agency",
        f"/authorisations/{_handed_in(world, 'second')}/return": "regulator",
        f"/agencies/{world.identifiers['applicant']}/refuse": "regulator",
        "/admin/authorities/new": "admin",
        f"/admin/override?number={world.tender()}": "admin",
    }


# What a database may stumble over; the others never reach it.
STORED = ["", "\x00", "1e309", "9" * 40, "💥" * 3000]


@pytest.mark.parametrize("missing", [False, True])
def test_no_form_breaks(app: Flask, world: World, time: Any, database: str, missing: bool) -> None:
    forms = _forms(world, time)
    people = {name: sign_in(app, world, name) for name in set(forms.values())}
    sent = 0
    for path, who in forms.items():
        visitor = people[who]
        page = visitor.get(path)
        form = page.soup.select_one("main form[method=post]")
        assert form is not None, path
        values: dict[str, Any] = current_values(form)
        every = {str(field["name"]) for field in form.select("[name]")} - {"csrf_token"}
        every = {
            name
            for name in every
            if not re.search(r"_([1-9]|\d\d)$", name)
            or (name[:-1] + "0" not in every and name.endswith("_1"))
        }  # of rows alike, the first
        assert visitor.post(path, {}).status == 400, "no form acts without its token"
        for name in sorted(every):
            for nasty in [None] if missing else NASTY if database.startswith("sqlite") else STORED:
                changed = {key: value for key, value in values.items() if key != name or nasty is not None}
                if nasty is not None:
                    changed[name] = nasty
                answer = visitor.post(path, changed)
                sent += 1
                assert answer.status < 500, (path, name, nasty, answer.status)
                assert "<script>alert(1)" not in answer.text, (path, name)
                if answer.status in (400, 422):
                    assert answer.soup.select_one(".error, .problem, h1"), (path, name, nasty)
    assert sent > len(forms)


def test_an_empty_file_is_refused_at_its_field_by_every_form(app: Flask, world: World, time: Any) -> None:
    met = 0
    for path, who in _forms(world, time).items():
        visitor = sign_in(app, world, who)
        form = visitor.get(path).soup.select_one("main form[method=post]")
        assert form is not None, path
        for field in form.select("input[type=file]"):
            answer = visitor.submit(path, **{str(field["name"]): b""})
            assert (answer.status, answer.error_at(str(field["name"]))) == (422, "文件是空的。"), path
            met += 1
    assert met > 20


MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff"


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_marks_that_turn_words_round_are_kept_in_no_text(app: Flask, world: World, mark: str) -> None:
    """They come with what is pasted, and nobody could take out what nobody sees."""
    buyer = sign_in(app, world, "buyer")
    made = buyer.draft(
        item_code="WAT-01",
        region_code="632801",
        mode="inquiry",
        funds="private",
        project=f"高标准{mark}农田项目",
        description=f"{mark}两行\n👩‍🔬 葛\U000e0100城{mark}",
    )
    buyer.submit(f"{made.location}/template", name=f"常用{mark}的")
    kept = db.session.scalars(select(Tender).where(Tender.identifier == made.location[10:])).one()
    assert (kept.project, kept.description, kept.template_name) == (
        "高标准农田项目",
        "两行\n👩‍🔬 葛\U000e0100城",
        "常用的",
    )
    refused = sign_in(app, world, "visitor").submit("/sign-up", kind="agency", organisation=f"事务{mark}所")
    assert (refused.status, refused.value_of("organisation")) == (422, "事务所")


@pytest.mark.parametrize("mark", "\u200b\u202e", ids=ascii)
def test_marks_that_turn_words_round_are_read_in_no_address(app: Flask, world: World, mark: str) -> None:
    """A number pasted into a search box leads to its page, and a filter means what is seen."""
    visitor = sign_in(app, world, "visitor")
    agency = world.organisation("agency").identifier
    found = visitor.get("/agencies?" + urlencode({"q": f"{mark}{agency}{mark}"}))
    assert found.location == f"/agencies/{agency}"
    listed = visitor.get("/credit?" + urlencode({"item": f"WAT{mark}-01"}))
    assert listed.status == 200
