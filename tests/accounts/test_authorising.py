"""Nobody signs or pays for an organisation that has not authorised him, and each way to be authorised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import authorising, claiming, delegating, members
from market.accounts.jobs import written
from market.accounts.to_do import to_do
from market.contracts.actions import signing
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.payments.actions import charges, paying
from market.purging import clear_letters
from market.transaction import transaction
from models import clock, workdays
from models.accounts import Delegation, Membership, Organisation
from models.authorisations import SCOPES, Authorisation, living
from models.contracts.agreement import Contract
from models.documents import Document, of_case
from models.errors import NotAllowed, NotFound, RuleViolation, Unauthorised, WrongState
from models.events import Event
from models.letters import Letter
from models.notifications import Notification
from models.payments.payment import Payment
from models.workflow import permit
from tests.accounts.test_claims import claimed
from tests.web import sign_in

BOTH = {"covers": [*SCOPES]}


def ends(days: int = 365) -> Any:
    return clock.now() + timedelta(days=days)


def unauthorised(world: World, *names: str) -> None:
    """These may do nothing that binds any more."""
    for name in names:
        withdrawn(world, name)
    db.session.rollback()


def withdrawn(world: World, name: str, by: str = "regulator") -> None:
    for letter in letters(world, name):
        authorising.withdraw(world.actor(by), letter.identifier, reason="公章与备案不符,请重新办理。")


def letters(world: World, name: str) -> list[Authorisation]:
    actor = world.actor(name)
    return living(db.session, actor.user_id or 0, actor.organisation_id or 0)


def load(identifier: str) -> Authorisation:
    db.session.rollback()
    return Authorisation.load(db.session, identifier)


def filed(world: World, name: str, **terms: Any) -> str:
    """A letter somebody has handed in, which waits to be checked."""
    letter = authorising.open_letter(world.actor(name), **{**BOTH, "until": ends(), **terms})
    return authorising.file(world.actor(name), letter, file_name="授权书.pdf", content=PDF)


def test_without_a_letter_neither_page_nor_act_signs_or_pays_and_both_say_the_same(
    app: Flask, world: World, time: Any
) -> None:
    contract = world.contract_of(world.awarded()).identifier
    unauthorised(world, "buyer")
    buyer = sign_in(app, world, "buyer")
    page = buyer.get(f"/contracts/{contract}")
    assert f"/contracts/{contract}/agree_buyer" not in page.text
    card = page.soup.select_one("aside .turn")
    assert card is not None
    said = "还没有授权您签署合同。请先办理签署付款授权;期限照常计算"
    assert said in card.get_text()
    assert [str(link["href"]) for link in card.select(".btn-main")] == ["/my/authorisation"]
    for path in ("agree_buyer", "bring"):
        refused = buyer.get(f"/contracts/{contract}/{path}")
        assert refused.status == 403
        assert said in refused.text
        assert refused.soup.select_one("main a[href='/my/authorisation']") is not None
    with pytest.raises(Unauthorised, match="还没有授权您签署合同"):
        signing.agree(world.actor("buyer"), contract)
    case = Contract.load(db.session, contract)
    assert case.state == "drafted"
    assert case.due_at is not None, "and the time to sign goes on running"


def test_paying_asks_for_the_power_to_pay_and_signing_for_that_to_sign(world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    unauthorised(world, "buyer")
    authorising.accept(world.actor("regulator"), filed(world, "buyer", covers=["sign"]))
    signing.agree(world.actor("buyer"), contract)
    signing.agree(world.actor("agency"), contract)
    deposit = world.one(Payment, contract, kind="deposit").identifier
    told = {"bank_reference": "20260302-1", "file_name": "v.pdf", "content": PDF}
    with pytest.raises(Unauthorised, match="还没有授权您付款"):
        paying.pay(world.actor("buyer"), deposit, **told)
    with pytest.raises(Unauthorised):
        charges.ask(world.actor("buyer"), deposit, gateway="stripe", method="card")
    authorising.accept(world.actor("regulator"), filed(world, "buyer", covers=["sign", "pay"]))
    paying.pay(world.actor("buyer"), deposit, **told)
    assert world.one(Payment, contract, kind="deposit").state == "paid"


def test_a_letter_from_its_model_to_the_signature(app: Flask, world: World, time: Any) -> None:
    """Asked for before it blocks, filled in, downloaded, handed in, sent back with a reason, accepted."""
    unauthorised(world, "buyer")
    contract = world.contract_of(world.awarded()).identifier
    buyer, regulator = sign_in(app, world, "buyer"), sign_in(app, world, "regulator")
    assert "办理签署付款授权" in buyer.get("/my").text
    assert "办理签署付款授权" not in sign_in(app, world, "agency").get("/my").text
    page = buyer.submit("/my/authorisation/new", covers=["sign", "pay"]).location
    letter = page.rpartition("/")[2]
    assert load(letter).covers == ["sign", "pay"]
    model = buyer.get(f"{page}/model.pdf")
    assert model.response.data.startswith(b"%PDF")
    assert buyer.submit("/my/authorisation/new", covers=["sign"]).status == 409, "one at a time"
    assert buyer.submit(f"{page}/file").status == 422, "the scan is missing"
    assert buyer.submit(f"{page}/file", file=PDF).status == 303
    case = load(letter)
    assert (case.state, case.due_at) == ("filed", workdays.add(clock.now(), 3))
    assert letter in regulator.get("/my").text
    assert regulator.submit(f"{page}/return", reason="").status == 422
    assert regulator.submit(f"{page}/return", reason="没有法定代表人签字。").status == 303
    assert "没有法定代表人签字。" in buyer.get(page).text
    with pytest.raises(Unauthorised):
        signing.agree(world.actor("buyer"), contract)
    assert buyer.submit(f"{page}/file", file=PDF + b"%2").status == 303
    before = regulator.get(f"{page}/accept")
    assert "与扫描件逐项核对" in before.text
    scans = of_case(db.session, "authorisation", letter)
    for scan in scans:
        assert before.soup.select_one(f"main a[href='/documents/{scan.identifier}']") is not None
    assert scans
    assert regulator.submit(f"{page}/accept").status == 303
    drain()
    told = [(each.address, each.data["state"]) for each in db.session.scalars(_decided())]
    assert told == [(world.emails["buyer"], state) for state in ("withdrawn", "draft", "standing")]
    signing.agree(world.actor("buyer"), contract)
    assert load(letter).due_at == load(letter).until


def test_what_becomes_of_an_authority_is_told_by_mail_to_whom_it_concerns_alone(
    app: Flask, world: World
) -> None:
    """A notice would be everybody's of the organisation, and lead the others nowhere."""
    for name in ("staff", "colleague"):
        world.member("buyer", name)
    drain()

    def told() -> list[tuple[str, str]]:
        drain()
        found = db.session.scalars(_decided()).all()
        letters = sorted((each.address, each.data["state"]) for each in found)
        with transaction() as session:
            session.execute(delete(Letter))
        return letters

    staff, owner = world.emails["staff"], world.emails["buyer"]
    letter = filed(world, "staff")
    assert told() == [], "whoever did it knows"
    authorising.send_back(world.actor("regulator"), letter, reason="没有法定代表人签字。")
    assert told() == [(owner, "draft"), (staff, "draft")]
    authorising.file(world.actor("staff"), letter, file_name="l.pdf", content=PDF + b"%2")
    authorising.accept(world.actor("regulator"), letter)
    authorising.withdraw(world.actor("buyer"), letter, reason="他换岗了。")
    assert told() == [(owner, "standing"), (staff, "standing"), (staff, "withdrawn")], "each of the two"
    about = select(Notification.id).join(Event).where(Event.case_type == "authorisation")
    assert db.session.scalars(about).all() == []
    letter = authorising.open_letter(world.actor("staff"), **BOTH, until=ends())
    authorising.withdraw(world.actor("buyer"), letter)
    drain()
    (post,) = db.session.scalars(_decided())
    words = written(db.session, post)
    assert words is not None
    assert "staff" in words.text
    assert "他换岗了。" not in words.text, "a draft needs no reason"
    assert "已撤回" in words.text
    assert sign_in(app, world, "staff").get(words.path).status == 200


