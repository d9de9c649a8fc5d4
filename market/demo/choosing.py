"""How the tenders of the demonstration are made, answered and awarded, in every way there is to choose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import bindparam, select

from market.demo import talking
from market.demo.contracting import contract_story
from market.demo.evaluating import CRITERIA, EXPERTS, score_story
from market.demo.stage import OVERNIGHT, Stage, Story, fall_due
from market.demonstration import words
from market.demonstration.people import REGULATOR, Figure, project, voucher
from market.extensions import db
from market.sourcing.actions import auction, awards, cancelling, drafting, questions, scoring, tenders
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import quotes as quote_actions
from models import clock, pricing, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.fees import schedules_in_force
from models.base import Json
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.errors import Problem
from models.pricing import Quantity
from models.sourcing.answers import answers_to
from models.sourcing.awards import Award
from models.sourcing.bids import Bid, lowest, step
from models.sourcing.clarifications import Clarification
from models.sourcing.modes import MODES, Mode
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender

CANCELLED = ("项目选址调整,本次采购取消。", "上级暂缓本项目,采购取消。", "建设规模有变,重新核定后再采购。")
log = logging.getLogger(__name__)
_STANDING = select(Tender.state, Tender.deadline).where(Tender.identifier == bindparam("tender"))


@dataclass(frozen=True, slots=True)
class Course:
    """What a story is told where others throw dice.

    In which way it chooses, whom it asks, until when; whether all bids are at one price, so that a draw
    decides; in which state of the tender it ends, and how its contract goes on.
    """

    mode: Mode | None = None
    agency: Figure | None = None
    deadline: datetime | None = None
    even: bool = False
    halt: str = ""
    then: Callable[[Stage, str, Figure, Figure], Story] = contract_story


ANY = Course()


def quantity_for(random: Random, item: ServiceItem) -> dict[str, Any]:
    if item.measure == "amount":
        asked: dict[str, Any] = {
            "amount": random.choice((800, 1500, 2600, 4200, 6000, 9000, 15000)) * 10_000_00
        }
        return asked
    units = (30, 60, 120, 200, 350) if item.kind == "survey" else (6, 12, 20, 35, 60)  # mu, or points
    return {"count": random.choice(units)} if item.measure == "count" else {}


def _description(stage: Stage, item_code: str) -> str:
    """What a buyer writes of its project and of what it wants."""
    family, kind = words.family(item_code), stage.item(item_code).kind
    return "".join(
        stage.say(about, texts)
        for about, texts in (
            ("standing", words.standing(item_code)),
            (f"asked {family.name}", family.asked),
            ("offered", words.offered(kind)),
        )
    )


def tender_story(stage: Stage, buyer: Figure, item_code: str, course: Course = ANY) -> Story:
    """A tender from draft to its end, whatever that is; the contract's story follows on."""
    random, who, told = stage.random, stage.actors[buyer.email], course is not ANY
    mode = course.mode or _mode_for(random, buyer)
    offering = [a for a in stage.agencies if item_code in a.items and a.email in stage.actors]
    offering = [course.agency] if course.agency else offering[:1] if mode.invites_one else offering
    quantity = quantity_for(random, stage.item(item_code))
    tender = _draft(stage, buyer, item_code, mode, offering, quantity, course.deadline)
    job = _Job(tender, mode, item_code, quantity)
    talking.name_contact(who, tender)
    yield stage.later(random.randrange(2))
    if random.random() < 0.02 and not told:
        yield stage.later(6)
        cancelling.cancel(who, tender, reason="项目推迟,草稿不再保留。")
        return
    tenders.publish(who, tender)
    yield stage.later(1)
    if random.random() < 0.03 and not told:
        cancelling.cancel(who, tender, reason=random.choice(CANCELLED))
        return
    yield from _answers(stage, job, who, offering, course)
    state, deadline = _standing(tender)
    while state == "published":  # once more where too few came
        yield deadline + timedelta(minutes=2)
        fall_due()
        state, deadline = _standing(tender)
    if state == course.halt:
        return
    if state == "auction":
        yield from _auction(stage, tender)
        state, _ = _standing(tender)
    if state == "scoring":
        yield from score_story(stage, tender)
    yield stage.later(1)
    if _standing(tender)[0] == "evaluated":
        yield stage.later(random.randrange(1, 3))
        yield from _award(stage, job, buyer, course)


def _mode_for(random: Random, buyer: Figure) -> Mode:
    """One of the modes, each as often as its share says."""
    modes, funds = list(MODES.values()), _funds(buyer)
    return random.choices(modes, [mode.example.shares[funds] for mode in modes])[0]


def _funds(buyer: Figure) -> str:
    return "state" if buyer.state_owned else "private"


