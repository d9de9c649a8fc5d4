"""Whether an agency that was asked by name answered. Shown, without points: nobody is obliged to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from models.credit.evidence import Evidence, Found, Input, share
from models.credit.policy import CreditPolicy
from models.i18n import N_
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Invitation, Tender


def _gather(session: Session, _rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    """Of which request is no matter of a score that everybody may read: it stays unnamed."""
    answered = or_(
        *(
            exists().where(of.tender_id == Tender.id, of.agency_id == Invitation.agency_id)
            for of in (Quote, Bid)
        )
    )
    asked = (
        select(Invitation.agency_id, Tender.deadline, answered)
        .join(Tender, Tender.id == Invitation.tender_id)
        .where(
            Invitation.agency_id.in_(agencies),
            Tender.published_at.is_not(None),
            Tender.state != "cancelled",
            Tender.deadline <= until,
        )
    )
    found: dict[int, list[Evidence]] = {key: [] for key in agencies}
    for agency, at, did in session.execute(asked.order_by(Invitation.id)):
        found[agency].append(Evidence("", at, float(did)))
    return found


INPUT = Input(
    "response",
    N_("受邀答复率"),
    N_("再答复一次邀请,加 %(points)s 分。"),
    "share",
    frozenset(),
    _gather,
    share,
    best=1.0,
    shown_only=True,
)
