"""An agency's score: how it is reckoned, from which records, and what would raise it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Response, jsonify, render_template, send_file
from flask_babel import gettext as _
from markupsafe import Markup, escape

from market.case_views import link, pages_shown, readable
from market.charts import lines
from market.config import ROOT
from market.credit.blueprint import bp
from market.extensions import db
from market.formatting import problem_text
from market.identity import current_actor
from market.pagination import paged
from models import clock
from models.accounts import Organisation
from models.cases import case_types_of
from models.credit import past, policy
from models.credit.evidence import Evidence, ScoreLine, Sheet
from models.credit.inputs import inputs
from models.credit.listings import ExternalListing, shown_of
from models.credit.past import CreditHistory
from models.credit.publishing import published
from models.credit.records import CreditRecord
from models.credit.score import of_agency, raises
from models.ratings import coverage

SHOWN = 50  # records of an input on the page; all are in the file
DRAWN = 24  # scores of the past in the chart
LABEL = 0.33  # of its width, which a date takes on a narrow screen


def formula(line: ScoreLine, points: float) -> str:
    """The points of a line as they are reckoned, in figures; empty where they are a plain sum."""
    if line.reckoned is None or line.zero is None:
        return ""
    return f"{points:g} × ({line.reckoned:.3f} − {line.zero:.3f}) = {line.points:+.1f}"


@dataclass(frozen=True, slots=True)
class Step:
    """A score of the past as the reader may see it (points of 100), with what moved it."""

    at: datetime
    score: float
    grade: str | None
    causes: list[Markup]


def _steps(rows: Sequence[CreditHistory], *, whole: bool) -> list[Step]:
    """These scores of the past; of others without the records and lists that are to leave no trace."""
    if whole:
        causes = _causes(rows)
        return [Step(each.at, each.score / 10, each.grade, causes[each.id]) for each in rows]
    causes = _causes(rows, without=_may_be_secret)
    return [Step(each.at, (each.public_score or 0) / 10, each.public_grade, causes[each.id]) for each in rows]


def _now(sheet: Sheet, *, whole: bool) -> Step:
    """The score of now as a reader may see it beside those of the past."""
    if whole:
        return Step(sheet.at, sheet.score, sheet.grade, [])
    tenths, grade = past.without_passing(sheet)
    return Step(sheet.at, tenths / 10, grade, [])


def _drawn(steps: Sequence[Step], name: str) -> Markup | None:
    """The last scores and that of now, oldest first, each at its place in time; None before there are two.

    The first and the last have their day below them, and of those between as many as there is room for.
    """
    if len(steps) < 2:
        return None
    first, last = steps[0].at, steps[-1].at
    places = [(each.at - first) / (last - first) if last > first else 1.0 for each in steps]
    labels = [""] * len(steps)
    written, end = -1.0, 1.0 - LABEL / 2  # the middle of the last, which ends at its point
    for number, place in enumerate(places):
        if number == len(steps) - 1 or (place - written >= LABEL and end - place >= LABEL):
            written, labels[number] = place, f"{steps[number].at.astimezone(clock.BEIJING):%Y-%m-%d}"
    return lines(labels, [(name, "one", [each.score / 100 for each in steps])], _("信用分的变化"), "", places)


def _causes(
    past: Sequence[CreditHistory], without: Callable[[str], bool] = lambda _identifier: False
) -> dict[int, list[Markup]]:
    """What moved each of these scores, as links where the reader may open it.

    Of a credit record, or an entry of a list, that it may not see not even the number.
    """
    named = {identifier for each in past for identifier in each.causes if not without(identifier)}
    shown = pages_shown(named)
    kept = named - _secret(named, shown)
    return {
        each.id: [_said(identifier, shown) for identifier in each.causes if identifier in kept]
        for each in past
    }


def _said(identifier: str, shown: Mapping[str, str]) -> Markup:
    return link(shown[identifier], identifier) if identifier in shown else escape(identifier)


def _secret(named: Iterable[str], shown: Mapping[str, str]) -> set[str]:
    """Those of these cases of which the reader may not know that they are."""
    return {each for each in named if each not in shown and _may_be_secret(each)}


def _may_be_secret(identifier: str) -> bool:
    return bool({CreditRecord, ExternalListing} & set(case_types_of(identifier)))


def _newest(line: ScoreLine) -> list[Evidence]:
    """The records of a line that stand on the page."""
    return sorted(line.evidence, key=lambda each: each.at, reverse=True)[:SHOWN]


def _as_read(sheet: Sheet) -> tuple[Sheet, dict[str, str]]:
    """A sheet as the reader may see it, and where the records behind it are that it may open.

    A record that is not published as a rule counts all the same: its points stand there without its number.
    """
    every = {each.case_identifier for line in sheet.lines for each in line.evidence}
    named = {each.case_identifier for line in sheet.lines for each in _newest(line)}
    named |= {identifier for identifier in every if _may_be_secret(identifier)}
    shown = pages_shown(named)
    secret = _secret(named, shown)
    if not secret:
        return sheet, shown
    lines_read = [
        replace(
            line,
            evidence=tuple(
                replace(each, case_identifier="") if each.case_identifier in secret else each
                for each in line.evidence
            ),
        )
        for line in sheet.lines
    ]
    return replace(sheet, lines=tuple(lines_read)), shown


def _evidence(sheet: Sheet, shown: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The records of each line, the newest first, each with where its page is, if the reader may open it."""
    return {
        line.name: [{"record": each, "url": shown.get(each.case_identifier, "")} for each in _newest(line)]
        for line in sheet.lines
    }


@bp.get("/agencies/<identifier>/credit")
def score(identifier: str) -> str:
    agency, rules = readable(Organisation, identifier), policy.current()
    reckoned = of_agency(db.session, agency.id)
    sheet, shown = _as_read(reckoned)
    whole = past.whole_for(agency, current_actor())
    history = past.of_agency(agency, whole=whole)
    page = paged(history)
    drawn = _steps(db.session.scalars(history.limit(DRAWN)).all()[::-1], whole=whole)
    name = _("信用分") if whole else _("信用分(不含信用记录和外部名录)")
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
        evidence=_evidence(sheet, shown),
        listings=list(db.session.scalars(shown_of(agency.id, current_actor()))),
        most=SHOWN,
        steps=[problem_text(step) for step in raises(sheet, rules, clock.now())],
        page=page,
        whole=whole,
        history=_steps(page.rows, whole=whole),
        chart=_drawn([*drawn, _now(reckoned, whole=whole)], name),
    )


@bp.get("/agencies/<identifier>/credit.json")
def score_data(identifier: str) -> Response:
    """All that is needed to reckon a score again, for docs/replay_score.py and whoever checks it."""
    agency, rules, now = readable(Organisation, identifier), policy.current(), clock.now()
    sheet, _pages = _as_read(of_agency(db.session, agency.id, now, rules))
    return jsonify(published(agency, sheet, rules, now))


@bp.get("/replay_score.py")
def replayer() -> Response:
    """The stand-alone program that reckons a published score again."""
    return send_file(ROOT / "docs" / "replay_score.py", mimetype="text/x-python", as_attachment=True)
