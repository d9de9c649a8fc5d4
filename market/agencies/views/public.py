"""Finding agencies, their public page, and what they publish about themselves."""

from __future__ import annotations

from flask import render_template
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.agencies import actions
from market.agencies.views.rooms import readable, rooms
from market.extensions import db
from market.pages import ActPage, act_view, case_page
from market.words import words_of
from models import policy
from models.accounts import Organisation
from models.agencies import STATUSES, Qualification, schedules_in_force
from models.catalogue import newest_items
from models.credit import LINES, CreditScore, of_agency, raises
from models.documents import of_case
from models.pricing import METHODS
from models.ratings import DIMENSIONS, Rating

ACTS = {
    "verify": ActPage(actions.verify),
    "return": ActPage(actions.return_entry),
    "refuse": ActPage(actions.refuse),
    "suspend": ActPage(actions.suspend),
    "restore": ActPage(actions.restore),
}


@rooms.get("/agencies/<identifier>")
def show(identifier: str) -> str:
    agency = readable(identifier)
    schedules = schedules_in_force(db.session, agency_id=agency.id)
    rated = select(Rating).where(Rating.ratee_id == agency.id, Rating.by == "buyer", Rating.state == "published")
    return render_template(
        "agencies/show.html",
        **case_page(agency),
        agency=agency,
        schedules=schedules,
        items=newest_items(db.session, [s.item_code for s in schedules]),
        methods=METHODS,
        qualifications=db.session.scalars(select(Qualification).where(Qualification.agency_id == agency.id)).all(),
        statuses=STATUSES,
        score=db.session.scalars(select(CreditScore).where(CreditScore.agency_id == agency.id)).one_or_none(),
        ratings=db.session.scalars(rated.order_by(Rating.id.desc()).limit(10)).all(),
        dimensions=DIMENSIONS["buyer"],
        files=of_case(db.session, "organisation", agency.identifier) if agency.roles_of(current_actor()) else [],
    )


@rooms.get("/agencies/<identifier>/credit")
def credit(identifier: str) -> str:
    agency = readable(identifier)
    sheet = of_agency(db.session, agency.id)
    return render_template(
        "agencies/credit.html",
        agency=agency,
        sheet=sheet,
        raises=[words_of(hint) for hint in raises(sheet)],
        labels=LINES,
        policy_version=policy.current().version,
    )


@rooms.route("/agencies/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Organisation, identifier, act, ACTS)
