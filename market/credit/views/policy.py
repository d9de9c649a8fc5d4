"""The credit policy in print: what counts and by how much, what a record is and what follows."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, render_template
from flask_babel import gettext as _

from market.credit.blueprint import bp
from models.credit import policy
from models.credit.inputs import inputs
from models.credit.policy import ACTIVITIES, GRADES


def _named(activities: Iterable[str]) -> str:
    return _("、").join(_(ACTIVITIES[each]) for each in activities)


@bp.get("/credit/policy")
def rules() -> str:
    current = policy.current()
    return render_template(
        "credit/policy.html",
        rules=current,
        coming=policy.coming(),
        declared=inputs(),
        grades=[(grade, _named(current.limits_of_grade(grade))) for grade in GRADES],
        kinds=[(kind, _named(kind.limits)) for kind in current.kinds.values()],
    )


@bp.get("/credit/policy.toml")
def rules_file() -> Response:
    """The version in effect as it is written, whole: every number, each with what it means."""
    return Response(policy.text_of(policy.current()), mimetype="text/plain; charset=utf-8")
