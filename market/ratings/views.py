"""Rating the other side."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired

from market.case_registry import ActPage, register_case
from market.case_views import landing, visible
from market.forms import Form, choices, fits
from market.ratings import actions
from market.ratings.blueprint import bp
from models.ratings import DIMENSIONS, Rating

STARS = [(n, str(n)) for n in range(5, 0, -1)]


class RateForm(Form):
    """Five dimensions, from 1 to 5; which five depends on who rates."""

    comment = TextAreaField(
        _l("评语"), [fits(Rating.comment)], description=_l("双方都评价后,或评价期满,才同时公布。")
    )

    def scores(self) -> dict[str, int]:
        return {name: field.data for name, field in self._fields.items() if isinstance(field, RadioField)}


def _form(by: str) -> type[RateForm]:
    fields: dict[str, Any] = {
        name: RadioField(
            _l(label), [InputRequired(_l("请给出 1 到 5 分。"))], choices=choices(STARS), coerce=int
        )
        for name, label in DIMENSIONS[by].items()
    }
    return type("RateForm", (RateForm,), fields)


FORMS = {by: _form(by) for by in DIMENSIONS}


@bp.get("/ratings/<identifier>")
@login_required
def show(identifier: str) -> Response:
    return redirect(landing(visible(Rating, identifier)), 303)


register_case(
    bp,
    Rating,
    url="/ratings",
    page=show,
    acts={
        "rate": ActPage(
            actions.rate,
            build=lambda rating: FORMS[rating.by],
            values=lambda form: {"scores": form.scores(), "comment": form.comment.data or ""},
        )
    },
    timed={"publish": actions.publish, "lapse": actions.lapse},
)
