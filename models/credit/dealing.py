"""Who deals with an agency: whoever rated it, or bought of it. What each weighs hangs on who are one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from models.contracts.agreement import Contract
from models.credit.rating_facts import RatingFact


def dealers(session: Session, agency: int) -> list[int]:
    """Everybody whose rating of this agency counts, or who signed a contract with it."""
    rated = select(RatingFact.rater_id).where(RatingFact.agency_id == agency, RatingFact.hidden_at.is_(None))
    bought = select(Contract.buyer_id).where(Contract.agency_id == agency, Contract.signed_at.is_not(None))
    return sorted(session.scalars(union(rated, bought)))


def at_which_two_are(session: Session, identities: Mapping[int, Collection[int]]) -> set[int]:
    """The agencies with which two members of one of these identities (a name, its members) deal."""
    of = {member: name for name, members in identities.items() for member in members}
    rated = select(RatingFact.agency_id, RatingFact.rater_id).where(RatingFact.rater_id.in_(of))
    bought = select(Contract.agency_id, Contract.buyer_id).where(
        Contract.buyer_id.in_(of), Contract.signed_at.is_not(None)
    )
    pairs = session.execute(union(rated, bought)).all()
    count = Counter((agency, of[member]) for agency, member in pairs)
    return {agency for (agency, _name), members in count.items() if members > 1}
