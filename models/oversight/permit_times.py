"""Whose hands a matter lies in, from the published request to the accepted report, and for how long.

Intermediaries are said to take 60 to 70 % of the time an approval takes; nobody can say so of one matter
without reckoning it. Every act leaves the state it led to in its event. In each state somebody is awaited:
whoever it is has the matter in hand until the next act. Where several cases of a contract are open at once
the one that holds up the others counts: what the contract itself waits for, then the materials the buyer
owes, then the deliverable under way. Nobody has it in hand once the last deliverable is accepted or has
passed: what follows is money, not the permit's time. Times are calendar seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.events import Event
from models.i18n import N_
from models.oversight import figures
from models.oversight.figures import Count
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender
from models.upsert import upsert

HANDS = {
    "buyer": N_("业主"),
    "agency": N_("中介机构"),
    "department": N_("审批部门"),
    "notice": N_("公告公示"),
    "both": N_("双方签约"),
    "authority": N_("监管部门"),
}
# Who is awaited in each state. The time of a public notice is the rules', whoever set it.
AWAITED: dict[str, dict[str, str]] = {
    "tender": {
        "published": "notice",
        "closed": "buyer",
        "auction": "notice",
        "scoring": "buyer",
        "evaluated": "buyer",
        "cancelling": "authority",
        "awarded": "notice",
        "contracted": "both",
        "revoking": "authority",
    },
    "award": {"proposed": "notice", "objected": "authority", "final": "both"},
    "contract": {
        "drafted": "both",
        "buyer_agreed": "agency",
        "agency_agreed": "buyer",
        "signed": "buyer",
        "suspended": "buyer",
        "ending": "both",
        "disputed": "authority",
    },
    "materials": {"due": "buyer", "overdue": "buyer", "supplied": "agency"},
    "deliverable": {
        "due": "agency",
        "late": "agency",
        "submitted": "buyer",
        "returned": "agency",
        "accepted": "department",
        "sent_back": "agency",
    },
}
TOTAL = "permit_time"  # the measure of all of it together; of one hand `permit_time.<hand>`
MEASURES = {hand: f"{TOTAL}.{hand}" for hand in HANDS}
_FOLLOWED = ("contract", "materials", "deliverable")


class PermitTime(Base):
    """How long each had the matter of one contract in hand, in seconds, as of its last act.

    `hand` has it now, since `since`; neither once it is over. `ended_at` is when a report of it was last
    accepted or passed, kept once the contract is completed; of one that ended otherwise it is None.
    """

    __tablename__ = "permit_times"

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), unique=True)
    region_code: Mapped[str] = mapped_column(String(6))
    item_code: Mapped[str] = mapped_column(String(12))
    began_at: Mapped[datetime]
    hand: Mapped[Code | None]
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    buyer: Mapped[int] = mapped_column(BigInteger)
    agency: Mapped[int] = mapped_column(BigInteger)
    department: Mapped[int] = mapped_column(BigInteger)
    notice: Mapped[int] = mapped_column(BigInteger)
    both: Mapped[int] = mapped_column(BigInteger)
    authority: Mapped[int] = mapped_column(BigInteger)

    @property
    def whole(self) -> int:
        """Seconds in all hands together."""
        return sum(getattr(self, hand) for hand in HANDS)

    def until(self, now: datetime) -> dict[str, int]:
        """Seconds by hand, with what has passed since the last act."""
        held: dict[str, int] = {hand: getattr(self, hand) for hand in HANDS}
        if self.hand:
            held[self.hand] += max(0, int((now - self.since).total_seconds()))
        return held


@dataclass(frozen=True, slots=True)
class Step:
    """An act on a case of the matter: when, of which case, and the state it led to."""

    at: datetime
    case_type: str
    identifier: str
    state: str


@dataclass(slots=True)
class Reckoned:
    """What the steps of one matter come to; see PermitTime."""

    began_at: datetime
    since: datetime
    hand: str | None = None
    ended_at: datetime | None = None
    held: dict[str, float] = field(default_factory=lambda: dict.fromkeys(HANDS, 0.0))


def awaited(standing: dict[tuple[str, str], str]) -> str | None:
    """Who has the matter in hand while its cases stand so, by (type, identifier); None where nobody has."""
    of: dict[str, list[str]] = defaultdict(list)
    for (kind, _identifier), state in standing.items():
        of[kind].append(state)
    for contract in of["contract"]:
        if contract != "active":
            return AWAITED["contract"].get(contract)
        for kind in ("materials", "deliverable"):
            for state in of[kind]:
                if state in AWAITED[kind]:
                    return AWAITED[kind][state]
        return None
    for kind in ("award", "tender"):
        for state in of[kind]:
            if state in AWAITED[kind]:
                return AWAITED[kind][state]
    return None


def reckon(steps: Sequence[Step]) -> Reckoned | None:
    """How long each had the matter, by its steps, first to last; None before it began."""
    standing: dict[tuple[str, str], str] = {}
    found: Reckoned | None = None
    for step in steps:
        if found is not None and found.hand:
            found.held[found.hand] += (step.at - found.since).total_seconds()
        standing[step.case_type, step.identifier] = step.state
        hand = awaited(standing)
        if found is None:
            if hand is None:
                continue  # a draft is nobody's matter yet
            found = Reckoned(step.at, step.at)
        if found.hand and hand is None:
            found.ended_at = step.at
        found.since, found.hand = step.at, hand
    if found is not None and "completed" not in (s for (k, _i), s in standing.items() if k == "contract"):
        found.ended_at = None
    return found


def note_permit_times(session: Session, happened: list[Event]) -> None:
    """Event handler: reckon anew every contract something happened to, and count those that are over."""
    cases: dict[str, set[str]] = defaultdict(set)
    for event in happened:
        if event.case_type in _FOLLOWED:
            cases[event.case_type].add(event.case_identifier)
    keys = set(session.scalars(select(Contract.id).where(Contract.identifier.in_(cases["contract"]))))
    for kind in (Materials, Deliverable):
        named = cases[kind.workflow.name]
        keys |= set(session.scalars(select(kind.contract_id).where(kind.identifier.in_(named))))
    if not keys:
        return
    rows = _rows(session, sorted(keys))
    if rows:
        replaced = [name for name in rows[0] if name != "contract_id"]
        upsert(session, PermitTime, ["contract_id"], rows, replace=replaced)
        session.expire_all()
    figures.recount(session, TOTAL, {row["contract_id"]: _counts(row) for row in rows})


def _rows(session: Session, keys: list[int]) -> list[dict[str, Any]]:
    """The rows of these contracts, in six statements however many they are."""
    query = (
        select(
            Contract.id,
            Contract.identifier,
            Contract.region_code,
            ServiceItem.code.label("item_code"),
            Tender.identifier.label("tender"),
            Award.identifier.label("award"),
        )
        .join(Tender, Tender.id == Contract.tender_id)
        .join(ServiceItem, ServiceItem.id == Tender.item_id)
        .join(Award, Award.id == Contract.award_id)
        .where(Contract.id.in_(keys))
        .order_by(Contract.id)
    )
    contracts = session.execute(query).all()
    of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in contracts:
        of["tender", row.tender].append(row.id)
        of["award", row.award].append(row.id)
        of["contract", row.identifier].append(row.id)
    for kind in (Materials, Deliverable):
        beside = select(kind.identifier, kind.contract_id).where(kind.contract_id.in_(keys))
        for identifier, contract in session.execute(beside):
            of[kind.workflow.name, identifier].append(contract)
    steps: dict[int, list[Step]] = defaultdict(list)
    for step in _steps(session, of):
        for contract in of[step.case_type, step.identifier]:
            steps[contract].append(step)
    found = ((row, reckon(steps[row.id])) for row in contracts)
    return [_row(row, reckoned) for row, reckoned in found if reckoned is not None]


def _steps(session: Session, cases: Iterable[tuple[str, str]]) -> Iterable[Step]:
    named: dict[str, list[str]] = defaultdict(list)
    for kind, identifier in cases:
        named[kind].append(identifier)
    either = [
        and_(Event.case_type == kind, Event.case_identifier.in_(identifiers))
        for kind, identifiers in named.items()
    ]
    query = select(Event.at, Event.case_type, Event.case_identifier, Event.data).where(or_(*either))
    for at, kind, identifier, data in session.execute(query.order_by(Event.id)):
        if state := data.get("state"):
            yield Step(at, kind, identifier, state)


def _row(contract: Any, found: Reckoned) -> dict[str, Any]:
    return {
        "contract_id": contract.id,
        "region_code": contract.region_code,
        "item_code": contract.item_code,
        "began_at": found.began_at,
        "hand": found.hand,
        "since": found.since,
        "ended_at": found.ended_at,
        **{hand: round(seconds) for hand, seconds in found.held.items()},
    }


def _counts(row: dict[str, Any]) -> list[Count]:
    """What a contract counts for once it is over: in the month its last report was accepted."""
    if row["ended_at"] is None:
        return []
    held = {MEASURES[hand]: row[hand] for hand in HANDS}
    where = (row["region_code"], row["item_code"], figures.month_of(row["ended_at"]))
    return [
        Count(measure, *where, 1, seconds) for measure, seconds in {TOTAL: sum(held.values()), **held}.items()
    ]


def of_contract(session: Session, contract: Contract) -> dict[str, int] | None:
    """Seconds by hand until now, of those who had it at all; None before anything was reckoned."""
    kept = session.scalars(select(PermitTime).where(PermitTime.contract_id == contract.id)).one_or_none()
    if kept is None:
        return None
    return {hand: seconds for hand, seconds in kept.until(clock.now()).items() if seconds}
