"""How the contracts of the demonstration are kept: as well as the agency's skill lets it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import select

from market.contracts.actions import changing, delivering, disputing, drafting, signing
from market.demo import talking
from market.demo.stage import Stage, Story
from market.demonstration import words
from market.demonstration.people import REGULATOR, Figure, voucher
from market.extensions import db
from market.files import File
from market.payments.actions import invoicing, paying
from market.ratings import actions as ratings
from models import clock, workdays
from models.actors import Actor
from models.contracts.agreement import Contract, Milestone
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.payments.payment import Payment
from models.ratings import DIMENSIONS, Rating

# What agencies add to a contract, fair and unfair.
TERMS = (
    "踏勘由双方共同进行,日期提前三日约定。",
    "超出约定范围的工作另行收费。",
    "本合同的最终解释权归乙方所有。",
    "定金在任何情况下概不退还。",
    "甲方三日内未回复意见的,视为同意。",
    "由乙方所在地人民法院管辖。",
)


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
    """Signing, deposit, delivery, review, settlement, ratings: as well as the agency's skill lets it."""
    random, owner, worker = stage.random, stage.actors[buyer.email], stage.actors[agency.email]
    if random.random() < 0.15:
        drafting.revise(worker, contract, texts={"supplement": random.choice(TERMS)})
    for party in (owner, worker):
        talking.name_contact(party, contract)
    yield from _sign(stage, contract, owner, 0)
    yield from _sign(stage, contract, worker, random.randrange(1, 3))
    awaited = talking.ask(contract, worker)
    yield stage.later(random.randrange(1, 4))
    talking.answer(contract, owner, awaited)
    yield from _pay(stage, _due(contract)[0], owner, worker)
    materials = _one(Materials, contract)
    yield stage.later(random.randrange(1, 5) if random.random() < 0.9 else random.randrange(6, 10))
    delivering.supply(
        owner,
        materials,
        ticked=list(
            db.session.scalars(select(Materials.points).where(Materials.identifier == materials)).one()
        ),
    )
    yield stage.later(1)
    if _one(Materials, contract, state="supplied"):
        delivering.confirm_materials(worker, materials)
    if random.random() < 0.04:
        yield from _dispute(stage, contract, owner, worker)
    late = sent_back = False
    for number in _milestones(contract):
        was_late, came_back = yield from _deliver(stage, contract, number, owner, worker, agency.skill)
        late, sent_back = late or was_late, sent_back or came_back
        yield stage.later(random.randrange(1, 5))
        for payment in _due(contract):
            yield from _pay(stage, payment, owner, worker)
    yield stage.later(random.randrange(1, 8))
    yield from _rate(stage, contract, owner, worker, agency.skill, late, sent_back)


def _sign(stage: Stage, contract: str, party: Actor, days: int) -> Story:
    """A party signs in so many working days."""
    yield stage.later(days)
    signing.agree(party, contract)


def _milestones(contract: str) -> list[int]:
    query = select(Milestone.number).join(Milestone.contract).where(Contract.identifier == contract)
    return list(db.session.scalars(query.order_by(Milestone.number)))


def _dispute(stage: Stage, contract: str, owner: Actor, worker: Actor) -> Story:
    """The buyer claims, the agency answers, the regulator lets the contract go on."""
    dispute = disputing.file(
        owner, contract, claim="踏勘一再改期,没有说明原因,要求按约定进场并说明进度安排。"
    )
    yield stage.later(stage.random.randrange(1, 4))
    disputing.answer(worker, dispute, answer="场地封闭施工,业主未协调进场,已两次书面告知。")
    yield stage.later(stage.random.randrange(3, 12))
    disputing.decide(
        stage.actors[REGULATOR],
        dispute,
        outcome="continue",
        fault="none",
        to_agency=None,
        reason="双方就进场时间达成一致,合同继续履行。",
    )


def _due(contract: str) -> list[str]:
    db.session.rollback()
    query = (
        select(Payment.identifier)
        .join(Contract)
        .where(Contract.identifier == contract, Payment.state == "due")
    )
    return list(db.session.scalars(query))


