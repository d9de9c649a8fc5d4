"""What a person should see to besides cases: requests whose buyers ask its agency by name."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from market.to_do import ToDo
from models import clock
from models.accounts import Organisation
from models.agencies import eligibility
from models.credit import restrictions
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Invitation, Tender

MOST = 20


def invited(session: Session, own: Organisation | None) -> list[ToDo]:
    """The open requests that invite this agency and have no answer of it yet, what ends first first.

    Of those of whose items it may take on; a bid that was made void is no answer.
    """
    if own is None or own.kind != "agency":
        return []
    quoted = exists().where(Quote.tender_id == Tender.id, Quote.agency_id == own.id)
    bid = exists().where(Bid.tender_id == Tender.id, Bid.agency_id == own.id, Bid.state != "void")
    asked = (
        select(Tender)
        .join(Invitation, Invitation.tender_id == Tender.id)
        .where(Invitation.agency_id == own.id, Tender.state == "published", Tender.deadline >= clock.now())
        .where(~quoted, ~bid)
    )
    found = session.scalars(asked.order_by(Tender.deadline).limit(MOST)).unique().all()
    problems = eligibility.unfit(session, [(own, tender.item) for tender in found]) if found else []
    stops = {each.activity for each in restrictions.of(session, [own])[own.id]} if found else set()
    return [
        ToDo(
            f"{_('请贵单位报价')} {tender.project}",
            f"{tender.buyer.name} · {tender.identifier}",
            url_for("sourcing.show", identifier=tender.identifier),
            tender.deadline,
        )
        for tender, problem in zip(found, problems, strict=True)
        if problem is None and tender.way.activity not in stops
    ]