@dataclass(frozen=True, slots=True)
class _Job:
    """What a tender asks for."""

    tender: str
    mode: Mode
    item_code: str
    quantity: Json


def _draft(
    stage: Stage,
    buyer: Figure,
    item_code: str,
    mode: Mode,
    offering: list[Figure],
    quantity: Json,
    deadline: datetime | None,
) -> str:
    random = stage.random
    deadline = deadline or workdays.add(clock.now(), random.randrange(4, 9))
    return drafting.create(
        stage.actors[buyer.email],
        item_code=item_code,
        region_code=buyer.region,
        project=project(random, buyer, stage.item(item_code).name),
        description=_description(stage, item_code),
        quantity=quantity,
        budget=None if mode.asks_price else _price_for(random, item_code, quantity),
        mode=mode.name,
        funds=_funds(buyer),
        openness="invited" if mode.invites_one else "open",
        deadline=mode.deadline_on(deadline),
        invited=[_identifier(stage, a) for a in offering] if mode.invites_one else [],
        criteria=CRITERIA if mode.scored else None,
    )


def _answers(stage: Stage, job: _Job, who: Actor, offering: list[Figure], course: Course) -> Story:
    """Evaluators are appointed, a question is asked now and then, and agencies answer until the deadline."""
    random, tender = stage.random, job.tender
    for expert in EXPERTS if job.mode.scored else ():
        scoring.appoint(who, tender, email=expert)
    published = _ceilings(job)
    ceilings = {a.email: published.get(stage.actors[a.email].organisation_id) for a in offering}
    offering = [a for a in offering if ceilings[a.email] is not None]
    if offering and random.random() < 0.15 and _asked_in_time(tender):
        family = words.family(job.item_code)
        question, answer = stage.say(f"question {family.name}", family.questions)
        questions.ask(stage.actors[offering[0].email], tender, question=question)
        yield stage.later(1)
        questions.answer(who, _newest(Clarification, tender), answer=answer)
    price = min(ceilings[a.email] or 0 for a in offering) if course.even and offering else None
    wanted = 3 if course is not ANY else random.choice((2, 3, 3, 4, 4, 5))
    chance = {agency.email: random.random() ** (1 / agency.character.sought) for agency in offering}
    for agency in sorted(offering, key=lambda agency: -chance[agency.email])[:wanted]:
        if clock.now() >= _standing(tender)[1]:
            break
        try:
            yield from _answer(stage, job, agency, price)
        except Problem as refused:  # restricted meanwhile: the others answer all the same
            log.info("%s does not answer %s: %s", agency.name, tender, refused)


def _standing(tender: str) -> tuple[str, datetime]:
    """Its state and its deadline, as they are now."""
    db.session.rollback()
    state, deadline = db.session.execute(_STANDING, {"tender": tender}).one()
    return state, deadline


def _asked_in_time(tender: str) -> bool:
    db.session.rollback()
    return clock.now() <= Tender.load(db.session, tender).questions_until


def _newest(case_class: Any, tender: str) -> str:
    db.session.rollback()
    query = (
        select(case_class.identifier)
        .join(Tender, Tender.id == case_class.tender_id)
        .where(Tender.identifier == tender)
    )
    identifier: str = db.session.scalars(query.order_by(case_class.id.desc()).limit(1)).one()
    return identifier


def _identifier(stage: Stage, agency: Figure) -> str:
    return db.session.get_one(Organisation, stage.actors[agency.email].organisation_id).identifier


