"""Complaints: mediated between the parties; one paper that wants both is two cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from harness.factories import World
from market.contracts.actions import disputing
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.oversight.actions import answering, complaints, filing
from models import clock
from models.actors import VISITOR
from models.documents import of_case
from models.errors import NotAllowed, RuleViolation
from models.oversight.answers import answers_of
from models.oversight.complaints import Complaint
from models.oversight.violation_reports import ViolationReport
from tests.oversight.reporting import CONTACT, FACTS, NAME

CLAIM = "成果迟了一个月,请求退还一部分价款"
OFFER = "机构退还业主一千元,双方再无争议"


@pytest.fixture
def contract(world: World) -> str:
    return world.started()


@pytest.fixture
def complaint(world: World, contract: str) -> str:
    return filing.complain(world.actor("buyer"), about=contract, claim=CLAIM)


def of(identifier: str) -> Complaint:
    db.session.rollback()
    return Complaint.load(db.session, identifier)


def mediating(world: World, complaint: str) -> None:
    complaints.accept(world.actor("regulator"), complaint)
    complaints.respond(world.actor("agency"), complaint, answer="迟交是因为材料晚到")


def test_both_sides_agree_and_it_is_settled(world: World, complaint: str) -> None:
    assert not of(complaint).roles_of(world.actor("agency")), "not before it is accepted"
    mediating(world, complaint)
    assert of(complaint).mediate_until == clock.now() + timedelta(days=60) == of(complaint).due_at
    complaints.propose(world.actor("regulator"), complaint, agreement=OFFER)
    complaints.agree(world.actor("buyer"), complaint)
    with pytest.raises(RuleViolation, match="已经同意"):
        complaints.agree(world.actor("buyer"), complaint)
    assert of(complaint).state == "agreeing"
    complaints.decline(world.actor("agency"), complaint, reason="数额还要商量")
    assert (of(complaint).state, of(complaint).claimant_agreed_at) == ("mediating", None)
    complaints.propose(world.actor("regulator"), complaint, agreement=OFFER)
    complaints.agree(world.actor("agency"), complaint)
    complaints.agree(world.actor("buyer"), complaint)
    assert of(complaint).state == "settled"
    drain()
    papers = [each.issued["title"] for each in of_case(db.session, "complaint", complaint) if each.issued]
    assert sorted(papers) == ["投诉受理决定书", "调解书"]
    (answer,) = answers_of(db.session, of(complaint))
    with pytest.raises(NotAllowed):
        answering.rate(world.actor("agency"), answer.identifier, mark=5)
    answering.rate(world.actor("buyer"), answer.identifier, mark=4, words="办得快")


def test_mediation_ends_by_itself_after_its_days(world: World, complaint: str, time: Any) -> None:
    mediating(world, complaint)
    time.instant += timedelta(days=59)
    run_deadlines()
    assert of(complaint).state == "mediating"
    time.instant += timedelta(days=1, seconds=1)
    run_deadlines()
    assert of(complaint).state == "ended"


def test_it_ends_and_is_refused_on_listed_grounds_alone(world: World, contract: str, complaint: str) -> None:
    regulator = world.actor("regulator")
    with pytest.raises(RuleViolation):
        complaints.refuse(regulator, complaint, ground="no_agreement", reply="不属于这里的情形")
    mediating(world, complaint)
    with pytest.raises(RuleViolation):
        complaints.end(regulator, complaint, ground="settled", reply="不属于这里的情形")
    complaints.end(regulator, complaint, ground="no_agreement", reply="双方不能达成一致")
    (answer,) = answers_of(db.session, of(complaint))
    answering.rate(world.actor("buyer"), answer.identifier, mark=1)
    answering.reopen(regulator, answer.identifier, reason="请再组织一次调解")
    assert (of(complaint).state, of(complaint).accepted_at) == ("filed", None)


def test_none_is_accepted_while_its_contract_is_disputed(world: World, contract: str, complaint: str) -> None:
    disputing.file(world.actor("buyer"), contract, claim="机构收到定金后一直没有开展工作")
    with pytest.raises(RuleViolation, match="应当不予受理"):
        complaints.accept(world.actor("regulator"), complaint)
    complaints.refuse(world.actor("regulator"), complaint, ground="in_dispute", reply="争议正在办理")


def test_only_a_party_complains_and_once(world: World, contract: str, complaint: str) -> None:
    for name in ("second", "regulator"):
        with pytest.raises(RuleViolation, match="作为一方"):
            filing.complain(world.actor(name), about=contract, claim=CLAIM)
    with pytest.raises(RuleViolation, match="已经投诉过"):
        filing.complain(world.actor("buyer"), about=contract, claim=CLAIM)
    with pytest.raises(NotAllowed):
        filing.complain(VISITOR, about=contract, claim=CLAIM)


def test_one_paper_with_both_is_split_and_withdrawing_ends_only_one(world: World, contract: str) -> None:
    buyer, agency = world.actor("buyer"), world.actor("agency")
    number = filing.file_paper(
        buyer,
        wants=["settle", "report"],
        about=contract,
        claim=CLAIM,
        subject=world.identifiers["agency"],
        kind="fees_unpublished",
        facts=FACTS,
        named=True,
        name=NAME,
        contact=CONTACT,
        files=[],
    )
    report = ViolationReport.load(db.session, number)
    complaint = of(report.sibling)
    assert complaint.sibling == number
    complaints.accept(world.actor("regulator"), complaint.identifier)
    assert of(complaint.identifier).roles_of(agency) == {"respondent"}
    complaints.take_back(buyer, complaint.identifier)
    assert of(complaint.identifier).state == "withdrawn"
    assert ViolationReport.load(db.session, number).state == "filed"


def test_a_paper_that_is_half_wrong_files_nothing(world: World, contract: str) -> None:
    with pytest.raises(RuleViolation):
        filing.file_paper(
            world.actor("buyer"), wants=["settle", "report"], about=contract, claim=CLAIM, subject="没有这家",
            kind="scope", facts=FACTS, named=False,
        )  # fmt: skip
    assert db.session.query(Complaint).count() == 0