def _deliver(
    stage: Stage, contract: str, number: int, owner: Actor, worker: Actor, skill: float
) -> Generator[datetime, None, tuple[bool, bool]]:
    """One milestone's deliverable, to its acceptance or its review.

    Whether it was late, and whether it was sent back.
    """
    random = stage.random
    deliverable = _numbered(contract, number)
    found = Deliverable.load(db.session, deliverable)
    item, reviewed = found.contract.tender.item, found.milestone.reviewed
    points, line = item.checklist, item.department
    late = random.random() > skill
    if late and random.random() < 0.3:
        yield stage.later(max(1, _left(deliverable) - 3))
        change = changing.propose(
            worker, contract, kind="extension", terms={"days": 8}, reason=stage.say("delay", words.DELAYS)
        )
        yield stage.later(1)
        changing.agree(owner, change)
        late = False
    left = _left(deliverable)
    yield stage.later(left + random.randrange(1, 7) if late else max(0, left - 1 - random.randrange(8)))

    def submit(version: int) -> None:
        content = voucher(f"{contract} {number} v{version}")
        delivering.submit(
            worker, deliverable, files=[File(f"成果-{number}-{version}.pdf", content)], ticked=points
        )

    submit(1)
    yield stage.later(random.randrange(1, 6))
    if random.random() > skill + 0.15:
        delivering.send_for_correction(
            owner,
            deliverable,
            answers={random.choice(points): random.choice(words.POINTS)},
            reason=stage.say("correction", words.CORRECTIONS),
        )
        yield stage.later(random.randrange(2, 8))
        submit(2)
        yield stage.later(random.randrange(1, 4))
    delivering.accept(owner, deliverable, ticked=points)
    if not reviewed:
        return late, False
    sent_back = random.random() > skill * 0.5 + 0.52
    yield stage.later(random.randrange(4, 14))
    department = stage.actors[stage.departments[line]]
    if sent_back:
        codes = random.sample(list(words.FINDINGS), 2)
        delivering.send_back(
            department,
            deliverable,
            codes=codes,
            fault="agency",
            reason="".join(words.FINDINGS[each] for each in codes),
        )
        yield stage.later(random.randrange(3, 9))
        submit(3)
        yield stage.later(2)
        delivering.accept(owner, deliverable, ticked=points)
        yield stage.later(random.randrange(4, 10))
    delivering.pass_review(department, deliverable)
    return late, sent_back


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
    yield stage.later(stage.random.randrange(1, 4))
    if stage.random.random() < 0.9:
        invoicing.receive(owner, invoice)


def _rate(
    stage: Stage, contract: str, owner: Actor, worker: Actor, skill: float, late: bool, sent_back: bool
) -> Story:
    """Either party gives stars, and says what goes with them."""
    random = stage.random
    pleased = skill - 0.25 * late - 0.2 * sent_back
    if random.random() < 0.9:
        scores = _stars(random, "buyer", pleased, timeliness=1.5 * late, quality=1.0 * sent_back)
        said = words.praise(_mean(scores), late=late, sent_back=sent_back)
        rating = _one(Rating, contract, by="buyer")
        ratings.rate(owner, rating, scores=scores, comment=stage.say("praise", said))
    yield stage.later(random.randrange(1, 5))
    if random.random() < 0.8:
        scores = _stars(random, "agency", 0.85)
        rating = _one(Rating, contract, by="agency")
        ratings.rate(worker, rating, scores=scores, comment=stage.say("thanks", words.THANKS[_mean(scores)]))


def _stars(random: Random, by: str, level: float, **less: float) -> dict[str, int]:
    """Stars for every dimension about a level from 0 to 1, fewer of them for some."""
    return {
        name: max(1, min(5, round(random.gauss(2.0 + 3.3 * level - less.get(name, 0), 0.5))))
        for name in DIMENSIONS[by]
    }


def _mean(scores: dict[str, int]) -> int:
    """The stars people see."""
    return round(sum(scores.values()) / len(scores))
