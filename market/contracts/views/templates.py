"""Contract templates and the clause rules, for everybody to read and for authorities to keep."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import redirect, render_template, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from market.case_views import attempt, not_found
from market.contracts.actions import drafting
from market.contracts.blueprint import bp
from market.contracts.forms import template_form
from market.extensions import db
from models import clock
from models.base import Json
from models.catalogue import KINDS
from models.contracts.clauses import TONES, rules, rules_version
from models.contracts.templates import (
    MOST_MILESTONES,
    PLACES,
    ContractTemplate,
    changed_clauses,
    current_templates,
    templates_of,
)


@bp.get("/contract-templates")
def templates() -> str:
    return render_template("contracts/templates.html", current=current_templates(db.session), kinds=KINDS)


@bp.get("/contract-templates/<identifier>")
def template(identifier: str) -> str:
    """A kind's template, version by version.

    `identifier` is a kind, or one version as `kind/2` is written `kind-2`.
    """
    kind = identifier.partition("/")[0]
    versions = templates_of(db.session, kind)
    if not versions:
        raise not_found(identifier)
    pairs = zip(versions, [*versions[1:], None], strict=True)
    present = current_templates(db.session).get(kind)
    history = [
        (version, changed_clauses(before.clauses, version.clauses) if before else [])
        for version, before in pairs
    ]
    return render_template(
        "contracts/template.html",
        kind=kind,
        kinds=KINDS,
        present=present,
        history=history,
        today=clock.today(),
    )


@bp.route("/contract-templates/<identifier>/revise", methods=["GET", "POST"])
@login_required
def revise_template(identifier: str) -> Response | str | tuple[str, int]:
    newest = next(iter(templates_of(db.session, identifier)), None)
    if newest is None:
        raise not_found(identifier)
    form: Any = template_form(newest)()
    if not form.is_submitted():
        _show(form, newest)
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            about = {
                "title": form.title.data,
                "effective_from": form.effective_from.data,
                "reason": form.reason.data or "",
            }
            result, status = attempt(
                form,
                drafting.publish_template,
                identifier,
                clauses=_clauses(form, newest),
                milestones=_milestones(form),
                **about,
            )
            if result is not None:
                return redirect(url_for("contracts.template", identifier=identifier), 303)
    return render_template(
        "contracts/revise_template.html",
        form=form,
        template=newest,
        kinds=KINDS,
        places=PLACES,
        count=len(newest.clauses) + 2,
        milestones=MOST_MILESTONES,
    ), status


def _show(form: Any, template: ContractTemplate) -> None:
    form.title.data = template.title
    for place, clause in enumerate(template.clauses):
        form[f"title_{place}"].data, form[f"text_{place}"].data, form[f"fixed_{place}"].data = (
            clause["title"],
            clause["text"],
            clause["fixed"],
        )
    for place, row in enumerate(template.milestones, 1):
        form[f"name_{place}"].data, form[f"reviewed_{place}"].data = row["name"], row["reviewed"]
        form[f"days_{place}"].data, form[f"share_{place}"].data = (
            int(Fraction(row["days"]) * 100),
            int(Fraction(row["share"]) * 100),
        )


def _clauses(form: Any, template: ContractTemplate) -> list[Json]:
    """The clauses as filled in; one emptied is gone, a new one goes before the last two."""
    kept: list[Json] = []
    added: list[Json] = []
    for place in range(len(template.clauses) + 2):
        title, text = (form[f"{part}_{place}"].data or "" for part in ("title", "text"))
        if not title.strip() and not text.strip():
            continue
        old = place < len(template.clauses)
        key = template.clauses[place]["key"] if old else f"v{template.version + 1}_{place}"
        (kept if old else added).append(
            {"key": key, "title": title.strip(), "text": text.strip(), "fixed": form[f"fixed_{place}"].data}
        )
    return [*kept[:-2], *added, *kept[-2:]]


def _milestones(form: Any) -> list[Json]:
    rows = []
    for place in range(1, MOST_MILESTONES + 1):
        name, days, share = (form[f"{part}_{place}"].data for part in ("name", "days", "share"))
        if (name or "").strip() or days or share:
            rows.append(
                {
                    "name": (name or "").strip(),
                    "days": f"{days or 0}/100",
                    "share": f"{share or 0}/100",
                    "reviewed": form[f"reviewed_{place}"].data,
                }
            )
    return rows


@bp.get("/clause-rules")
def clause_rules() -> str:
    """What the clause checker looks for, and on what law it rests."""
    return render_template(
        "contracts/rules.html", rules=rules(), version=rules_version(), tones=TONES, kinds=KINDS
    )
