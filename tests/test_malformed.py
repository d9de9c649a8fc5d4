"""Every form, whatever is sent: an answer in words, never a 500, never the text unescaped."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from bench.lifecycle import standing
from market.sourcing import actions as sourcing
from models.payments import Payment
from models.ratings import Rating
from tests.factories import World
from tests.web import sign_in

NASTY = ["", " ", "\x00", "-1", "1e309", "9" * 40, "<script>alert(1)</script>", "' OR 1=1 --", "💥" * 3000, "{{7*7}}", "%(x)s", "../../etc/passwd", "0000-00-00"]


def _forms(world: World) -> dict[str, str]:
    """Every page with a form, and who may send it."""
    world.appoint_admin()
    world.agency("applicant", verified=False)
    contract = world.settled_unrated()
    inquiry = world.request()
    quote = sourcing.submit_quote(world.actor("agency"), inquiry, price=100, days=20)
    evaluated = world.request()
    sourcing.submit_quote(world.actor("agency"), evaluated, price=100, days=20)
    sourcing.close(world.actor("buyer"), evaluated)
    sealed = world.request(mode="sealed_bid", funds="state")
    delivered = world.signed()
    world.paid(delivered, "deposit")
    deliverable = world.delivered(delivered)
    returned = world.signed()
    world.paid(returned, "deposit")
    returnable = world.delivered(returned)
    due = world.one(Payment, world.signed(), kind="deposit").identifier
    drafted = world.contract_of(world.awarded()).identifier
    return {
        "/sign-in": "visitor",
        "/sign-up": "visitor",
        "/requests/new": "buyer",
        f"/requests/{world.request(publish=False)}/edit": "buyer",
        f"/requests/{world.request()}/cancel": "buyer",
        f"/requests/{evaluated}/award": "buyer",
        f"/requests/{sealed}/answer": "agency",
        f"/requests/{inquiry}/answer": "second",
        f"/quotes/{quote}/offer": "buyer",
        f"/contracts/{drafted}/revise": "agency",
        f"/contracts/{drafted}/terminate": "agency",
        f"/deliverables/{returnable}/return": "buyer",
        f"/deliverables/{deliverable}/accept": "buyer",
        f"/payments/{due}/pay": "buyer",
        f"/ratings/{world.one(Rating, contract, by='buyer').identifier}/rate": "buyer",
        "/my/fees/new": "agency",
        "/my/qualifications/new": "agency",
        "/my/members/new": "buyer",
        "/my/password": "second",
        "/my/delegations/new": "buyer",
        f"/agencies/{world.identifiers['applicant']}/refuse": "regulator",
        "/admin/authorities/new": "admin",
        "/admin/override": "admin",
    }


@pytest.mark.parametrize("missing", [False, True])
def test_no_form_breaks(app: Flask, world: World, missing: bool) -> None:
    forms = _forms(world)
    people = {name: sign_in(app, world, name) for name in set(forms.values())}
    sent = 0
    for path, who in forms.items():
        visitor = people[who]
        page = visitor.get(path)
        form = page.soup.select_one("main form[method=post]")
        assert form is not None, path
        values: dict[str, Any] = standing(form)
        every = {str(field["name"]) for field in form.select("[name]")} - {"csrf_token"}
        assert visitor.post(path, {}).status == 400, "no form acts without its token"
        for name in sorted(every):
            for nasty in [None] if missing else NASTY:
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
