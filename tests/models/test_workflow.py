"""Every workflow's full table: state × act × role, and the engine's own promises."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import PDF, World
from market.accounts.actions import members
from market.agencies.actions import accounts as account_actions
from market.contracts.actions import changing, disputing
from market.credit.actions import records as credit
from market.extensions import db
from market.files import File
from market.payments.actions import invoicing
from market.payments.actions.bank import STRANGE
from market.ratings.actions import appealing
from market.sourcing.actions import awards, bids, questions, quotes, scoring
from market.transaction import transaction
from models import CASES, clock, events, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR, Actor
from models.agencies.checks import open_check
from models.credit.records import propose
from models.diagrams import describe
from models.errors import NotAllowed, RuleViolation, WrongState
from models.payments import postings
from models.payments.payment import KINDS, Payment
from models.payments.postings import POSTINGS
from models.ratings.rating import Rating
from models.sourcing.tenders import Tender
from models.workflow import override, perform
from models.workflow_table import Limit, Move, State, Workflow
from tests.credit.external_lists import bring, row
from tests.oversight.whole import REFUSED_REPORTS, REPORTED, report_and_complain

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
    invoicing.record(
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
    bids.submit(world.actor("agency"), sealed, price=100, days=20)
    questions.ask(world.actor("agency"), sealed, question="是否包含现场踏勘?")
    merit = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), merit, email="second@example.cn")
    inquiry = world.tender(funds="state")
    for name in ("agency", "second", "third"):
        quotes.submit(world.actor(name), inquiry, price=100, days=20)
    time.closing(inquiry)
    award = awards.award(
        world.actor("buyer"), inquiry, agency=world.identifiers["second"], reasons="价格合理,工期满足"
    )
    awards.object_to(world.actor("agency"), award, grounds="中选机构的业绩与事实不符")
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(session, SYSTEM, agency, "scope", [])
        record = propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check.identifier)
    credit.notify(world.actor("regulator"), record.identifier)
    bring(world, row(world.organisation("agency").uscc, "严重违法失信名单"), second=False)
    running = world.started()
    changing.propose(
        world.actor("agency"), running, kind="extension", terms={"days": 5}, reason="踏勘遇到大雪"
    )
    disputing.file(world.actor("buyer"), world.started(), claim="机构收到定金后一直没有开展工作")
    members.sign_up(
        VISITOR, **{**world._person("claimant", kind="agency"), "uscc": world.organisation("agency").uscc}
    )
    account_actions.change_account(
        world.actor("agency"),
        bank_name="演示银行",
        account_name="agency单位",
        account_number="6228000099990000",
    )
    bad = world.one(Rating, world.settled(stars=1), by="buyer").identifier
    appealing.file(
        world.actor("agency"),
        bad,
        ground="unrelated",
        claim="评语说的是另一个项目的事",
        files=[File("e.pdf", PDF)],
    )
    report_and_complain(world)
    cases = {}
    for name, case_class in CASES.items():
        query = select(case_class).order_by(case_class.id)
        if name == "organisation":
            query = query.where(case_class.identifier == world.identifiers["agency"])
        cases[name] = db.session.scalars(query).unique().first().identifier
    return cases


# Who has which part in the cases `whole_market` makes, as it makes them: by hand, and not by asking the code.
PARTS: dict[str, dict[str, set[str]]] = {
    "organisation": {"agency": {"agency"}},
    "claim": {"agency": {"holder"}},
    "authorisation": {"buyer": {"principal", "signatory"}},
    "account_change": {"agency": {"agency"}},
    "check": {"agency": {"agency"}},
    "tender": {"buyer": {"buyer"}},
    "quote": {"buyer": {"buyer"}, "agency": {"agency"}},
    "bid": {"agency": {"agency"}},
    "clarification": {"buyer": {"buyer"}},
    "evaluation": {"buyer": {"buyer"}, "second": {"evaluator"}},
    "award": {"buyer": {"buyer"}, "agency": {"agency"}},
    "objection": {"buyer": {"buyer"}, "agency": {"objector"}},
    "contract": {"buyer": {"buyer"}, "agency": {"agency"}},
    "materials": {"buyer": {"buyer"}, "agency": {"agency"}},
    "deliverable": {"buyer": {"buyer"}, "agency": {"agency"}, "department": {"department"}},
    "change": {"buyer": {"buyer", "other"}, "agency": {"agency", "proposer"}},
    "dispute": {"buyer": {"buyer", "claimant"}, "agency": {"agency", "respondent"}},
    "payment": {"buyer": {"buyer"}, "agency": {"agency"}, "custodian": {"custodian"}},
    "payout": {"buyer": {"buyer"}, "agency": {"agency", "payee"}, "custodian": {"custodian"}},
    "invoice": {"buyer": {"buyer"}, "agency": {"agency"}},
    "rating": {"buyer": {"rater"}, "agency": {"ratee"}},
    "credit_record": {"agency": {"subject"}},
    "external_listing": {"agency": {"subject"}},
    "follow_up": {"buyer": {"rater"}, "agency": {"ratee"}},
    "rating_appeal": {"buyer": {"rater"}, "agency": {"ratee"}},
    **REPORTED,
}
EVERYWHERE = {"regulator": {"regulator"}, "admin": {"admin"}, "system": {"system"}}
SEALED = {"system": {"system"}}  # nobody who oversees has a part in a bid

# What the rules refuse in these cases, by state and act, in their own words. Whoever has a part in an act
# that is not named here is let do it. `*` is every other state.
EARLY = "期限未到,还没有报请上级处理。"
OVER = "合同现在是“已完成”,暂不能办理。"
SIGNED = "合同已由双方签署,不能再取消采购。"
UNREAD = "报价没有公开过,可以直接取消。"
PAST = "截止时间已经过去。"
KEPT = "只有业主已签而中选机构逾期未签,或者中选机构现在不能承接本事项并且规则允许改选时,才能改选。"
UNSEALED = "报价已经公开,请在原报价上议价。"
FIT = "只有中选机构现在不能承接本事项,并且规则允许改选时,才能取消它的中选资格。"
UNPASSED = "最短公示期还没有届满,2026-06-09 起才能申请修复。"
UNFUNDED = "这份合同的来款还没有在银行对账单上核对到账,暂不能拨付。"
REFUSED: dict[str, dict[tuple[str, str], str]] = {
    "follow_up": {("*", "find"): EARLY, ("*", "urge"): EARLY},
    **REFUSED_REPORTS,
    "claim": {("filed", "grant"): "请先等现登记的成员说明,或期限届满。"},
    "authorisation": {("draft", "file"): "请上传证明的扫描件。"},
    "tender": {
        ("draft", "publish"): PAST,
        ("published", "amend"): PAST,
        ("published", "appoint"): "只有择优选取需要评审人。",
        ("*", "ask_cancel"): UNREAD,
        ("*", "consent"): SIGNED,
        ("*", "call_off"): EARLY,
        ("*", "urge"): EARLY,
    },
    "quote": {("*", "replace"): UNSEALED},
    "bid": {("opened", "undercut"): "现在没有进行中的网上竞价。"},
    "award": {("proposed", "forfeit"): FIT},
    "contract": {("*", "replace"): KEPT, ("*", "call_off"): EARLY, ("*", "urge"): EARLY},
    "external_listing": {
        ("*", "confirm_correction"): "没有待核对的更正。",
        ("*", "confirm_removal"): "没有待核对的移出。",
        ("*", "decline_change"): "没有待核对的更正或者移出。",
    },
    "materials": {("overdue", "urge"): EARLY},
    "deliverable": {
        ("*", "submit"): OVER,
        ("due", "lapse"): OVER,
        ("submitted", "accept"): OVER,
        ("submitted", "return"): OVER,
        ("accepted", "waive"): EARLY,
        ("*", "urge"): EARLY,
    },
    "credit_record": {
        ("proposed", "commend"): "认定之前必须先告知当事人,听取陈述申辩。",
        ("in_force", "ask_repair"): UNPASSED,
    },
    "payout": {
        ("due", "begin"): UNFUNDED,
        ("due", "send"): UNFUNDED,
        ("held", "free"): UNFUNDED,
        ("due", "urge"): EARLY,
    },
}


def test_the_full_matrix(world: World, time: Any) -> None:
    """Every state, act and person of every case type.

    What is not in the table, who has no part in it, and what a rule forbids is refused for that and changes
    nothing, and all else leads where the table says.
    """
    identifiers = whole_market(world, time)
    actors = {name: world.actor(name) for name in PEOPLE}
    seen: dict[str, int] = {"wrong state": 0, "not allowed": 0, "refused": 0, "carried out": 0}
    used: set[tuple[str, tuple[str, str]]] = set()
    for name, case_class in CASES.items():
        parts = PARTS[name] | (SEALED if name == "bid" else EVERYWHERE)
        refused = REFUSED.get(name, {})
        rows = {(move.source, move.act): move for move in case_class.workflow.moves}
        db.session.rollback()
        case = case_class.load(db.session, identifiers[name])
        standing, due = case.state, case.due_at
        for state, act, person in product(case_class.workflow.states, case_class.workflow.acts, PEOPLE):
            outcome, reached = _try(case, state, act, actors[person])
            row = rows.get((state, act))
            key = next((key for key in ((state, act), ("*", act)) if key in refused), None)
            told = (name, state, act, person, outcome)
            if row is None:
                seen["wrong state"] += 1
                assert outcome is WrongState, told
            elif not parts.get(person, set()) & set(row.who):
                seen["not allowed"] += 1
                assert outcome is NotAllowed, told
            elif key is not None:
                seen["refused"] += 1
                used.add((name, key))
                assert outcome == refused[key], told
            else:
                seen["carried out"] += 1
                assert outcome is None, told
            allowed = row is not None and outcome is None
            assert reached == (row.target if allowed else state), told  # type: ignore[union-attr]
            case.state, case.due_at = standing, due
    events.forget(db.session)
    db.session.rollback()
    assert used == {(name, key) for name, keys in REFUSED.items() for key in keys}, "each of them was met"
    assert sum(seen.values()) == sum(
        len(c.workflow.states) * len(c.workflow.acts) * len(PEOPLE) for c in CASES.values()
    )


def _try(case: Any, state: str, act: str, actor: Actor) -> tuple[Any, str]:
    """Why the act is refused (None where it is not): the kind of refusal, or the words of the rule.

    And the state in which the case is then.
    """
    case.state = state
    with db.session.no_autoflush:
        try:
            with db.session.begin_nested() as attempt:
                perform(db.session, case, act, actor, reason="理由足够长")
                reached = case.state
                attempt.rollback()
        except (WrongState, NotAllowed) as refused:
            return type(refused), case.state
        except RuleViolation as broken:
            return str(broken), case.state
    return None, reached


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
        assert seen == ({tender.identifier} if name not in ("far", "agency") else set()), name


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
    from market.oversight.actions import overriding

    overriding.override(
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
    contract = world.contract_of(world.awarded())
    assert contract.due_at == workdays.add(clock.now(), 5)
    written = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    for case in CASES.values():
        assert describe(case.workflow) in written, "run `make docs`"


ROOT = Path(__file__).parents[2]


def test_every_posting_is_in_the_docs() -> None:
    assert postings.describe() in (ROOT / "docs" / "money.md").read_text(encoding="utf-8"), (
        "print models/payments/postings.py: describe() there"
    )


def test_every_posting_is_made_by_something_that_posts() -> None:
    """Each name is written in a function that calls `postings.post`, or in one beside it that does.

    There the word means nothing else.
    """
    written = {f"{kind}_received" for kind in KINDS} | set(STRANGE.values())
    for path in (ROOT / "market").rglob("*.py"):
        written |= _written_where_it_posts(ast.parse(path.read_text(encoding="utf-8")))
    assert set(POSTINGS) - written == set()


def _written_where_it_posts(module: ast.Module) -> set[str]:
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
    posting, before = {"postings.post"}, 0
    while len(posting) > before:
        before = len(posting)
        posting |= {function.name for function in functions if _called_in(function) & posting}
    return {
        each.value
        for function in functions
        if function.name in posting
        for each in ast.walk(function)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def _called_in(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(each.func) for each in ast.walk(function) if isinstance(each, ast.Call)}


def test_what_whoever_acted_may_take_back_says_so() -> None:
    """An act's page calls nothing final that its doer is offered to withdraw, retract or revise."""
    back = {"withdraw", "retract", "revise", "replace"}
    missing = [
        (name, move.source, move.act)
        for name, case_class in CASES.items()
        for move in case_class.workflow.moves
        for after in case_class.workflow.moves
        if after.source == move.target != move.source
        and after.act in back
        and move.act not in back
        and (after.who & move.who) - {"system"}
        and not case_class.workflow.undoing(move)
    ]
    assert missing == []
