"""What happens in the demonstration: each request lives its life through the same actions people use.

A story is a generator. It acts, and yields the instant at which it goes on; `loading` keeps the
instants in order and sets the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from market.contracts import actions as contracts
from market.demo.people import Figure, project, voucher
from market.extensions import db
from market.payments import actions as payments
from market.ratings import actions as ratings
from market.sourcing import actions as sourcing
from models import clock, pricing, workdays
from models.accounts import User, actor_for
from models.actors import Actor
from models.agencies import schedules_in_force
from models.catalogue import ServiceItem, item_by_code
from models.clock import BEIJING
from models.contracts import Contract, Deliverable
from models.payments import Payment
from models.pricing import Quantity
from models.ratings import DIMENSIONS, Rating
from models.sourcing import Award, Quote, Request

Story = Iterator[datetime]
SEED = 630000
OVERNIGHT = timedelta(hours=16)  # what falls due at five in the afternoon is done by the next morning
FINE = ("成果扎实,沟通顺畅。", "按时交付,一次过审。", "收费与公示一致,服务好。", "现场踏勘认真。", "专业,推荐。")
POOR = ("工期拖了,催了几次才交。", "报告被退回修改。", "资料反复要,准备不足。")
BUYER_WORDS = ("资料齐全,付款及时。", "配合到位。", "需求说得清楚。")


@dataclass
class Stage:
    """What the stories share: who is who, and the dice."""

    random: Random
    agencies: list[Figure]
    actors: dict[str, Actor] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)

    def dealt(self, story: str) -> Stage:
        """The same stage with dice of a story's own, so that no story's luck changes another's."""
        return replace(self, random=Random(f"{SEED} {story}"))

    def enter(self, email: str) -> Actor:
        """Remember somebody who has just signed up."""
        db.session.rollback()
        self.actors[email] = actor_for(db.session.scalars(select(User).where(User.email == email)).one())
        return self.actors[email]

    def later(self, days: int) -> datetime:
        """Some time in office hours, `days` working days from now."""
        day = workdays.add(clock.now(), days) if days else clock.now()
        minute = self.random.randrange(9 * 60, 16 * 60 + 40)
        instant = datetime.combine(day.astimezone(BEIJING).date(), time(minute // 60, minute % 60), BEIJING)
        soon = clock.now() + timedelta(minutes=self.random.randrange(2, 40))
        if instant > soon:
            return instant
        office = soon.astimezone(BEIJING).time()
        return soon if time(9) <= office < time(17) and workdays.is_workday(soon.astimezone(BEIJING).date()) else self.later(1)


def quantity_for(random: Random, item: ServiceItem) -> dict[str, Any]:
    if item.measure == "amount":
        asked: dict[str, Any] = {"amount": random.choice((800, 1500, 2600, 4200, 6000, 9000, 15000)) * 10_000_00}
        return asked
    return {"count": random.choice((6, 12, 20, 35, 60))} if item.measure == "count" else {}


def request_story(stage: Stage, buyer: Figure, item_code: str, *, even: bool = False) -> Story:
    """A request from draft to its end, whatever that is; the contract's story follows on. `even` bids are all at
    one price, so that a draw decides."""
    random, who = stage.random, stage.actors[buyer.email]
    item = item_by_code(db.session, item_code)
    assert item is not None
    offering = [a for a in stage.agencies if item_code in a.items and a.email in stage.actors]
    mode = "sealed_bid" if even or buyer.state_owned or random.random() < 0.3 else "inquiry"
    request = sourcing.create_request(
        who,
        item_code=item_code,
        region_code=buyer.region,
        project=project(random, buyer, item.name),
        description="场地已平整,立项文件齐备;请按最新技术规范编制,现场踏勘由我单位配合。",
        quantity=quantity_for(random, item),
        budget=None,
        mode=mode,
        funds="state" if buyer.state_owned else "private",
        openness="open",
        deadline=workdays.add(clock.now(), random.randrange(4, 9)),
        invited=[],
    )
    yield stage.later(random.randrange(2))
    if random.random() < 0.02 and not even:
        return
    sourcing.publish(who, request)
    yield stage.later(1)
    if random.random() < 0.03 and not even:
        sourcing.cancel(who, request, reason="项目选址调整,本次采购取消。")
        return
    deadline = Request.load(db.session, request).deadline
    ceilings = {a.email: _ceiling(request, stage.actors[a.email]) for a in offering}
    offering = [a for a in offering if ceilings[a.email] is not None]
    price = min(ceilings[a.email] or 0 for a in offering) if even and offering else None
    for agency in random.sample(offering, min(len(offering), 3 if even else random.choice((2, 3, 3, 4, 4, 5)))):
        if clock.now() >= deadline:
            break
        yield from _answer(stage, request, agency, mode, price)
    if clock.now() < deadline:
        yield deadline + OVERNIGHT
    db.session.rollback()
    if Request.load(db.session, request).state != "evaluated":
        return
    yield stage.later(random.randrange(1, 4))
    yield from _award(stage, request, buyer, mode)


def _answer(stage: Stage, request: str, agency: Figure, mode: str, price: int | None) -> Story:
    """One agency's quote, perhaps bargained over, or its sealed bid; at this price, or one of its own, never another's."""
    random, actor = stage.random, stage.actors[agency.email]
    ceiling = _ceiling(request, actor)
    if ceiling is None:
        return
    own = round(ceiling * random.uniform(0.72, 0.97) / 10_000) * 10_000 + stage.agencies.index(agency) * 100
    price = min(price or own, ceiling)
    days = random.randrange(15, 35)
    if mode == "sealed_bid":
        sourcing.submit_bid(actor, request, price=price, days=days)
        yield stage.later(random.randrange(2))
        return
    quote = sourcing.submit_quote(actor, request, price=price, days=days, note="含两次现场踏勘和评审会配合。")
    yield stage.later(0)
    if random.random() < 0.6:
        buyer = Quote.load(db.session, quote).request.buyer_id
        who = next(a for a in stage.actors.values() if a.organisation_id == buyer)
        sourcing.offer(who, quote, price=round(price * 0.9), days=days, note="能否再优惠一些?")
        yield stage.later(1)
        if random.random() < 0.75:
            sourcing.offer(actor, quote, price=round(price * random.uniform(0.9, 0.96)), days=days, note="这是我们的底价。")


def _ceiling(request: str, actor: Actor) -> int | None:
    """The agency's published price for the request, in fen; None if it may not answer."""
    db.session.rollback()
    found = Request.load(db.session, request)
    if actor.organisation_id is None:
        return None
    schedules = schedules_in_force(db.session, agency_id=actor.organisation_id, item_code=found.item.code)
    usable = [s for s in schedules if s.agency.state == "verified"]
    return pricing.price(usable[0].terms, Quantity.of(found.quantity)) if usable else None


def _award(stage: Stage, request: str, buyer: Figure, mode: str) -> Story:
    who, agency, reasons = stage.actors[buyer.email], "", "开启的投标中报价最低,工期满足要求。"
    if mode == "inquiry":
        live = (Quote.state.in_(("open", "agreed")), Quote.request_id == Request.load(db.session, request).id)
        quotes = list(db.session.scalars(select(Quote).where(*live).order_by(Quote.price)).unique())
        if not quotes:
            return
        chosen = quotes[0] if stage.random.random() < 0.7 else stage.random.choice(quotes)
        agency = chosen.agency.identifier
        reasons = "三家比较后,价格与工期最合适,同类业绩较多。"
    award = sourcing.award(who, request, agency=agency, reasons=reasons)
    yield Award.load(db.session, award).public_until + OVERNIGHT
    yield stage.later(1)
    db.session.rollback()
    contract = db.session.scalars(select(Contract).join(Award).where(Award.identifier == award)).one_or_none()
    if contract is not None:
        winner = next(a for a in stage.agencies if a.code == contract.agency.uscc)
        yield from contract_story(stage, contract.identifier, buyer, winner)


def _one(case_class: Any, contract: str, **where: Any) -> str:
    db.session.rollback()
    query = select(case_class.identifier).join(Contract).where(Contract.identifier == contract).filter_by(**where)
    identifier: str = db.session.scalars(query).one()
    return identifier


def contract_story(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
    """Signing, deposit, delivery, review, settlement, ratings: as well as the agency's skill lets it."""
    random, owner, worker = stage.random, stage.actors[buyer.email], stage.actors[agency.email]
    contracts.agree(owner, contract)
    yield stage.later(random.randrange(1, 3))
    contracts.agree(worker, contract)
    yield stage.later(random.randrange(1, 4))
    yield from _pay(stage, _one(Payment, contract, kind="deposit"), owner, worker)
    deliverable = _one(Deliverable, contract)
    found = Deliverable.load(db.session, deliverable)
    points, days = found.contract.request.item.checklist, found.contract.days
    late = random.random() > agency.skill
    yield stage.later(days + random.randrange(1, 9) if late else max(3, days - random.randrange(8)))

    def submit(number: int) -> None:
        contracts.submit(worker, deliverable, file_name=f"成果-{number}.pdf", content=voucher(f"{contract} v{number}"), ticked=points)

    submit(1)
    yield stage.later(random.randrange(1, 6))
    if random.random() > agency.skill + 0.15:
        contracts.send_for_correction(owner, deliverable, reason="附图与正文不一致,请核对后重报。")
        yield stage.later(random.randrange(2, 8))
        submit(2)
        yield stage.later(random.randrange(1, 4))
    contracts.accept(owner, deliverable, ticked=points)
    sent_back = random.random() > agency.skill * 0.5 + 0.52
    yield stage.later(random.randrange(4, 14))
    department = stage.actors[stage.departments[found.contract.request.item.department]]
    if sent_back:
        contracts.send_back(department, deliverable, reason="措施的可行性论证不充分,数据来源未说明。", fault="agency")
        yield stage.later(random.randrange(3, 9))
        submit(3)
        yield stage.later(2)
        contracts.accept(owner, deliverable, ticked=points)
        yield stage.later(random.randrange(4, 10))
    contracts.pass_review(department, deliverable)
    yield stage.later(random.randrange(1, 5))
    yield from _pay(stage, _one(Payment, contract, kind="settlement"), owner, worker)
    yield stage.later(random.randrange(1, 8))
    yield from _rate(stage, contract, owner, worker, agency.skill - 0.25 * late - 0.2 * sent_back)


def _pay(stage: Stage, payment: str, owner: Actor, worker: Actor) -> Story:
    random = stage.random
    reference = f"{clock.today():%Y%m%d}{random.randrange(10**8):08d}"
    payments.pay(owner, payment, bank_reference=reference, file_name="电子回单.pdf", content=voucher(f"{payment} {reference}"))
    yield stage.later(random.randrange(1, 3))
    payments.confirm(worker, payment)
    yield stage.later(1)


def _rate(stage: Stage, contract: str, owner: Actor, worker: Actor, pleased: float) -> Story:
    random = stage.random

    def stars(by: str, level: float) -> dict[str, int]:
        return {name: max(1, min(5, round(random.gauss(2.0 + 3.3 * level, 0.5)))) for name in DIMENSIONS[by]}

    if random.random() < 0.9:
        words = random.choice(FINE if pleased > 0.6 else POOR)
        ratings.rate(owner, _one(Rating, contract, by="buyer"), scores=stars("buyer", pleased), comment=words)
    yield stage.later(random.randrange(1, 5))
    if random.random() < 0.8:
        scores = stars("agency", 0.85)
        ratings.rate(worker, _one(Rating, contract, by="agency"), scores=scores, comment=random.choice(BUYER_WORDS))
