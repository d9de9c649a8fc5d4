"""Every workflow's full table: state × act × role, and the engine's own promises."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from market.accounts.actions import members as accounts
from market.agencies import actions as agencies
from market.contracts import actions as contracts
from market.extensions import db
from market.payments import actions as payments
from market.sourcing import actions as sourcing
from market.transaction import transaction
from models import CASES, clock, events, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR, Actor
from models.agencies.checks import open_check
from models.credit import propose
from models.diagrams import describe
from models.errors import NotAllowed, RuleViolation, WrongState
from models.payments import Payment
from models.sourcing import Tender
from models.workflow import Limit, Move, State, Workflow, override, perform
from tests.factories import PDF, World

CRITERIA = {
    "price": {"weight": 70, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [],
}
PEOPLE = (
    "buyer",
    "agency",
    "second",
    "regulator",
    "department",
    "admin",
    "system",
    "visitor",
    "far",
    "custodian",
)


def whole_market(world: World, time: Any) -> dict[str, Any]:
    """One case of every type, each with the world's buyer and agency as its parties."""
    world.authority("far", "regulator", region="540000") if "far" not in world.emails else None
    contract = world.settled()
    payment = world.one(Payment, contract, kind="deposit").identifier
    payments.record_invoice(
        world.actor("agency"),
        payment,
        number="2" * 20,
        amount=100,
        tax=1,
        issued_on=world.day(0),
        file_name="i.pdf",
        content=PDF,
    )
    sealed = world.tender(mode="sealed_bid", funds="state")
    sourcing.submit_bid(world.actor("agency"), sealed, price=100, days=20)
    sourcing.ask(world.actor("agency"), sealed, question="是否包含现场踏勘?")
    merit = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    sourcing.appoint(world.actor("buyer"), merit, email="second@example.cn")
    inquiry = world.tender(funds="state")
    for name in ("agency", "second", "third"):
        sourcing.submit_quote(world.actor(name), inquiry, price=100, days=20)
    time.closing(inquiry)
    award = sourcing.award(
        world.actor("buyer"), inquiry, agency=world.identifiers["second"], reasons="价格合理,工期满足"
    )
    sourcing.object_to(world.actor("agency"), award, grounds="中选机构的业绩与事实不符")
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(session, SYSTEM, agency, "scope", [])
        propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check.identifier)
    running = world.started()
    contracts.propose_change(
        world.actor("agency"), running, kind="extension", terms={"days": 5}, reason="踏勘遇到大雪"
    )
    contracts.file_dispute(world.actor("buyer"), world.started(), claim="机构收到定金后一直没有开展工作")
    accounts.sign_up(
        VISITOR, **{**world._person("claimant", kind="agency"), "uscc": world.organisation("agency").uscc}
    )
    agencies.change_account(
        world.actor("agency"),
        bank_name="演示银行",
        account_name="agency单位",
        account_number="6228000099990000",
    )
    db.session.rollback()
    cases = {}
    for name, case_class in CASES.items():
        query = select(case_class).order_by(case_class.id)
        if name == "organisation":
            query = query.where(case_class.identifier == world.identifiers["agency"])
        cases[name] = db.session.scalars(query).unique().first().identifier
    return cases


def test_the_full_matrix(world: World, time: Any) -> None:
    identifiers = whole_market(world, time)
    actors = {name: world.actor(name) for name in PEOPLE}
    tried = 0
    for name, case_class in CASES.items():
        workflow = case_class.workflow
        db.session.rollback()
        case = case_class.load(db.session, identifiers[name])
        standing, due = case.state, case.due_at
        for state in workflow.states:
            for act in workflow.acts:
                for actor in actors.values():
                    outcome = _try(case, state, act, actor)
                    move = next((m for m in workflow.moves if (m.source, m.act) == (state, act)), None)
                    if move is None:
                        expected = {WrongState}
                    elif not case.roles_of(actor) & set(move.who):
                        expected = {NotAllowed}
                    else:
                        expected = {move.target, RuleViolation} if move.rules or move.above else {move.target}
                    assert outcome in expected, (name, state, act, actor.name, outcome)
                    if isinstance(outcome, type):
                        assert case.state == state
                    tried += 1
                    case.state, case.due_at = standing, due
    events.forget(db.session)
    db.session.rollback()
    assert tried == sum(len(c.workflow.states) * len(c.workflow.acts) for c in CASES.values()) * len(PEOPLE)


