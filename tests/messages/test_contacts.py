"""Whom an organisation names to be called: its list, and who is told of whom, from when, until when."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import World
from market.extensions import db
from market.messages import actions
from market.sourcing.actions import awards, quotes
from models import contacts, policy
from models.contacts import ContactPerson, NamedContact
from models.errors import NotAllowed, NotFound, RuleViolation
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

PHONE = "0971-0000123"
EVERYBODY = ("visitor", "buyer", "agency", "second", "regulator", "department", "custodian")


def _listed(world: World, who: str = "buyer", phone: str = PHONE) -> int:
    actions.add_contact(
        world.actor(who), name=f"{who}才让", purpose="技术对接", phone=phone, email="Lian@Example.CN"
    )
    return db.session.scalars(select(func.max(ContactPerson.id))).one()


def _knows(app: Flask, world: World, paths: list[str]) -> set[str]:
    """Who finds the number on one of these pages."""
    return {
        name for name in EVERYBODY if any(PHONE in sign_in(app, world, name).get(path).text for path in paths)
    }


def test_a_list_is_kept_by_its_organisation_alone(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    assert "/my/contacts" in buyer.get("/my/organisation").text
    said = {"name": "才让", "purpose": "技术", "phone": PHONE, "email": ""}
    assert buyer.submit("/my/contacts/new", **said).status == 303
    person = db.session.scalars(select(ContactPerson)).one()
    address = f"/my/contacts/{person.id}"
    for wrong, field in (
        ({"phone": "五五五"}, "phone"),
        ({"phone": "00000000"}, "phone"),
        ({"email": "无"}, "email"),
        ({"name": "才"}, "name"),
        ({"purpose": " "}, "purpose"),
        ({"name": "长" * 61}, "name"),
    ):
        refused = buyer.submit(address, **wrong)
        assert (refused.status, bool(refused.error_at(field))) == (422, True), wrong
    assert buyer.submit(address, purpose="现场踏勘", email="Cai@Example.CN").status == 303
    db.session.rollback()
    assert (person.purpose, person.email, person.phone) == ("现场踏勘", "cai@example.cn", PHONE)
    agency = sign_in(app, world, "agency")
    assert agency.get(address).status == 404
    for act in (
        lambda: actions.remove_contact(world.actor("agency"), person.id),
        lambda: actions.change_contact(world.actor("agency"), person.id, **said),
    ):
        with pytest.raises(NotFound):
            act()
    token = buyer.get("/my/contacts").value_of("csrf_token")
    assert buyer.post(f"{address}/remove", {"csrf_token": token}).status == 303
    assert db.session.scalars(select(ContactPerson)).all() == []


def test_a_list_has_an_end(world: World) -> None:
    for _ in range(policy.current().number("messages.contacts_most")):
        _listed(world)
    with pytest.raises(RuleViolation, match="最多列"):
        _listed(world)


def test_the_parties_of_an_offer_see_each_others_and_nobody_else_does(app: Flask, world: World) -> None:
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    paths = [f"/requests/{tender}", f"/quotes/{quote}", f"/cases/{quote}/messages"]
    buyer = sign_in(app, world, "buyer")
    assert "名单还是空的" in buyer.get(f"/cases/{tender}/contact").text
    person = _listed(world)
    offered = buyer.get(f"/cases/{tender}/contact")
    assert offered.value_of("person") == str(person), "the only one is chosen beforehand"
    assert _knows(app, world, paths) == set(), "nobody was named yet"
    assert buyer.submit(f"/cases/{tender}/contact").status == 303
    assert _knows(app, world, paths) == {"agency"}
    assert "buyer才让" in buyer.get(f"/requests/{tender}").text
    quotes.decline(world.actor("buyer"), quote)
    assert _knows(app, world, paths) == set(), "they have to talk no more"


def test_on_a_contract_each_sees_the_others_and_what_is_removed_is_gone(app: Flask, world: World) -> None:
    contract = world.started()
    paths = [f"/contracts/{contract}", f"/cases/{contract}/messages"]
    person = _listed(world, "agency")
    with pytest.raises(NotFound):
        actions.name_contact(world.actor("buyer"), contract, person=person)
    with pytest.raises(NotAllowed):
        actions.name_contact(world.actor("second"), contract, person=person)
    actions.name_contact(world.actor("agency"), contract, person=person)
    assert _knows(app, world, paths) == {"buyer"}
    actions.name_contact(world.actor("agency"), contract, person=0)
    assert _knows(app, world, paths) == set()
    actions.name_contact(world.actor("agency"), contract, person=person)
    actions.remove_contact(world.actor("agency"), person)
    assert _knows(app, world, paths) == set()
    assert db.session.scalars(select(NamedContact)).all() == []


def test_bidders_and_the_buyer_know_nobody_before_the_award(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    actions.name_contact(world.actor("buyer"), tender, person=_listed(world))
    bids = world.bids(tender, agency=4_000_000, second=4_200_000, third=4_300_000)
    paths = [f"/requests/{tender}", f"/bids/{bids['agency']}", f"/requests/{tender}/answer"]
    assert _knows(app, world, paths) == set()
    time.closing(tender)
    assert _knows(app, world, paths) == set()
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    assert _knows(app, world, [*paths, f"/awards/{award}"]) == {"agency"}


@pytest.mark.parametrize(("funds", "told"), [("private", {"agency"}), ("state", set())])
def test_who_is_asked_by_name_may_call_at_once_unless_quotes_are_sealed(
    app: Flask, world: World, funds: str, told: set[str]
) -> None:
    tender = world.tender(funds=funds, invited=[world.identifiers["agency"]])
    actions.name_contact(world.actor("buyer"), tender, person=_listed(world))
    assert _knows(app, world, [f"/requests/{tender}"]) == told


def test_a_request_names_one_in_its_last_step(app: Flask, world: World) -> None:
    tender, buyer = world.tender(publish=False), sign_in(app, world, "buyer")
    address = f"/requests/{tender}/edit/whom"
    assert buyer.get(address).soup.select_one("[name=contact]") is None, "there is nobody to name"
    person = _listed(world)
    assert _chosen(buyer, address) == "0", "it was told that nobody is named"
    assert buyer.submit(address, contact=str(person), openly="1").status == 303
    assert _chosen(buyer, address) == str(person)
    theirs = _listed(world, "agency", "0971-0000199")
    assert buyer.submit(address, contact=str(theirs)).error_at("contact")
    begun = buyer.submit("/requests/new?key=k", item_code="WAT-01", region_code="632801").location
    fresh = begun.rpartition("/edit")[0] + "/edit/whom"
    assert _chosen(buyer, fresh) == str(person), "the only one is chosen beforehand"
    named = contacts.named(db.session, _key(world, tender), [world.organisation("buyer").id])
    assert [each.id for each in named.values()] == [person]


def _chosen(visitor: Visitor, address: str) -> str:
    return str(visitor.get(address).value_of("contact"))


def _key(world: World, tender: str) -> int:
    return Tender.load(db.session, tender).id
