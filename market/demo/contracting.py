"""How the contracts of the demonstration are kept: as each agency's character has it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from market.contracts.actions import changing, delivering, disputing, drafting, signing
from market.demo import talking
from market.demo.rating import SINCE, bad_story, rate_story
from market.demo.stage import Stage, Story
from market.demonstration import words
from market.demonstration.people import REGULATOR, Figure, voucher
from market.extensions import db
from market.files import File
from market.payments.actions import invoicing, paying
from models import clock, workdays
from models.actors import Actor
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract, Milestone
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.payments.payment import Payment

SETTLING = 12  # working days: from the last deliverable to a rating, in whose window it has to be given
# What agencies add to a contract, fair and unfair.
TERMS = (
    "现场工作的日期由双方提前三日约定。",
    "超出约定范围的工作另行收费。",
    "本合同的最终解释权归乙方所有。",
    "定金在任何情况下概不退还。",
    "甲方三日内未回复意见的,视为同意。",
    "由乙方所在地人民法院管辖。",
)
# How the regulator decides a dispute, by whose fault it was.
DECIDED = {
    "none": "双方已就后续安排达成一致,合同继续履行。",
    "agency": "机构没有按约定配备人员和安排进度,责任在机构,限期改正,合同继续履行。",
}


def _one(case_class: Any, contract: str, **where: Any) -> str:
    """The identifier of the one case of a contract of which this holds; empty if of none."""
    db.session.rollback()
    query = (
        select(case_class.identifier)
        .join(Contract, Contract.id == case_class.contract_id)
        .where(Contract.identifier == contract)
    )
    return (
        db.session.scalars(
            query.where(*(getattr(case_class, name) == value for name, value in where.items()))
        ).one_or_none()
        or ""
    )


def contract_story(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
    """Signing, deposit, delivery, review, settlement, ratings, as the agency's character has it."""
    random, owner, worker = stage.random, stage.actors[buyer.email], stage.actors[agency.email]
    if random.random() < 0.15:
        drafting.revise(worker, contract, texts={"supplement": random.choice(TERMS)})
    slow = yield from begun(stage, contract, owner, worker)
    to_blame = stage.falls(agency, "dispute", agency.character.to_blame)
    if to_blame or random.random() < 0.04:
        yield from _dispute(stage, contract, owner, worker, "agency" if to_blame else "none")
    for number in _milestones(contract):
        yield from _deliver(stage, contract, number, owner, agency)
        yield stage.later(random.randrange(1, 5))
        for payment in _due(contract):
            yield from _pay(stage, payment, owner, worker)
    yield stage.later(random.randrange(1, 8))
    yield from rate_story(stage, contract, owner, worker, agency.character, slow)


def disappointing(
    stage: Stage, contract: str, buyer: Figure, agency: Figure, until: datetime, end: str
) -> Story:
    """A contract that is kept in time, and whose buyer is dissatisfied all the same."""
    owner, worker = stage.actors[buyer.email], stage.actors[agency.email]
    line = _item(contract).department
    yield from begun(stage, contract, owner, worker)
    numbers = _milestones(contract)
    for number in numbers:
        settling = workdays.back(until, SINCE[end] + SETTLING) if number == numbers[-1] else clock.now()
        yield max(stage.later(1), settling)
        deliverable = hand_in(contract, number, worker)
        yield stage.later(1)
        accept(contract, deliverable, owner)
        if _one(Deliverable, contract, state="accepted"):
            yield stage.later(2)
            delivering.pass_review(stage.actors[stage.departments[line]], deliverable)
        for payment in _due(contract):
            yield from _pay(stage, payment, owner, worker)
    yield stage.later(1)
    yield from bad_story(stage, contract, owner, worker, until, end)


def begun(stage: Stage, contract: str, owner: Actor, worker: Actor) -> Generator[datetime, None, bool]:
    """A contract is signed, its deposit paid, and the agency has what it needs; whether that came late."""
    random = stage.random
    for party in (owner, worker):
        talking.name_contact(party, contract)
    yield from sign(stage, contract, owner, 0)
    yield from sign(stage, contract, worker, random.randrange(1, 3))
    awaited = talking.ask(stage, contract, _item(contract).code, worker)
    yield stage.later(random.randrange(1, 4))
    talking.answer(contract, owner, awaited)
    yield from _pay(stage, _due(contract)[0], owner, worker)
    materials = _one(Materials, contract)
    slow = random.random() >= 0.9
    yield stage.later(random.randrange(6, 10) if slow else random.randrange(1, 5))
    points = db.session.scalars(select(Materials.points).where(Materials.identifier == materials)).one()
    delivering.supply(owner, materials, ticked=list(points))
    yield stage.later(1)
    if _one(Materials, contract, state="supplied"):
        delivering.confirm_materials(worker, materials)
    return slow


def _item(contract: str) -> ServiceItem:
    db.session.rollback()
    return Contract.load(db.session, contract).tender.item


def sign(stage: Stage, contract: str, party: Actor, days: int) -> Story:
    """A party signs in so many working days."""
    yield stage.later(days)
    signing.agree(party, contract)


def _milestones(contract: str) -> list[int]:
    query = select(Milestone.number).join(Milestone.contract).where(Contract.identifier == contract)
    return list(db.session.scalars(query.order_by(Milestone.number)))