def _try(case: Any, state: str, act: str, actor: Actor) -> Any:
    """The state the act leads to, or the kind of refusal."""
    case.state = state
    with db.session.no_autoflush:
        try:
            with db.session.begin_nested() as attempt:
                perform(db.session, case, act, actor, reason="理由足够长")
                reached = case.state
                attempt.rollback()
            return reached
        except (WrongState, NotAllowed, RuleViolation) as refused:
            return type(refused)


def test_roles_follow_the_case_and_the_area(world: World) -> None:
    world.authority("far", "regulator", region="540000") if "far" not in world.emails else None
    world.authority("county", "regulator", region="632801")
    tender = Tender.load(db.session, world.tender())
    assert tender.roles_of(world.actor("buyer")) == {"buyer"}
    assert (
        tender.roles_of(world.actor("regulator")) == {"regulator"} == tender.roles_of(world.actor("county"))
    )
    assert not tender.roles_of(world.actor("far")) | tender.roles_of(world.actor("agency"))
    for name in ("buyer", "regulator", "county", "far", "agency", "admin"):
        actor = world.actor(name)
        seen = set(db.session.scalars(select(Tender.identifier).where(Tender.visible_to(actor))))
        assert seen == (
            {tender.identifier} if Tender.load(db.session, tender.identifier).roles_of(actor) else set()
        ), name


def test_an_override_is_an_act_with_a_reason(world: World) -> None:
    tender = Tender.load(db.session, world.tender())
    session = db.session
    with pytest.raises(NotAllowed):
        override(session, tender, "failed", world.actor("regulator"), "流程走不通,改为失败")
    tender = Tender.load(db.session, tender.identifier)
    with pytest.raises(RuleViolation):
        override(session, tender, "failed", world.actor("admin"), "")
    with pytest.raises(RuleViolation):
        override(session, tender, "nowhere", world.actor("admin"), "流程走不通,改为失败")
    from market.oversight import actions

    actions.override(
        world.actor("admin"),
        case_type="tender",
        identifier=tender.identifier,
        target="failed",
        reason="流程走不通,改为失败",
    )
    assert Tender.load(db.session, tender.identifier).state == "failed"
    event = db.session.scalars(events.timeline([("tender", tender.identifier, ["parties"])])).first()
    assert (event.kind, event.data["from"], event.data["to"]) == ("tender.override", "published", "failed")


A, B = State("a", "A"), State("b", "B", terminal=True)


@pytest.mark.parametrize(
    "moves",
    [
        (Move("a", "go", "b", {"buyer"}), Move("a", "go", "a", {"agency"})),
        (Move("a", "go", "nowhere", {"buyer"}),),
        (Move("a", "fly", "b", {"buyer"}),),
        (Move("b", "go", "a", {"buyer"}),),
        (Move("a", "go", "b", {"buyer"}, limit=Limit(policy="x", act="go")),),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(moves: tuple[Move, ...]) -> None:
    with pytest.raises(ValueError, match="odd"):
        Workflow("odd", "odd", (A, B), moves, {"go": "go"})


def test_limits_are_working_days_and_the_diagram_is_in_the_docs(world: World) -> None:
    from pathlib import Path

    contract = world.contract_of(world.awarded())
    assert contract.due_at == workdays.add(clock.now(), 5)
    written = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text(encoding="utf-8")
    for case in CASES.values():
        assert describe(case.workflow) in written, "run `make docs`"


def test_every_posting_is_in_the_docs_and_is_made_somewhere() -> None:
    from pathlib import Path

    from models.payments import POSTINGS
    from models.payments.postings import describe as described

    root = Path(__file__).parents[2]
    assert described() in (root / "docs" / "money.md").read_text(encoding="utf-8"), (
        "print models/payments/postings.py: describe() there"
    )
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "market").rglob("*.py"))
    assert [name for name in POSTINGS if f'"{name}"' not in code and not name.endswith("_received")] == []
