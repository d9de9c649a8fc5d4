"""Who could answer a tender: asked before it is published, while its conditions can still be changed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.agencies.eligibility import able, unfit
from models.credit.restrictions import ENGAGED
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.tenders import Tender


def shortage(session: Session, tender: Tender) -> list[RuleViolation]:
    """What warns the buyer that nobody, or too few, could answer; none where enough could.

    Of an invited tender the agencies it invites are looked at, else all that are let in, hold what the item
    requires and have published its fee, counted no further than the rules ask for.
    """
    least = max(1, tender.rules.least)
    if tender.openness == "invited":
        pairs = [(invitation.agency, tender.item) for invitation in tender.invitations]
        problems = unfit(session, pairs, tender.way.activity, *ENGAGED)
        stopped = [
            agency.name
            for (agency, _item), problem in zip(pairs, problems, strict=True)
            if problem is not None
        ]
        found = len(pairs) - len(stopped)
        warnings = [
            RuleViolation(N_("受邀的“%(agency)s”现在不能承接本事项。"), agency=name) for name in stopped
        ]
    else:
        found, warnings = able(session, tender.item, tender.way.activity, most=least), []
    if found < least:
        warnings.append(
            RuleViolation(
                N_("按规则至少要 %(least)s 家应答,而现在能承接的只有 %(found)s 家。"),
                least=least,
                found=found,
            )
        )
    return warnings
