"""An agency's score: how it is reckoned, from which records, and what would raise it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, render_template, send_file
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from market.case_views import link, readable, url_of
from market.charts import lines
from market.config import ROOT
from market.credit.blueprint import bp
from market.extensions import db
from market.formatting import problem_text
from market.identity import current_actor
from market.pagination import paged
from models import clock
from models.accounts import Organisation
from models.credit import policy
from models.credit.evidence import ScoreLine, Sheet
from models.credit.inputs import inputs
from models.credit.kept import CreditHistory
from models.credit.listings import ExternalListing, shown_of
from models.credit.publishing import published
from models.credit.records import CreditRecord
from models.credit.score import of_agency, raises
from models.ratings import coverage

SHOWN = 50  # records of an input on the page; all are in the file
DRAWN = 24  # scores of the past in the chart


def formula(line: ScoreLine, points: float) -> str:
    """The points of a line as they are reckoned, in figures; empty where they are a plain sum."""
    if line.reckoned is None or line.zero is None:
        return ""
    return f"{points:g} × ({line.reckoned:.3f} − {line.zero:.3f}) = {line.points:+.1f}"


def _drawn(past: Sequence[CreditHistory]) -> Markup | None:
    """The last scores, oldest first; None before there are two."""
    if len(past) < 2:
        return None
    every = max(1, len(past) // 6)
    labels = [
        f"{each.at.astimezone(clock.BEIJING):%m-%d}" if place % every == 0 else ""
        for place, each in enumerate(past)
    ]
    return lines(labels, [(_("信用分"), "one", [each.score / 1000 for each in past])], _("信用分的变化"), "")


def _causes(past: Sequence[CreditHistory]) -> dict[int, list[Markup]]:
    """What moved each of these scores, as links.

    A credit record, or an entry of a list, only for whoever may see it now.
    """
    named = {identifier for each in past for identifier in each.causes}
    records: set[str] = set()
    shown: set[str] = set()
    for kind in (CreditRecord, ExternalListing):
        about = select(kind.identifier).where(kind.identifier.in_(named))
        records |= set(db.session.scalars(about))
        shown |= set(db.session.scalars(about.where(kind.shown_to(current_actor()))))
    return {
        each.id: [
            link(url_of(identifier), identifier)
            for identifier in each.causes
            if identifier not in records or identifier in shown
        ]
        for each in past
    }


def _evidence(sheet: Sheet) -> dict[str, list[dict[str, Any]]]:
    """The records of each line, the newest first, each with where its page is."""
    return {
        line.name: [
            {"record": each, "url": url_of(each.case_identifier) if each.case_identifier else ""}
            for each in sorted(line.evidence, key=lambda each: each.at, reverse=True)[:SHOWN]
        ]
        for line in sheet.lines
    }


@bp.get("/agencies/<identifier>/credit")
def score(identifier: str) -> str:
    agency, rules = readable(Organisation, identifier), policy.current()
    sheet = of_agency(db.session, agency.id)
    past = select(CreditHistory).where(CreditHistory.agency_id == agency.id)
    page = paged(past.order_by(CreditHistory.id.desc()))
    drawn = list(db.session.scalars(past.order_by(CreditHistory.id.desc()).limit(DRAWN)))[::-1]
    return render_template(
        "credit/score.html",
        agency=agency,
        rules=rules,
        sheet=sheet,
        declared=inputs(),
        covered=coverage.of_organisations(db.session, [agency.id])[agency.id],
        formulas={
            line.name: formula(line, float(rules.rate(f"inputs.{line.name}.points"))) for line in sheet.lines
        },
        evidence=_evidence(sheet),
        listings=list(db.session.scalars(shown_of(agency.id, current_actor()))),
        most=SHOWN,
        steps=[problem_text(step) for step in raises(sheet, rules, clock.now())],
        page=page,
        causes=_causes(page.rows),
        chart=_drawn(drawn),
    )


@bp.get("/agencies/<identifier>/credit.json")
def score_data(identifier: str) -> Response:
    """All that is needed to reckon a score again, for docs/replay_score.py and whoever checks it."""
    agency, rules, now = readable(Organisation, identifier), policy.current(), clock.now()
    return jsonify(published(agency, of_agency(db.session, agency.id, now, rules), rules, now))


@bp.get("/replay_score.py")
def replayer() -> Response:
    """The stand-alone program that reckons a published score again."""
    return send_file(ROOT / "docs" / "replay_score.py", mimetype="text/x-python", as_attachment=True)