def _decided() -> Any:
    return select(Letter).where(Letter.kind == "authorisation_decided").order_by(Letter.id)


def test_a_check_not_made_in_time_is_referred(world: World, time: Any) -> None:
    unauthorised(world, "buyer")
    letter = filed(world, "buyer")
    time.instant = workdays.add(clock.now(), 3) + timedelta(minutes=1)
    run_deadlines()
    assert load(letter).state == "filed"
    assert load(letter).referred_to is not None or load(letter).due_at is None


def test_an_owner_hands_on_what_he_has_and_no_more(app: Flask, world: World) -> None:
    world.member("buyer", "staff")
    contract = world.contract_of(world.awarded()).identifier
    with pytest.raises(Unauthorised):  # to be let in is not to be authorised
        signing.agree(world.actor("staff"), contract)
    unauthorised(world, "buyer")
    with pytest.raises(NotAllowed, match="不能交给别人"):
        authorising.hand_on(world.actor("buyer"), world.emails["staff"], **BOTH, until=ends())
    authorising.accept(world.actor("regulator"), filed(world, "buyer", covers=["sign"], until=ends(100)))
    give = {"covers": ["sign"], "until": ends(50)}
    for who, terms, problem in (
        ("buyer", {**give, "covers": ["pay"]}, NotAllowed),
        ("buyer", {**give, "covers": []}, RuleViolation),
        ("buyer", {**give, "covers": ["all"]}, RuleViolation),
        ("buyer", {**give, "until": ends(101)}, RuleViolation),
        ("buyer", {**give, "until": ends(-1)}, RuleViolation),
        ("staff", give, NotAllowed),
    ):
        with pytest.raises(problem):
            authorising.hand_on(world.actor(who), world.emails["staff"], **terms)
    with pytest.raises(NotFound):
        authorising.hand_on(world.actor("buyer"), world.emails["agency"], **give)
    owner = sign_in(app, world, "buyer")
    page = f"/my/members/{world.emails['staff']}/authorise"
    assert page.replace("@", "%40") in owner.get("/my/organisation").text
    given = {"covers": ["sign"], "until": "2026-04-01T12:00"}
    assert owner.submit(page, **given, again="wrong").status == 422
    assert owner.submit(page, **given, again=PASSWORD).status == 303
    signing.agree(world.actor("staff"), contract)
    withdrawn(world, "buyer", by="buyer")
    assert [each.state for each in letters(world, "staff")] == [], "it ends with what it was given by"
    with pytest.raises(Unauthorised):
        signing.agree(world.actor("staff"), world.contract_of(world.awarded(agency="second")).identifier)


