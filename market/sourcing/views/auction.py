"""The live auction: standing, a lower price, and the record of who gave which once it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, redirect, render_template, stream_with_context, url_for
from flask_login import current_user, login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_views import attempt, not_found
from market.extensions import db
from market.identity import current_actor, load
from market.sourcing.actions import auction as auction_actions
from market.sourcing.blueprint import bp, readable
from market.sourcing.forms import UndercutForm
from models.errors import Problem
from models.sourcing.bids import Bid, LivePrice, step
from models.sourcing.tenders import Tender


@dataclass(frozen=True)
class Seat:
    """The tender, its bids, the reader's own, and whether the reader sees the prices.

    While it runs the bidders do, and the buyer's side, without names; whoever oversees it sees how many there
    are, and the rest at its end with everybody.
    """

    tender: Tender
    bids: list[Bid]
    mine: Bid | None
    sees: bool


def _seat(identifier: str) -> Seat:
    """Where the reader sits in an auction. NotFound for whoever has no part in it before its end."""
    found, actor = readable(identifier), current_actor()
    bids = list(
        db.session.scalars(
            select(Bid).where(Bid.tender_id == found.id, Bid.state == "opened").order_by(Bid.price, Bid.id)
        )
    )
    mine = next((bid for bid in bids if bid.agency_id == actor.organisation_id), None)
    roles = found.roles_of(actor)
    if found.auction_started_at is None or not bids or not (mine or roles or found.opened):
        raise not_found(identifier)
    return Seat(found, bids, mine, bool(mine) or "buyer" in roles or found.opened)


def _standing(identifier: str) -> dict[str, Any]:
    """What the standing shows: prices without names while it runs, and where one's own stands.

    Only to who may see them. Equals stand on one place until the draw at the end parts them.
    """
    seat = _seat(identifier)
    found, mine = seat.tender, seat.mine
    if not seat.sees:
        return {"tender": found, "count": len(seat.bids), "sees": False, "mine": None}
    given = select(LivePrice).where(LivePrice.tender_id == found.id).order_by(LivePrice.id.desc())
    own, best = (mine.price or 0) if mine else 0, seat.bids[0].price or 0
    return {
        "tender": found,
        "count": len(seat.bids),
        "sees": True,
        "mine": mine,
        "place": _place(seat, own),
        "equal": sum(bid.price == own for bid in seat.bids) - 1,
        "prices": list(db.session.scalars(given).unique()),
        "best": best,
        "most": best - step(found, best),
    }


def _place(seat: Seat, own: int) -> int:
    """Where the reader's own price stands.

    By the prices alone while it runs, and by the published ranking once that is there.
    """
    ranking = seat.tender.outcome.ranking if seat.tender.outcome else []
    if seat.tender.opened and seat.mine is not None and seat.mine.identifier in ranking:
        return ranking.index(seat.mine.identifier) + 1
    return 1 + sum((bid.price or 0) < own for bid in seat.bids)


@bp.route("/requests/<identifier>/auction", methods=["GET", "POST"])
@login_required
def auction(identifier: str) -> Response | str | tuple[str, int]:
    standing, form, status = _standing(identifier), UndercutForm(), 200
    mine = standing["mine"]
    if form.is_submitted():
        status = 422
        if mine is None:
            raise not_found(identifier)
        if form.validate():
            result, status = attempt(form, auction_actions.undercut, mine.identifier, **form.values())
            if result is not None:
                return redirect(url_for("sourcing.auction", identifier=identifier), 303)
            standing = _standing(identifier)
    return render_template("sourcing/auction.html", form=form, **standing), status


@bp.get("/requests/<identifier>/auction/stream")
@login_required
def auction_stream(identifier: str) -> Response:
    """The standing as server-sent events: at once, and again whenever it changes while the stream is held.

    A stream is held for STREAM_SECONDS and then ends, and the browser comes again by itself. At most half of
    the server's threads are held so; whoever comes then is answered at once and comes again a little later.
    """
    _seat(identifier)
    seconds, held = current_app.config["STREAM_SECONDS"], current_app.extensions["held streams"]

    def tell() -> Iterator[str]:
        shown = _fragment(identifier)
        yield "retry: 1500\n" + _event(shown)
        if not seconds or not held.acquire(blocking=False):
            return
        try:
            for _ in range(int(seconds * 2)):
                time.sleep(0.5)
                db.session.rollback()
                signed_in = load(current_user.get_id())
                if signed_in is None:  # signed out, blocked, or gone too long: elsewhere, meanwhile
                    return
                g.actor = signed_in.actor
                try:
                    fresh = _fragment(identifier)
                except Problem:
                    return
                if fresh != shown:
                    yield _event(shown := fresh)
        finally:
            held.release()

    return Response(stream_with_context(tell()), mimetype="text/event-stream")  # type: ignore[arg-type]


def _fragment(identifier: str) -> str:
    db.session.rollback()
    return render_template("sourcing/standing.html", **_standing(identifier))


def _event(fragment: str) -> str:
    lines = "".join(f"data: {line}\n" for line in fragment.splitlines() if line.strip())
    return f"event: standing\n{lines}\n"
