"""From a tender or a deliverable to its flags: read, count, look for every sign, keep what is there.

A constant number of statements a tender, however large the market. What is sealed is not read: a tender is
looked at once its bids are open to all, or its quotes once they are the buyer's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from models import workdays
from models.accounts import Organisation
from models.agencies.related_parties import SAID
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.documents import Document
from models.events import Event
from models.oversight import red_flags, tender_facts
from models.oversight.sign import Accepted, Answer, Seen
from models.oversight.signs import signs
from models.oversight.tender_facts import OpenedTender
from models.policy import Policy
from models.sourcing.awards import Award
from models.sourcing.related_bidders import links_of
from models.sourcing.tenders import Tender

_COUNTED = ("opened", "disqualified", "open", "countered", "agreed", "declined", "expired")


def may_be_read(tender: Tender) -> bool:
    """Whether the answers of a tender are no secret any more."""
    return tender.opened if tender.way.sealed else tender.way.answers_known(tender)


def flag_tender(session: Session, rules: Policy, tender: Tender, now: datetime) -> None:
    """Look for every sign in a tender that may be read, and about those who took part."""
    if not may_be_read(tender):
        return
    seen = _with_market(session, rules, tender, seen_alone(session, tender), now)
    looked_for = [sign for sign in signs().values() if sign.reads is Seen]
    found = [(sign, what) for sign in looked_for for what in sign.find(rules, seen)]
    keys = {seen.buyer, *(each.agency for each in seen.answers)}
    query = select(Organisation).where(Organisation.id.in_(keys)).options(lazyload("*"))
    parties = {each.id: each for each in session.scalars(query)}
    red_flags.keep(session, found, looked_for, tender, parties, seen.group, now)


def seen_alone(session: Session, tender: Tender) -> Seen:
    """A tender with its own answers: what no other tender says."""
    way, case_class = tender.way, tender.way.answer_class
    rows: list[Any] = list(
        session.scalars(
            select(case_class)
            .where(case_class.tender_id == tender.id, case_class.state.in_(_COUNTED))
            .order_by(case_class.id)
            .options(lazyload("*"))
        )
    )
    answers = [
        Answer(
            each.identifier,
            each.agency_id,
            each.price if way.asks_price else None,
            each.state == "disqualified",
            each.received_at if way.sealed else each.created_at,
            (each.note or "") if way.sealed else "",
        )
        for each in rows
    ]
    award = session.scalars(
        select(Award).where(Award.tender_id == tender.id, Award.state != "annulled").options(lazyload("*"))
    ).one_or_none()
    winner = next((each for each in answers if award and each.agency == award.agency_id), None)
    return Seen(
        tender=tender.identifier,
        buyer=tender.buyer_id,
        competitive=not way.invites_one,
        price_only=way.sealed and way.asks_price and not way.scored and not way.drawn,
        sealed=way.sealed,
        days=workdays.between(tender.published_at or tender.created_at, tender.deadline),
        deadline=tender.deadline,
        answers=answers,
        winner=winner,
        price=award.price if award else None,
        links=[(link.answers, link.ties) for link in links_of(tender) if SAID not in link.ties],
        files=_files(session, [each.identifier for each in answers]) if way.sealed else (),
        group=tender_facts.group_of(answers),
    )


def _files(session: Session, answers: list[str]) -> list[list[str]]:
    """The answers that came with the same bytes."""
    query = select(Document.sha256, Document.case_identifier).where(
        Document.case_identifier.in_(answers), Document.case_type == "bid", Document.issued.is_(None)
    )
    bearers: dict[str, set[str]] = defaultdict(set)
    for sha256, answer in session.execute(query):
        bearers[sha256].add(answer)
    return [sorted(each) for each in bearers.values() if len(each) > 1]


def _with_market(session: Session, rules: Policy, tender: Tender, seen: Seen, now: datetime) -> Seen:
    """The same with what the market did before, and put down in it."""
    tallies = tender_facts.count(session, tender, seen, now)
    row, most = OpenedTender, rules.number("red_flags.most")
    other = row.tender_id != tender.id

    def newest(column: Any, *where: Any) -> list[Any]:
        query = select(column).where(column.is_not(None), *where).order_by(row.id.desc()).limit(most)
        return list(session.scalars(query))

    together = session.execute(
        select(row.identifier, row.winner_id)
        .where(row.group_key == seen.group, row.group_key != "")
        .order_by(row.id.desc())
        .limit(most)
    ).all()
    return replace(
        seen,
        tallies=tallies,
        differences=newest(row.difference, other),
        prices=newest(row.price, other, row.item_code == tender.item.code),
        together=[(name, winner) for name, winner in reversed(together)],
        buyers=newest(row.buyer_id, row.winner_id == seen.winner.agency) if seen.winner else (),
        agencies=tender_facts.others(session, "agency", most),
        purchasers=tender_facts.others(session, "buyer", most),
    )


def flag_acceptance(session: Session, rules: Policy, agency: Organisation, now: datetime) -> None:
    """Look whether an agency's deliverables keep being accepted by silence alone. Two statements."""
    deliverables = session.execute(
        select(Deliverable.identifier)
        .join(Contract, Contract.id == Deliverable.contract_id)
        .where(Contract.agency_id == agency.id)
        .order_by(Deliverable.id.desc())
        .limit(rules.number("red_flags.most"))
    )
    names = [name for (name,) in deliverables]
    accepted = session.execute(
        select(Event.case_identifier, Event.actor_role).where(
            Event.case_type == "deliverable",
            Event.kind == "deliverable.accept",
            Event.case_identifier.in_(names),
        )
    ).all()
    silent = [name for name, role in accepted if role == "system"]
    seen = Accepted(agency.id, [name for name, _role in accepted], silent)
    looked_for = [sign for sign in signs().values() if sign.reads is Accepted]
    found = [(sign, what) for sign in looked_for for what in sign.find(rules, seen)]
    red_flags.keep(session, found, looked_for, None, {agency.id: agency}, "", now)
