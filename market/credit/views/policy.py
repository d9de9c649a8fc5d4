"""The credit policy in print: what counts and by how much, what a record is and what follows."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, render_template
from flask_babel import gettext as _

from market.credit.blueprint import bp
from market.formatting import bilingual
from models.credit import policy
from models.credit.inputs import inputs
from models.credit.policy import ACTIVITIES, GRADES, SUBJECTS, Kind, Weight


def _named(activities: Iterable[str]) -> str:
    return _("、").join(_(ACTIVITIES[each]) for each in activities)


def months_of(weight: Weight) -> str:
    """From how many months to how many a record of this weight may be decided to last."""
    return _("%(least)s–%(most)s 个月", least=max(weight.least_months, 1), most=weight.longest_months)


def subjects_of(kind: Kind) -> str:
    """Whom a kind of record is about."""
    return _("、").join(_(SUBJECTS[each]) for each in kind.subjects)


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
        ranges={key: months_of(weight) for key, weight in current.weights.items()},
        subjects={kind.key: subjects_of(kind) for kind in current.kinds.values()},
        lists=[(each, _named(each.limits)) for each in current.lists.values()],
        sources=[bilingual(each.names) for each in current.sources.values()],
    )


@bp.get("/credit/policy.toml")
def rules_file() -> Response:
    """The version in effect as it is written, whole: every number, each with what it means."""
    return Response(policy.text_of(policy.current()), mimetype="text/plain; charset=utf-8")
