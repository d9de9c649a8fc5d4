"""Linked bidders of one tender.

Found when it is closed, told when all is open, and counted as the policy says.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import policy
from models.agencies import related_parties
from models.sourcing.outcomes import Link
from models.sourcing.tenders import Tender


def links_among(session: Session, tender: Tender, answers: list[Any]) -> list[Link]:
    """The groups of linked agencies among these quotes or bids.

    Of `answers` (identifiers, oldest first, but those behind who said themselves what ties them: nobody
    takes a rival's representative for its own to have its bid void) and `ties`; and each of them that is
    linked with the buyer, in a row of its own whose first tie is `buyer`.
    """
    names = {answer.agency_id: answer.identifier for answer in answers}
    found, rows = related_parties.linked(session, [tender.buyer_id, *names], tender.policy_version), []
    themselves = (
        related_parties.asserted(session, [key for group in found for key in group.agencies])
        if found
        else set()
    )
    for group in found:
        own = [
            names[key] for key in sorted(group.agencies, key=lambda key: key in themselves) if key in names
        ]
        if len(own) > 1:
            rows.append(Link(own, list(group.ties)))
        if len(own) < len(group.agencies):
            told = {name for row in rows if related_parties.BUYER in row.ties for name in row.answers}
            rows += [Link([name], [related_parties.BUYER, *group.ties]) for name in own if name not in told]
    return rows


def _binding(links: list[Link]) -> list[Link]:
    """Those from which something follows: not what rests on what people call themselves."""
    return [group for group in links if related_parties.SAID not in group.ties]


def _together(links: list[Link]) -> list[Link]:
    """The groups of bidders linked with each other, as they count."""
    return [group for group in _binding(links) if related_parties.BUYER not in group.ties]


def links_of(tender: Tender) -> list[Link]:
    """The linked bidders of a sealed tender, once everybody may know."""
    return tender.outcome.linked if tender.outcome and tender.opened else []


def counted(answers: int, links: list[Link]) -> int:
    """How many answers there are if each group counts as one."""
    return answers - sum(len(group.answers) - 1 for group in _together(links))


def follows(tender: Tender) -> str:
    """What follows for linked bids: `later`, `one` or `all`."""
    return policy.get(tender.policy_version).text("linked.follows")


def void(tender: Tender, links: list[Link], opened: set[str]) -> set[str]:
    """The bids among those `opened` that do not take part, since they are linked.

    With another, of which the first that is no void one stays, or with the buyer.
    """
    first, akin = (
        {"later": 1, "all": 0}.get(follows(tender)),
        policy.get(tender.policy_version).text("linked.buyer"),
    )
    struck = {
        name
        for group in _binding(links)
        for name in group.answers
        if akin == "void" and related_parties.BUYER in group.ties
    }
    standing = [[name for name in group.answers if name in opened - struck] for group in _together(links)]
    return struck if first is None else struck | {name for group in standing for name in group[first:]}


def aside(links: list[Link]) -> set[str]:
    """Those that have no place of their own in the draw: all of a group but its first."""
    return {name for group in _together(links) for name in group.answers[1:]}


def spread(order: list[str], links: list[Link]) -> list[str]:
    """The drawn order with everybody in it.

    Whoever has no place of its own right after the one it is linked with.
    """
    after = {group.answers[0]: group.answers[1:] for group in _together(links)}
    return [name for drawn in order for name in (drawn, *after.get(drawn, ()))]


def best(ranking: list[str], links: list[Link]) -> list[str]:
    """A ranking in which each group has one place, that of its best."""
    taken: set[int] = set()
    kept = []
    for name in ranking:
        group = next((number for number, group in enumerate(_together(links)) if name in group.answers), None)
        if group is None or group not in taken:
            kept.append(name)
        taken |= {group} if group is not None else set()
    return kept