def _price_for(random: Random, item_code: str, quantity: Json) -> int:
    """What a buyer who draws offers: about what the agencies publish."""
    schedules = schedules_in_force(db.session, item_code=item_code)
    published = [pricing.price(s.terms, Quantity.of(quantity)) for s in schedules] or [50_000_00]
    return round(sorted(published)[len(published) // 2] * random.uniform(0.85, 1.0) / 10_000) * 10_000


def _auction(stage: Stage, tender: str) -> Story:
    """Bidders undercut one another for a while."""
    random = stage.random
    for _turn in range(random.randrange(2, 8)):
        yield clock.now() + timedelta(minutes=random.randrange(1, 5), seconds=random.randrange(60))
        db.session.rollback()
        found = Tender.load(db.session, tender)
        bids = list(
            db.session.scalars(
                select(Bid).where(Bid.tender_id == found.id, Bid.state == "opened").order_by(Bid.id)
            )
        )
        bid, best = random.choice(bids), lowest(db.session, found)
        if bid.price != best and found.state == "auction":
            who = next(a for a in stage.actors.values() if a.organisation_id == bid.agency_id)
            auction.undercut(who, bid.identifier, price=(best - step(found, best)) // 10_000 * 10_000)
    yield clock.now() + timedelta(minutes=40)
    fall_due()


def _answer(stage: Stage, job: _Job, agency: Figure, price: int | None) -> Story:
    """One agency's quote, perhaps bargained over, or its sealed bid.

    At this price, or one of its own, never another's.
    """
    random, tender, actor = stage.random, job.tender, stage.actors[agency.email]
    ceiling = _ceilings(job, actor.organisation_id).get(actor.organisation_id)
    if ceiling is None:
        return
    family = words.family(job.item_code)
    own = (
        round(ceiling * random.uniform(*agency.character.asks) / 10_000) * 10_000
        + stage.agencies.index(agency) * 100
    )
    price = min(price or own, ceiling)
    days = random.randrange(15, 35)
    if job.mode.sealed:
        plan: dict[str, Any] = (
            {"file_name": "技术方案.pdf", "content": voucher(f"{tender} proposal")} if job.mode.scored else {}
        )
        text = f"{random.randrange(10**12):012d}"
        bid_actions.submit(
            actor,
            tender,
            price=price if job.mode.asks_price else None,
            days=days,
            note=stage.say(f"plan {family.name}", family.plans),
            contribution=text,
            **plan,
        )
        yield stage.later(random.randrange(2))
        return
    note = stage.say(f"quoted {family.name}", family.quoted)
    quote = quote_actions.submit(actor, tender, price=price, days=days, note=note)
    yield stage.later(0)
    if random.random() < 0.6:
        buyer = db.session.scalars(select(Tender.buyer_id).where(Tender.identifier == tender)).one()
        who = next(a for a in stage.actors.values() if a.organisation_id == buyer)
        quote_actions.offer(
            who, quote, price=_even(price * 0.9), days=days, note=stage.say("lower", words.LOWER)
        )
        yield stage.later(1)
        if random.random() < 0.75:
            quote_actions.offer(
                actor,
                quote,
                price=_even(price * random.uniform(0.9, 0.96)),
                days=days,
                note=stage.say("bottom", words.BOTTOM),
            )


def _even(price: float) -> int:
    """A price, in fen, as people name it in bargaining: in tens of yuan."""
    return int(price) // 10_00 * 10_00


def _ceilings(job: _Job, agency: int | None = None) -> dict[int | None, int]:
    """The published prices for a job, in fen, of those who may answer, or of one of them.

    By their organisations.
    """
    db.session.rollback()
    schedules = schedules_in_force(db.session, agency_id=agency, item_code=job.item_code)
    return {
        s.agency_id: pricing.price(s.terms, Quantity.of(job.quantity))
        for s in schedules
        if s.agency.state == "verified"
    }


def _award(stage: Stage, job: _Job, buyer: Figure, course: Course) -> Story:
    who, tender, agency = stage.actors[buyer.email], job.tender, ""
    found = Tender.load(db.session, tender)
    reasons, in_public = found.way.example.reasons, found.rules.publicity_days
    if not found.way.sealed:
        live = (Quote.state.in_(("open", "agreed")), Quote.tender_id == found.id)
        query = select(Quote).where(*live).order_by(Quote.price)
        quotes = [q for q in db.session.scalars(query).unique() if q.agency.state == "verified"]
        if not quotes:
            return
        chosen = quotes[0] if stage.random.random() < 0.7 else stage.random.choice(quotes)
        agency = chosen.agency.identifier
    award = awards.award(who, tender, agency=agency, reasons=reasons)
    if in_public and stage.random.random() < 0.08:
        yield stage.later(0)
        yield from _object(stage, job, award, who)
    yield db.session.scalars(select(Award.public_until).where(Award.identifier == award)).one() + OVERNIGHT
    yield stage.later(1)
    db.session.rollback()
    drafted = (
        select(Contract.identifier, Organisation.uscc)
        .join(Contract.award)
        .join(Organisation, Organisation.id == Contract.agency_id)
    )
    made = db.session.execute(drafted.where(Award.identifier == award)).one_or_none()
    if made is not None:
        contract, code = made
        yield from course.then(stage, contract, buyer, next(a for a in stage.agencies if a.code == code))


def _object(stage: Stage, job: _Job, award: str, owner: Actor) -> Story:
    """A bidder that lost objects; the owner answers and the regulator decides."""
    found = Award.load(db.session, award)
    losers = [a for a in answers_to(db.session, found.tender) if a.agency_id != found.agency_id]
    if not losers:
        return
    actor = next(a for a in stage.actors.values() if a.organisation_id == losers[0].agency_id)
    family = words.family(job.item_code)
    grounds, statement, reason = stage.say(f"objection {family.name}", family.objections)
    objection = awards.object_to(actor, award, grounds=grounds)
    yield stage.later(1)
    awards.answer_objection(owner, objection, statement=statement)
    yield stage.later(2)
    awards.dismiss_objection(stage.actors[REGULATOR], objection, reason=reason)