def _dispute(stage: Stage, contract: str, owner: Actor, worker: Actor, fault: str) -> Story:
    """The buyer claims, the agency answers, the regulator says whose fault it was; the contract goes on."""
    family = words.family(_item(contract).code)
    claim, answer = stage.say(f"dispute {family.name}", family.disputes)
    dispute = disputing.file(owner, contract, claim=claim)
    yield stage.later(stage.random.randrange(1, 4))
    disputing.answer(worker, dispute, answer=answer)
    yield stage.later(stage.random.randrange(3, 12))
    disputing.decide(
        stage.actors[REGULATOR],
        dispute,
        outcome="continue",
        fault=fault,
        to_agency=None,
        reason=DECIDED[fault],
    )


def _due(contract: str) -> list[str]:
    db.session.rollback()
    query = (
        select(Payment.identifier)
        .join(Contract)
        .where(Contract.identifier == contract, Payment.state == "due")
    )
    return list(db.session.scalars(query))


def _deliver(stage: Stage, contract: str, number: int, owner: Actor, agency: Figure) -> Story:
    """One milestone's deliverable, to its acceptance or its review."""
    random, worker, its = stage.random, stage.actors[agency.email], agency.character
    deliverable = _numbered(contract, number)
    found = Deliverable.load(db.session, deliverable)
    item, reviewed = found.contract.tender.item, found.milestone.reviewed
    kind, points, line, family = item.kind, item.checklist, item.department, words.family(item.code)
    late = stage.falls(agency, "late", 1 - its.in_time)
    if late and random.random() < 0.3 * its.in_time:
        yield stage.later(max(1, _left(deliverable) - 3))
        reason = stage.say(f"delay {family.name}", family.delays)
        change = changing.propose(worker, contract, kind="extension", terms={"days": 8}, reason=reason)
        yield stage.later(1)
        changing.agree(owner, change)
        late = False
    left = _left(deliverable)
    yield stage.later(
        left + random.randint(*its.late_days) if late else max(0, left - 1 - random.randrange(8))
    )

    hand_in(contract, number, worker)
    yield stage.later(random.randrange(1, 6))
    if random.random() > its.first_pass + 0.1:
        point = random.randrange(len(points))
        wrong, wanted = stage.say(f"correction {kind} {point}", words.correction(kind, point))
        delivering.send_for_correction(
            owner, deliverable, answers={points[point]: wrong}, reason=f"{wrong},{wanted}。"
        )
        yield stage.later(random.randrange(2, 8))
        hand_in(contract, number, worker)
        yield stage.later(random.randrange(1, 4))
    delivering.accept(owner, deliverable, ticked=points)
    if not reviewed:
        return
    sent_back = stage.falls(agency, "sent back", 1 - its.first_pass)
    yield stage.later(random.randrange(4, 14))
    department = stage.actors[stage.departments[line]]
    if sent_back:
        codes = sorted(random.sample(list(family.findings), 2))  # as they are kept
        reason = "".join(family.findings[code] for code in codes)
        delivering.send_back(department, deliverable, codes=codes, fault="agency", reason=reason)
        yield stage.later(random.randrange(3, 9))
        hand_in(contract, number, worker)
        yield stage.later(2)
        delivering.accept(owner, deliverable, ticked=points)
        yield stage.later(random.randrange(4, 10))
    delivering.pass_review(department, deliverable)


def hand_in(contract: str, number: int, worker: Actor) -> str:
    """The agency hands in the next version of a milestone's deliverable."""
    deliverable = _numbered(contract, number)
    found = Deliverable.load(db.session, deliverable)
    name, version = found.milestone.name, len(found.versions) + 1
    points = found.contract.tender.item.checklist
    content = voucher(f"{contract} {number} v{version}")
    delivering.submit(worker, deliverable, files=[File(f"{name}-第{version}稿.pdf", content)], ticked=points)
    return deliverable


def accept(contract: str, deliverable: str, owner: Actor) -> None:
    delivering.accept(owner, deliverable, ticked=_item(contract).checklist)


def _left(deliverable: str) -> int:
    """The working days until a deliverable is due."""
    db.session.rollback()
    found = Deliverable.load(db.session, deliverable)
    return workdays.between(clock.now(), found.deliver_by) if found.deliver_by > clock.now() else 0


def _numbered(contract: str, number: int) -> str:
    db.session.rollback()
    query = (
        select(Deliverable.identifier)
        .join(Milestone, Milestone.id == Deliverable.milestone_id)
        .join(Contract, Contract.id == Deliverable.contract_id)
    )
    return db.session.scalars(query.where(Contract.identifier == contract, Milestone.number == number)).one()


def _pay(stage: Stage, payment: str, owner: Actor, worker: Actor) -> Story:
    random = stage.random
    reference = f"{clock.today():%Y%m%d}{random.randrange(10**8):08d}"
    paying.pay(
        owner,
        payment,
        bank_reference=reference,
        file_name="电子回单.pdf",
        content=voucher(f"{payment} {reference}"),
    )
    yield stage.later(random.randrange(1, 3))
    paying.confirm(worker, payment)
    yield stage.later(1)
    if random.random() < 0.8:
        yield from _invoice(stage, payment, owner, worker)


def _invoice(stage: Stage, payment: str, owner: Actor, worker: Actor) -> Story:
    """The agency's invoice for a payment, with six percent of tax in it."""
    db.session.rollback()
    amount = db.session.scalars(select(Payment.amount).where(Payment.identifier == payment)).one()
    number = f"2663{stage.random.randrange(10**16):016d}"
    invoice = invoicing.record(
        worker,
        payment,
        number=number,
        amount=amount,
        tax=amount * 6 // 106,
        issued_on=clock.today(),
        file_name="发票.pdf",
        content=voucher(f"发票 {number}"),
    )
    yield stage.later(stage.random.randrange(1, 4) if stage.random.random() < 0.9 else 7)
    invoicing.receive(owner, invoice)
