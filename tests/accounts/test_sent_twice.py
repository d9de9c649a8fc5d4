"""A form sent twice, by the same browser or another: claims, passwords, delegations, reasons."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PASSWORD, World
from harness.person import current_values
from market.accounts.actions.members import claim_code
from market.extensions import db
from market.sourcing.actions import closing, quotes
from market.transaction import transaction
from models import clock, submissions
from models.accounts import Delegation, Membership, Organisation, User
from models.actors import VISITOR
from models.contracts.templates import templates_of
from models.errors import Conflict, NotAllowed
from models.sourcing.quotes import Quote
from models.submissions import Submission, fingerprint
from tests.accounts.sending import DOORS, an_organisation, counted, furnish, send, ticket, twin_of
from tests.web import Visitor, sign_in


def test_a_claim_sent_again(app: Flask, world: World) -> None:
    with transaction() as session:
        agency = Organisation.lock(session, world.identifiers["third"])
        agency.claimed, uscc, claim = False, agency.uscc, claim_code(agency)
        session.query(Membership).filter_by(organisation_id=agency.id).delete()
    visitor = Visitor(app)
    values = {**an_organisation(kind="agency", uscc=uscc, claim=claim), **ticket(visitor, "/sign-up")}
    twin = twin_of(visitor)
    assert [send(each, "/sign-up", values).location for each in (visitor, twin_of(twin))] == ["/my/entry"] * 2
    for change in ({"claim": "ABCDEFGHIJKL"}, {"claim": "入驻码"}, {"email": "admin@example.cn"}):
        assert send(twin, "/sign-up", {**values, **change}).status == 409
    assert send(visitor, "/sign-up", values).status == 400, (
        "a form of before it signed in is of another session"
    )
    thief = Visitor(app)
    stolen = {
        **values,
        **ticket(thief, "/sign-up"),
        "submission": values["submission"],
        "email": "thief@example.cn",
    }
    assert send(thief, "/sign-up", stolen).location.startswith("/claims/CL-")
    assert thief.get("/my/organisation").status == 403, (
        "who comes second has a claim to show, and belongs to nothing"
    )


def test_a_password_sent_again(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "buyer")
    values = {"current": PASSWORD, "password": "another horse battery", **ticket(visitor, "/my/password")}
    assert [send(visitor, "/my/password", values).status for _ in range(2)] == [303, 303], (
        "the second does not find the first password wrong"
    )
    assert send(visitor, "/my/password", {**values, "password": "a third horse battery"}).status == 409
    assert send(visitor, "/my/password", {**values, "current": "another horse battery"}).status == 409
    assert (
        Visitor(app).submit("/sign-in", email="buyer@example.cn", password="another horse battery").status
        == 303
    )


def test_a_delegation_sent_again_to_somebody_else_is_not_dropped(app: Flask, world: World) -> None:
    furnish(world)
    buyer = sign_in(app, world, "buyer")
    values = {**DOORS["a delegation"].fresh(), **ticket(buyer, "/my/delegations/new")}
    assert send(buyer, "/my/delegations/new", values).status == 303
    world.enterprise("another")
    second = {**values, "email": "another@example.cn"}
    said = send(buyer, "/my/delegations/new", second)
    assert said.status == 409
    assert (
        send(buyer, "/my/delegations/new", {**second, "submission": said.value_of("submission")}).status
        == 303
    )
    emails = db.session.scalars(
        select(User.email).join(Delegation, Delegation.user_id == User.id).order_by(Delegation.id)
    )
    assert emails.all() == ["helper@example.cn", "another@example.cn"]
    said = send(sign_in_english(app, world), "/my/delegations/new", values)
    assert said.status == 400, "the token of another session is none here"


def sign_in_english(app: Flask, world: World) -> Visitor:
    visitor = Visitor(app, language="en")
    assert visitor.submit("/sign-in", email="buyer@example.cn", password=PASSWORD).status == 303
    return visitor


def test_the_conflict_is_said_in_the_readers_language(app: Flask, world: World) -> None:
    furnish(world)
    visitor = sign_in_english(app, world)
    values = {**DOORS["a delegation"].fresh(), **ticket(visitor, "/my/delegations/new")}
    assert send(visitor, "/my/delegations/new", values).status == 303
    said = send(visitor, "/my/delegations/new", {**values, "most": "1"})
    assert (said.status, "sent before" in said.text) == (409, True)


def test_a_reason_sent_twice_is_one_act(app: Flask, world: World) -> None:
    """The case has moved on when the second arrives; the form still asks what it asked."""
    tender, buyer = world.tender(), sign_in(app, world, "buyer")
    values = {"reason": "资金计划有变,不再采购", **ticket(buyer, f"/requests/{tender}/cancel")}
    answers = [buyer.post(f"/requests/{tender}/cancel", values) for _ in range(2)]
    assert [a.location for a in answers] == [f"/requests/{tender}"] * 2
    assert (
        buyer.post(f"/requests/{tender}/cancel", {**values, "reason": "另一个理由,同样的钥匙"}).status == 409
    )


def test_a_form_that_looks_different_afterwards_is_still_the_same_form(app: Flask, world: World) -> None:
    """An award has no quotes to choose from once it is made.

    A template is revised from the version that stands now.
    """
    tender = world.tender()
    quotes.submit(world.actor("agency"), tender, price=100, days=20)
    closing.close(world.actor("buyer"), tender)
    contract = world.contract_of(world.awarded()).identifier
    added = len(templates_of(db.session, "report")[0].clauses)
    for role, path, change in (
        (
            "buyer",
            f"/requests/{tender}/award",
            {"agency": world.identifiers["agency"], "reasons": "价格合理,工期满足"},
        ),
        ("agency", f"/contracts/{contract}/revise", {"text_secrecy": "双方另行签订保密协议。"}),
        (
            "regulator",
            "/contract-templates/report/revise",
            {f"title_{added}": "新的条款", f"text_{added}": "新的条款的文字。", "reason": "补充约定如下"},
        ),
    ):
        visitor = sign_in(app, world, role)
        page = visitor.get(path)
        values = {**current_values(page.soup.select_one("main form[method=post]")), **change}
        first = visitor.post(path, values)
        assert first.status == 303, (path, first.text)
        made = counted()
        again = visitor.post(path, values)
        assert (again.status, again.location, counted()) == (303, first.location, made), path
        other = next(name for name in change if name != "agency")
        assert visitor.post(path, {**values, other: "另外的文字,同样的钥匙"}).status == 409


def test_actions_hold_the_key_themselves(world: World) -> None:
    """Whoever calls with a key gets the same: by act, by every argument, by person."""
    tender = world.tender()
    first = quotes.submit(world.actor("agency"), tender, price=1000, days=20, submission="K")
    assert quotes.submit(world.actor("agency"), tender, price=1000, days=20, submission="K") == first
    for change in ({"price": 1001}, {"days": 21}, {"note": "不同"}):
        with pytest.raises(Conflict, match="内容与这次不同"):
            quotes.submit(
                world.actor("agency"), tender, **{"price": 1000, "days": 20, **change}, submission="K"
            )
    with pytest.raises(Conflict):
        quotes.withdraw(world.actor("agency"), first, submission="K")
    assert quotes.submit(world.actor("second"), tender, price=1000, days=20, submission="K") != first
    assert db.session.scalar(select(func.count(Quote.id))) == 2
    with pytest.raises(NotAllowed):
        quotes.submit(VISITOR, tender, price=1000, days=20, submission="K")
    assert db.session.scalar(select(func.count(Submission.id))) == 2, "what was refused uses up no key"


def test_a_fingerprint_tells_apart_and_gives_nothing_away() -> None:
    told = [
        {"a": 1},
        {"a": "1"},
        {"a": True},
        {"a": 1.5},
        {"a": None},
        {},
        {"b": 1},
        {"a": [1]},
        {"a": b"1"},
        {"a": b"2"},
        {"a": {"x": 1}},
        {"a": {1: 1}},
        {"a": {"1": 1}},
        {"a": clock.today()},
        {"a": clock.today().isoformat()},
        {"a": clock.now()},
        {"a": {1, 2}},
        {"a": [1, 2]},
    ]
    prints = {fingerprint(b"secret", "act", (), each) for each in told}
    assert len(prints) == len(told)
    assert (
        fingerprint(b"secret", "act", (1,), {})
        != fingerprint(b"secret", "act", (), {"a": 1})
        != fingerprint(b"secret", "other", (), {"a": 1})
    )
    assert fingerprint(b"secret", "act", (), {"a": 1, "b": {"x": 1, "y": 2}}) == fingerprint(
        b"secret", "act", (), {"b": {"y": 2, "x": 1}, "a": 1}
    )
    assert fingerprint(b"secret", "act", (), {"password": "p"}) != fingerprint(
        b"other", "act", (), {"password": "p"}
    ), "without the secret no password can be tried"
    with pytest.raises(TypeError):
        fingerprint(b"secret", "act", (object(),), {})
    assert submissions.key_of(None, "K") != submissions.key_of(1, "K")
    assert submissions.key_of(1, "\x00💥" * 5000) != submissions.key_of(1, "K"), "any text is a key"
