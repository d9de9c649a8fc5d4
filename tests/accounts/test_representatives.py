"""A legal representative signs and pays without a letter, once he has shown who he is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import authorising
from market.agencies.actions import accounts
from market.contracts.actions import signing
from market.transaction import transaction
from models.accounts import Organisation
from models.errors import NotAllowed, RuleViolation, Unauthorised, WrongState
from tests.accounts.test_authorising import BOTH, ends, filed, load, unauthorised
from tests.web import sign_in


def shown(world: World, name: str) -> str:
    """The legal representative handed in who he is, and waits."""
    letter = authorising.declare(world.actor(name), **BOTH, until=ends())
    return authorising.file(world.actor(name), letter, file_name="身份证明.pdf", content=PDF)


def named(world: World, name: str, representative: str) -> None:
    with transaction() as session:
        Organisation.lock(session, world.identifiers[name]).legal_representative = representative


def test_the_legal_representative_shows_who_he_is_and_needs_no_letter(app: Flask, world: World) -> None:
    unauthorised(world, "buyer")
    contract = world.contract_of(world.awarded()).identifier
    with pytest.raises(RuleViolation, match="不一致"):
        authorising.declare(world.actor("buyer"), **BOTH, until=ends())
    named(world, "buyer", " buyer ")
    with pytest.raises(NotAllowed, match="登录密码"):
        authorising.declare(replace(world.actor("buyer"), proved=False), **BOTH, until=ends())
    buyer = sign_in(app, world, "buyer")
    page = buyer.submit("/my/authorisation/declare", covers=["sign", "pay"], again=PASSWORD).location
    letter = page.rpartition("/")[2]
    said = buyer.get(page).text
    assert "法定代表人身份证明书" in said
    assert "下载授权书" not in said
    assert buyer.get(f"{page}/model.pdf").status == 404
    assert (load(letter).basis, load(letter).state) == ("representative", "draft")
    with pytest.raises(Unauthorised):  # a name alone is anybody's to type
        signing.agree(world.actor("buyer"), contract)
    for begin in (authorising.declare, authorising.open_letter):
        with pytest.raises(WrongState, match="在办理"):
            begin(world.actor("buyer"), **BOTH, until=ends())
    with pytest.raises(RuleViolation, match="扫描件"):
        authorising.file(world.actor("buyer"), letter)
    authorising.file(world.actor("buyer"), letter, file_name="身份证明.pdf", content=PDF)
    authorising.accept(world.actor("regulator"), letter)
    assert load(letter).due_at == load(letter).until
    signing.agree(world.actor("buyer"), contract)
    world.member("buyer", "staff")
    with pytest.raises(NotAllowed):
        authorising.declare(world.actor("staff"), **BOTH, until=ends())


def test_a_representative_the_owner_named_since_he_was_let_in_does_not_count(world: World) -> None:
    unauthorised(world, "agency")
    accounts.change_representative(world.actor("agency"), legal_representative="agency", phone="0979-1")
    with pytest.raises(RuleViolation, match="请填写授权书"):
        authorising.declare(world.actor("agency"), **BOTH, until=ends())


def test_who_is_not_let_in_yet_declares_nothing_and_its_letter_waits(world: World) -> None:
    world.enterprise("new", verified=False)
    named(world, "new", "new")
    with pytest.raises(NotAllowed):
        authorising.declare(world.actor("new"), **BOTH, until=ends())
    letter = filed(world, "new")
    with pytest.raises(RuleViolation, match="还没有通过核验"):
        authorising.accept(world.actor("regulator"), letter)


def test_who_declared_itself_the_representative_is_that_no_more_after_the_next(world: World) -> None:
    for name, accepted in (("second", False), ("agency", True)):
        unauthorised(world, name)
        named(world, name, name)
        letter = shown(world, name)
        if accepted:
            authorising.accept(world.actor("regulator"), letter)
        accounts.change_representative(world.actor(name), legal_representative="才旦", phone="0979-1")
        assert load(letter).state == "withdrawn"
    with pytest.raises(RuleViolation, match="不一致"):
        authorising.declare(world.actor("agency"), **BOTH, until=ends())
    accounts.change_representative(world.actor("agency"), legal_representative="agency", phone="0979-1")
    with pytest.raises(RuleViolation, match="还没有核对过"):
        authorising.declare(world.actor("agency"), **BOTH, until=ends())
