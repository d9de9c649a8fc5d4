"""How much a contract's records weigh: by what others have seen of it, and by how many its buyer has.

A contract is seen whole where an authority recorded an outcome for it, or its agency walked away before it
was signed: who did not sign here is nobody's word. Else it is seen for the part of its price that a bank or
gateway saw come in and that did not go back to the buyer, in whole tenths: one small payment buys no more
than its own part. What is seen weighs by the class of that money (of the price where an authority recorded,
at most 1 where the agency walked away), what is not by no more than 1. A buyer's n records in one line weigh
as much as (1 + log2 n) of different buyers, and buyers that are linked are one (identities.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from models.base import Json
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable, ReviewOutcome
from models.credit.abandoned import not_to_blame
from models.credit.evidence import Evidence, Found, weighed
from models.credit.identities import identities
from models.credit.policy import CreditPolicy
from models.events import Event
from models.ledger.books import Entry, Line
from models.payments.payment import Payment

BACK = ("refunded", "penalty")  # postings by which money of a contract goes back to its buyer
TENTHS = 10
# The acts that change what a contract's records weigh: money comes in or goes back (a milestone that is paid
# may cost the agency something), an authority records an outcome, or the price becomes another.
EVENTS = frozenset(
    {
        "change.agree",
        "contract.continue",
        "contract.give_notice",
        "contract.resume",
        "credit_record.drop",
        "credit_record.revoke",
        "deliverable.finish",
        "deliverable.pass",
        "deliverable.send_back",
        "deliverable.waive",
        "payment.confirm",
        "payment.receive",
    }
)
_OF_PAYMENT = (Event.case_type == "payment") & (Event.case_identifier == Payment.identifier)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a record of a contract weighs on its day: the part that is seen, and the part that is not.

    `share` is how much of it was seen, 0 to 1 in tenths.
    """

    seen: float
    unseen: float
    share: float


def value_class(rules: CreditPolicy, value: int) -> float:
    """What a contract of so many fen counts more, or less, than the usual one."""
    classes = rules.values["rating"]["value_classes"]
    return float(next(factor for least, factor in reversed(classes) if value >= least * 100))


def parts(
    rules: CreditPolicy, price: int, money: int, *, reviewed: bool = False, walked_away: bool = False
) -> Parts:
    """Of a contract at a price, of which so much money was seen and stayed (both in fen).

    One that its agency walked away from counts for no more than a usual one: no price was ever paid.
    """
    if walked_away:
        return Parts(min(1.0, value_class(rules, price)), 0.0, 1.0)
    share = 1.0 if reviewed else seen_share(price, money)
    seen = value_class(rules, price if reviewed else max(0, min(money, price)))
    return Parts(share * seen, (1 - share) * min(1.0, value_class(rules, price)), share)


def seen_share(price: int, money: int) -> float:
    """How much of a price was seen, in whole tenths: what falls short of the next one is not told."""
    return min(TENTHS, max(0, TENTHS * money // max(price, 1))) / TENTHS


def of_contracts(
    session: Session,
    rules: CreditPolicy,
    until: datetime,
    *,
    agencies: Collection[int] = (),
    contract: int | None = None,
) -> Mapping[int, tuple[int, Parts]]:
    """Of each contract of these agencies, or of one, its buyer and its parts at an instant.

    In four statements.
    """

    def theirs(of: type[Payment | Deliverable]) -> ColumnElement[bool]:
        return of.agency_id.in_(agencies) if contract is None else of.contract_id == contract

    wanted = Contract.agency_id.in_(agencies) if contract is None else Contract.id == contract
    paid = (
        select(Payment.contract_id, func.sum(Payment.amount))
        .where(theirs(Payment), Payment.kind != "penalty", *_was_in(until))
        .group_by(Payment.contract_id)
    )
    back = (
        select(Contract.id, func.sum(Line.amount))
        .join(Entry, Entry.case_identifier == Contract.identifier)
        .join(Line, Line.entry_id == Entry.id)
        .where(wanted, Entry.kind.in_(BACK), Entry.at <= until)
        .group_by(Contract.id)
    )
    reviewed = (
        select(Deliverable.contract_id)
        .join(ReviewOutcome, ReviewOutcome.deliverable_id == Deliverable.id)
        .where(theirs(Deliverable), ReviewOutcome.at <= until)
        .distinct()
    )
    came, went = ({key: int(amount) for key, amount in session.execute(of)} for of in (paid, back))
    known = set(session.scalars(reviewed))
    never_signed = or_(Contract.signed_at.is_(None), Contract.signed_at > until)
    walked_away = and_(Contract.unsigned_by == "agency", never_signed, ~not_to_blame(until))
    prices = select(
        Contract.id, Contract.buyer_id, Contract.price, Contract.earlier_prices, walked_away
    ).where(wanted)
    found: dict[int, tuple[int, Parts]] = {}
    for key, buyer, now, earlier, away in session.execute(prices):
        price, money = _price(earlier or (), now, until), came.get(key, 0) - went.get(key, 0)
        found[key] = buyer, parts(rules, price, money, reviewed=key in known, walked_away=away)
    return found


def _was_in(until: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """A payment that a bank or gateway had seen by an instant, and that no operator had set back since."""
    seen = exists().where(_OF_PAYMENT, Event.kind == "payment.receive", Event.at <= until)
    last = (
        select(case((Event.kind == "payment.override", Event.data["to"].as_string()), else_="cleared"))
        .where(_OF_PAYMENT, Event.kind.in_(("payment.receive", "payment.override")), Event.at <= until)
        .order_by(Event.id.desc())
        .limit(1)
        .correlate(Payment)
    )
    return seen, last.scalar_subquery() == "cleared"


def _price(earlier: Sequence[Json], now: int, until: datetime) -> int:
    """The price of an instant: the first of the earlier ones that ended after it, or the present one."""
    ended = (each["price"] for each in earlier if datetime.fromisoformat(each["until"]) > until)
    return int(next(ended, now))


def weigh(session: Session, rules: CreditPolicy, found: Sequence[Found], until: datetime) -> list[Found]:
    """The same records, those about a contract with the facts `seen`, `unseen` and `n`.

    The weights of its parts, and how many records in the line the same voice has: that of its buyer, or of
    whoever it is `by`. In as many statements for any number of agencies and lines.
    """
    agencies = {key for lines in found for key in lines}
    everything = [each for lines in found for evidence in lines.values() for each in evidence]
    if all(each.contract is None for each in everything):
        return list(found)
    known = of_contracts(session, rules, until, agencies=agencies)

    def by(each: Evidence) -> int:
        assert each.contract is not None  # asked for below
        return each.by if each.by is not None else known[each.contract][0]

    raters = {by(each) for each in everything if each.contract is not None}
    voices = identities(session, raters, until)

    def line(evidence: list[Evidence]) -> list[Evidence]:
        of = [voices[by(each)] if each.contract is not None else None for each in evidence]
        count = Counter(of)
        return [
            each
            if each.contract is None or one is None
            else weighed(each, each.weight, {**each.facts, **_facts(known[each.contract][1], count[one])})
            for each, one in zip(evidence, of, strict=True)
        ]

    return [{key: line(evidence) for key, evidence in lines.items()} for lines in found]


def _facts(of: Parts, count: int) -> Mapping[str, float]:
    return {"seen": round(of.seen, 4), "unseen": round(of.unseen, 4), "n": count}