def test_a_narrower_authority_ends_no_wider_one(world: World) -> None:
    for name in ("staff", "owner"):
        world.member("buyer", name)
    with transaction() as session:
        session.execute(
            update(Membership).where(Membership.user_id == world.actor("owner").user_id).values(role="owner")
        )
    authorising.accept(world.actor("regulator"), letter := filed(world, "staff"))
    for name, said in (("staff", letter), ("owner", "管理员自己办理")):
        with pytest.raises(RuleViolation, match=said):
            authorising.hand_on(world.actor("buyer"), world.emails[name], covers=["pay"], until=ends(50))
    assert load(letter).powers == set(SCOPES)


def test_a_renewal_keeps_what_was_handed_on(world: World) -> None:
    world.member("buyer", "staff")
    authorising.hand_on(world.actor("buyer"), world.emails["staff"], covers=["sign"], until=ends(50))
    (before,) = letters(world, "buyer")
    authorising.accept(world.actor("regulator"), filed(world, "buyer"))
    assert load(before.identifier).state == "withdrawn"
    assert [each.state for each in letters(world, "staff")] == ["standing"]
    authorising.accept(world.actor("regulator"), filed(world, "buyer", covers=["pay"]))
    assert letters(world, "staff") == [], "no more than its owner has"


def test_a_delegation_that_signs_or_pays_is_given_by_somebody_who_may_and_ends_with_that(
    world: World,
) -> None:
    world.enterprise("helper")
    lend = {"email": world.emails["helper"], "most": 10**12, "until": ends(30)}
    unauthorised(world, "buyer")
    delegating.delegate(world.actor("buyer"), scope=["tender", "quote"], **lend)
    with pytest.raises(NotAllowed, match="不能交给别人"):
        delegating.delegate(world.actor("buyer"), scope=["contract"], **lend)
    authorising.accept(world.actor("regulator"), filed(world, "buyer", until=ends(40)))
    with pytest.raises(RuleViolation, match="不能超过"):
        delegating.delegate(world.actor("buyer"), scope=["contract"], **{**lend, "until": ends(41)})
    delegating.delegate(world.actor("buyer"), scope=["contract"], **lend)
    world.accept("helper")
    contract = world.contract_of(world.awarded())
    permit(db.session, contract, "agree_buyer", world.actor("helper"))
    withdrawn(world, "buyer")
    lent = db.session.scalars(select(Delegation).order_by(Delegation.id)).all()
    assert [each.revoked_at is None for each in lent] == [True, False]


