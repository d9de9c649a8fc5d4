"""A code alone shows nothing: an enterprise is let in by the register, or by whoever looks at its licence.

Until then it drafts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import ADMIN, PASSWORD, PDF, World, code
from market import business_register
from market.accounts.actions import delegating, entering, members
from market.agencies.actions import entry as entry_actions
from market.contracts.actions import signing
from market.demonstration.register import COUNT, ExampleRegister, example
from market.extensions import db
from market.jobs import tick
from market.sourcing.actions import tenders
from market.transaction import Beforehand
from models import clock, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR
from models.agencies.register import Registered
from models.claims import Claim
from models.errors import NotAllowed, RuleViolation, Unavailable, WrongState
from models.events import Event
from models.failures import Failure
from models.signing.keys import SigningKey
from models.sourcing.tenders import Tender
from models.uscc import sound
from tests.web import Visitor, sign_in

HEADING = "统一社会信用代码,名称,登记状态,法定代表人"


def signed_up(world: World, name: str = "newcomer", number: int = 7200, **changes: Any) -> str:
    """An enterprise with a sound code, whose owner has confirmed."""
    world.emails[name] = f"{name}@example.cn"
    world.identifiers[name] = members.sign_up(
        VISITOR,
        email=world.emails[name],
        name=name,
        password=PASSWORD,
        kind="enterprise",
        organisation="昆仑牧业有限公司",
        region_code="632801",
        uscc=code(number),
        **changes,
    )
    return world.identifiers[name]


def state(identifier: str) -> Organisation:
    db.session.rollback()
    return Organisation.load(db.session, identifier)


def certified(identifier: str) -> bool:
    return (
        db.session.scalars(
            select(SigningKey.id).where(SigningKey.organisation_id == state(identifier).id)
        ).first()
        is not None
    )


def register(app: Flask, folder: Path, *rows: str) -> None:
    path = folder / "register.csv"
    path.write_text("\n".join([HEADING, *rows]), encoding="utf-8")
    app.config["REGISTER"] = str(path)


def test_a_sound_code_alone_lets_nobody_in(app: Flask, world: World) -> None:
    identifier = signed_up(world)
    assert (state(identifier).state, certified(identifier)) == ("applied", False)
    assert state(identifier).due_at == workdays.add(clock.now(), 5), (
        "somebody looks at it within the policy's days, or the level above does"
    )
    draft = world.tender("newcomer", publish=False)
    for act in (
        lambda: tenders.publish(world.actor("newcomer"), draft),
        lambda: signing.renew_key(world.actor("newcomer")),
        lambda: delegating.delegate(
            world.actor("newcomer"),
            email="agency@example.cn",
            scope=["tender"],
            most=100,
            until=workdays.add(clock.now(), 3),
        ),
    ):
        with pytest.raises(NotAllowed, match="还没有通过核验"):
            act()
    assert (Tender.load(db.session, draft).state, certified(identifier)) == ("draft", False)
    page = sign_in(app, world, "newcomer").get("/my/organisation")
    assert "/my/licence" in page.text


def test_whoever_acts_for_it_is_told_the_same(world: World) -> None:
    """A delegation from before it was sent back: the rule is about the enterprise, not about who acts."""
    from market.transaction import transaction

    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender"],
        most=10**9,
        until=workdays.add(clock.now(), 30),
    )
    world.accept("helper")
    draft = world.tender("helper", publish=False, on_behalf_of=world.organisation("buyer").id, budget=10**6)
    with transaction() as session:
        Organisation.lock(session, world.identifiers["buyer"]).state = "applied"
    with pytest.raises(NotAllowed, match="还没有通过核验"):
        tenders.publish(world.actor("helper"), draft)


def test_a_person_looks_at_the_licence(app: Flask, world: World) -> None:
    identifier = signed_up(world)
    with pytest.raises(RuleViolation, match="还没有上传营业执照"):
        entry_actions.verify(world.actor("regulator"), identifier)
    world.authority("far", "regulator", region="540000")
    newcomer = sign_in(app, world, "newcomer")
    assert (
        newcomer.submit("/my/licence", legal_representative="才旦", file=PDF).location == "/my/organisation"
    )
    with pytest.raises(NotAllowed):
        entry_actions.verify(world.actor("far"), identifier)
    regulator = sign_in(app, world, "regulator")
    assert "核验单位" in (said := regulator.get("/my").text), (
        "it waits for whoever looks, who is told what to do"
    )
    assert "昆仑牧业" in said
    for path in (f"/agencies/{identifier}", f"/agencies/{identifier}/verify"):
        page = regulator.get(path)
        assert all(
            words in page.text for words in ("file.pdf", "还没有问过登记机关", "邮箱已确认", "同一代码的认领")
        ), f"before the act, on {path}"
    assert "中介机构" not in regulator.get(f"/agencies/{identifier}").soup.select_one(".timeline").text  # type: ignore[union-attr]
    assert "决定前请看" not in newcomer.get(f"/agencies/{identifier}").text, "that is the regulator's to know"
    assert (
        regulator.submit(f"/agencies/{identifier}/return", reason="执照照片看不清,请重新上传。").status == 303
    )
    assert state(identifier).state == "draft"
    newcomer.submit("/my/licence", file=PDF + b"%2")
    assert state(identifier).state == "applied"
    assert regulator.submit(f"/agencies/{identifier}/verify").status == 303
    assert (state(identifier).state, certified(identifier)) == ("verified", True)
    assert world.tender("newcomer")
    with pytest.raises(WrongState):
        entering.correct(world.actor("newcomer"), organisation="另一个名字", legal_representative="")


def test_what_is_not_shown_is_said_before_anybody_is_let_in(app: Flask, world: World, tmp_path: Path) -> None:
    register(app, tmp_path, f"{code(7299)},昆仑牧业有限公司,存续,")
    identifier = signed_up(world)
    entering.try_register(identifier)
    members.register(
        VISITOR,
        email="other@example.cn",
        name="另一人",
        password=PASSWORD,
        kind="enterprise",
        organisation="昆仑牧业",
        uscc=code(7200),
        region_code="632801",
    )
    claim = db.session.scalars(select(Claim)).one()
    page = sign_in(app, world, "regulator").get(f"/agencies/{identifier}/verify").text
    for words in ("登记机关查不到这个统一社会信用代码", "没有上传,不能通过核验", claim.identifier):
        assert words in page


def test_one_that_is_refused_does_nothing_more(world: World) -> None:
    identifier = signed_up(world)
    draft = world.tender("newcomer", publish=False)
    entry_actions.refuse(world.actor("regulator"), identifier, reason="执照是别家单位的。")
    for act in (
        lambda: tenders.publish(world.actor("newcomer"), draft),
        lambda: world.tender("newcomer", publish=False),
    ):
        with pytest.raises(NotAllowed, match="已退出"):
            act()


def test_the_register_lets_in_at_once_whom_it_knows(app: Flask, world: World, tmp_path: Path) -> None:
    register(app, tmp_path, f"{code(7200)},昆仑牧业有限公司,存续（在营、开业、在册）,买买提·艾力")
    entry = {
        "name": "才旦",
        "email": "new@example.cn",
        "password": PASSWORD,
        "kind": "enterprise",
        "organisation": "昆仑牧业 有限公司",
        "uscc": code(7200),
        "region_code": "632801",
        "legal_representative": "买买提•艾力",
    }
    visitor = Visitor(app)
    assert visitor.submit("/sign-up", **entry).location == "/my"
    found = db.session.scalars(select(Organisation).where(Organisation.uscc == code(7200))).one()
    assert (found.state, found.unlike, certified(found.identifier)) == ("verified", [], True)
    told = db.session.scalars(select(Event).where(Event.kind == "organisation.match")).one()
    assert (told.actor_role, told.data["number"]) == ("system", "register.csv")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"{code(7299)},昆仑牧业有限公司,存续,", ["unregistered"]),
        (f"{code(7200)},昆仑牧业有限公司,注销,", ["standing"]),
        (f"{code(7200)},柴达木牧业有限公司,存续,", ["name"]),
        (f"{code(7200)},昆仑牧业有限公司,存续,韩文海", ["representative"]),
        (f"{code(7200)},昆仑牧业有限公司,看不懂,", ["unregistered"]),
    ],
)
def test_what_the_register_says_otherwise_is_said_without_what_it_has(
    app: Flask, world: World, tmp_path: Path, row: str, told: list[str]
) -> None:
    register(app, tmp_path, row)
    identifier = signed_up(world, legal_representative="才旦")
    entering.try_register(identifier)
    assert (state(identifier).state, state(identifier).unlike, certified(identifier)) == (
        "applied",
        told,
        False,
    )
    page = sign_in(app, world, "newcomer").get("/my/organisation").text
    assert "与登记机关的记录不符" in page
    assert "韩文海" not in page
    assert "柴达木" not in page


def test_put_right_it_is_asked_again(app: Flask, world: World, tmp_path: Path) -> None:
    register(app, tmp_path, f"{code(7200)},昆仑牧业有限公司,存续,韩文海")
    identifier = signed_up(world)
    entering.try_register(identifier)
    sign_in(app, world, "newcomer").submit("/my/licence", legal_representative="韩文海")
    assert state(identifier).state == "verified"


def test_a_register_that_is_away_is_asked_by_the_jobs(
    app: Flask, world: World, tmp_path: Path, time: Any
) -> None:
    from datetime import timedelta

    app.config["REGISTER"] = str(tmp_path / "register.csv")
    identifier = signed_up(world)
    entering.try_register(identifier)
    assert (state(identifier).state, state(identifier).register_asked_at) == ("applied", None)
    with pytest.raises(Unavailable):
        business_register.source()
    tick()
    assert [
        failure.case_identifier
        for failure in db.session.scalars(select(Failure).where(Failure.what == "register asked"))
    ] == [identifier]
    register(app, tmp_path, f"{code(7200)},昆仑牧业有限公司,存续,")
    time.instant += timedelta(minutes=1)
    tick()
    assert (state(identifier).state, certified(identifier)) == ("verified", True)
    assert db.session.scalars(select(Failure).where(Failure.what == "register asked")).all() == []


def test_the_register_lets_nobody_in_who_does_not_wait(world: World) -> None:
    said = Beforehand(
        Registered(world.organisation("agency").uscc, world.organisation("agency").name, "active")
    )
    entering.judge(SYSTEM, world.identifiers["agency"], said=said, source="登记库")
    identifier = signed_up(world)
    entry_actions.refuse(ADMIN, identifier, reason="执照是别家单位的。")
    entering.judge(
        SYSTEM,
        identifier,
        said=Beforehand(Registered(code(7200), "昆仑牧业有限公司", "active")),
        source="登记库",
    )
    assert state(identifier).state == "removed"


def test_the_demonstrations_examples_are_in_its_register_and_nobody_else(app: Flask, world: World) -> None:
    app.config["DEMO"] = True
    visitor = Visitor(app)
    page = visitor.get("/sign-up?example=1")
    told = {name: page.value_of(name) for name in ("organisation", "uscc", "legal_representative")}
    assert sound(told["uscc"])
    assert (
        visitor.submit(
            "/sign-up?example=1",
            name="来客",
            email="guest@example.cn",
            password=PASSWORD,
            **told,
            kind="enterprise",
            region_code="630100",
        ).location
        == "/my"
    )
    assert (
        db.session.scalars(select(Organisation.state).where(Organisation.uscc == told["uscc"])).one()
        == "verified"
    )
    for number in (0, COUNT - 1):
        assert ExampleRegister().lookup([example(number).uscc]) == {example(number).uscc: example(number)}
    assert ExampleRegister().lookup([code(1), "", "x" * 18]) == {code(1): None, "": None, "x" * 18: None}
    other = signed_up(world)
    entering.try_register(other)
    assert state(other).state == "applied"


def test_a_service_is_asked_about_one_code(app: Flask, world: World, monkeypatch: Any) -> None:
    asked = []

    def answer(method: str, url: str, told: dict[str, Any], *, token: str, patience: float, most: int) -> Any:
        asked.append((told, patience))
        return {"organisations": [{"uscc": code(7200), "name": "昆仑牧业有限公司", "standing": "存续"}]}

    monkeypatch.setattr(business_register, "ask", answer)
    app.config["REGISTER"] = "https://register.test/lookup"
    identifier = signed_up(world)
    entering.try_register(identifier)
    assert state(identifier).state == "verified"
    assert asked == [({"uscc": [code(7200)]}, entering.SOON)], (
        "whoever waits before a page does not wait for long"
    )


def test_a_licence_is_a_picture_or_a_document_and_one_that_is_in_has_none_to_bring(
    app: Flask, world: World
) -> None:
    signed_up(world)
    invoice = b'<?xml version="1.0"?><EInvoice><a/></EInvoice>'
    newcomer = sign_in(app, world, "newcomer")
    page = newcomer.get("/my/licence").soup.select_one("input[type=file]")
    assert page is not None
    assert ".xml" not in str(page["accept"])
    assert "扫描件" in newcomer.submit("/my/licence", file=invoice).error_at("file")
    buyer = sign_in(app, world, "buyer").get("/my/licence")
    assert (buyer.status, buyer.location) == (303, "/my/organisation")
