"""A notice is read when somebody of the organisation opens what it is about, whichever way he came there.

That of a message when its conversation is opened, whatever else of the case was. It is noted after the answer
has gone out: nobody who reads a page waits for a lock.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request
from sqlalchemy.exc import OperationalError

from market.case_views import CONVERSATION
from market.extensions import db
from market.identity import current_actor, signs_in
from market.transaction import transaction
from models import notifications

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """After each page of a case, note that its notices were read; say how many wait on every page."""
    app.jinja_env.globals["unread_notices"] = unread

    @app.after_request
    def note(response: Response) -> Response:
        case = (request.view_args or {}).get("identifier")
        if response.status_code != 200 or request.method != "GET" or not case or not signs_in():
            return response
        organisation = current_actor().organisation_id
        if organisation is not None:
            talk = request.endpoint == CONVERSATION
            response.call_on_close(lambda: _opened(app, organisation, str(case), talk))
        return response


def unread() -> str:
    """How many notices the reader's organisation has not read, as a menu says it; empty for none."""
    if g.get("apart"):
        return ""
    if "unread" not in g:
        g.unread = notifications.unread(db.session, current_actor().organisation_id)
    count: int = g.unread
    return f"{count - 1}+" if count >= notifications.MOST_COUNTED else str(count or "")


def _opened(app: Flask, organisation: int, case: str, talk: bool) -> None:
    with app.app_context():
        try:
            numbers = notifications.unread_about(db.session, organisation, case, talk=talk)
            db.session.rollback()
            if numbers:
                with transaction() as session:
                    notifications.read(session, numbers)
        except OperationalError:
            log.warning("could not note that notices were read", exc_info=True)
