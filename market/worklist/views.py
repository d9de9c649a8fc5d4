"""The worklist of whoever is signed in, and what it was notified of."""

from __future__ import annotations

from flask import redirect, render_template, request
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from market.accounts.to_do import to_do
from market.agencies.to_do import first_fee, pending_account
from market.case_views import case_url
from market.credit.to_do import listed
from market.extensions import db
from market.identity import current_actor
from market.oversight.overview import overview
from market.pagination import sliced
from market.restricted import Stop, grouped
from market.sourcing.to_do import invited
from market.worklist.blueprint import bp
from market.worklist.waiting import waiting
from models.accounts import Delegation, Organisation, may_buy_for_others
from models.actors import Actor
from models.credit import restrictions


@bp.get("/my")
@login_required
def index() -> Response | str:
    """What waits for the reader; who has just confirmed the address goes on with what was begun."""
    actor = current_actor()
    cases = waiting(actor)
    confirmed = actor.confirmed and "confirmed" in request.args
    move = cases[0].workflow.next_act(cases[0], actor) if confirmed and len(cases) == 1 else None
    if move is not None and move.main:
        return redirect(f"{case_url(cases[0].workflow.name, cases[0].identifier)}/{move.act}", 303)
    own = db.session.get(Organisation, actor.organisation_id) if actor.organisation_id else None
    return render_template(
        "worklist/index.html",
        waiting=sliced(cases),
        offered=_offered(actor),
        organisation=own,
        to_do=[
            *to_do(db.session, actor, own),
            *listed(db.session, own),
            *first_fee(db.session, own),
            *invited(db.session, own),
        ],
        pending=pending_account(db.session, own),
        stops=_stops(own, actor),
        confirmed=confirmed,
        overview=overview(actor) if "regulator" in actor.roles else None,
    )


def _stops(own: Organisation | None, actor: Actor) -> list[Stop]:
    """What the reader's own is stopped at by a record or its grade; of its account every page says it."""
    if own is None or own.kind == "authority":
        return []
    found = restrictions.of(db.session, [own])[own.id]
    return grouped([each for each in found if each.source != "account"], all_known=True)


def _offered(actor: Actor) -> list[Delegation]:
    """The delegations that wait for the reader's answer, where it may accept one."""
    if not actor.confirmed or not may_buy_for_others(current_user.user):
        return []
    return [lent for lent in current_user.user.delegations if lent.stands and lent.accepted_at is None]