def test_it_ends_by_itself_is_told_before_and_never_counts_after(world: World, time: Any) -> None:
    unauthorised(world, "buyer")
    letter = filed(world, "buyer", until=ends(40))
    authorising.accept(world.actor("regulator"), letter)
    contract = world.contract_of(world.awarded())

    def asked() -> bool:
        own = world.organisation("buyer")
        return any("/my/authorisation" in each.url for each in _to_do(world, own))

    assert not asked()
    time.instant += timedelta(days=35)
    assert asked(), "ten working days before"
    time.instant += timedelta(days=6)
    with pytest.raises(Unauthorised):  # before the clock came round
        permit(db.session, contract, "agree_buyer", world.actor("buyer"))
    run_deadlines()
    assert load(letter).state == "expired"


def _to_do(world: World, own: Organisation) -> list[Any]:
    from flask import current_app

    with current_app.test_request_context():
        return to_do(db.session, world.actor("buyer"), own)


def test_whoever_leaves_has_no_authority_left(world: World) -> None:
    world.member("buyer", "staff")
    authorising.hand_on(world.actor("buyer"), world.emails["staff"], covers=["sign"], until=ends())
    (letter,) = letters(world, "staff")
    members.remove_member(world.actor("buyer"), world.emails["staff"])
    assert load(letter.identifier).state == "withdrawn"


def test_a_claim_that_replaces_the_members_ends_their_authority(world: World) -> None:
    (letter,) = letters(world, "buyer")
    claim = claimed(world, "buyer")
    claiming.file(
        world.actor("claimant"), claim, file_name="l.pdf", content=PDF, statement="我是法定代表人。"
    )
    claiming.answer(world.actor("buyer"), claim, statement="我们不认识这个人。")
    claiming.grant(world.actor("regulator"), claim, reason="材料齐全,印章与备案一致。", replaces=True)
    assert load(letter.identifier).state == "withdrawn"
    with pytest.raises(WrongState):
        authorising.withdraw(world.actor("regulator"), letter.identifier, reason="已经结束了,再撤一次。")


def test_a_letter_is_for_owners_its_person_and_whoever_checks_it(app: Flask, world: World) -> None:
    """Its scan has the number of an identity card on it."""
    world.authority("far", "regulator", region="540000")
    for name in ("staff", "colleague"):
        world.member("buyer", name)
    letter = filed(world, "staff")
    scan = of_case(db.session, "authorisation", letter)[0].identifier
    reads = {"staff": 200, "buyer": 200, "regulator": 200, "colleague": 404, "agency": 404, "far": 404}
    reads |= {"department": 404, "custodian": 404}
    for name, status in reads.items():
        visitor = sign_in(app, world, name)
        found = [
            visitor.get(f"{path}").status for path in (f"/authorisations/{letter}", f"/documents/{scan}")
        ]
        assert found == [status, status], name
        if name == "colleague":
            assert letter not in visitor.get("/my/authorisation").text


def test_the_scan_of_a_letter_that_ended_long_ago_is_thrown_away(world: World, time: Any) -> None:
    unauthorised(world, "buyer")
    letter = filed(world, "buyer")
    authorising.withdraw(world.actor("buyer"), letter)
    scans = select(Document.id).where(Document.case_type == "authorisation")
    assert clear_letters() == 0
    assert db.session.scalars(scans).all() != []
    db.session.rollback()
    time.instant += timedelta(days=1100)
    assert clear_letters() == 1
    assert db.session.scalars(scans).all() == []
    assert load(letter).state == "withdrawn", "what was decided stays"
