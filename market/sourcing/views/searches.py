"""Searches among the tenders that an organisation keeps."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import Length

from market.case_views import form_page
from market.extensions import db
from market.forms import Form, choices
from market.identity import current_actor
from market.options import item_options, region_asked, region_choices
from market.sourcing.actions import searching
from market.sourcing.blueprint import bp
from models.sourcing.modes import MODES
from models.sourcing.saved_searches import MOST_WORDS, TenderSearch, of_organisation


class SearchForm(Form):
    item = SelectField(_l("事项"))
    region = SelectField(_l("地区"))
    mode = SelectField(_l("选取方式"))
    words = StringField(
        _l("项目名称包含"), [Length(max=MOST_WORDS)], description=_l("几个词用空格分开,每个都要有。")
    )
    alert = BooleanField(_l("有新的公开采购符合时通知我们"), default=True)

    def offer(self) -> None:
        anything = [("", _("不限"))]
        self.item.choices = choices([*anything, *item_options()])
        self.region.choices = choices([*anything, *region_choices()])
        self.mode.choices = choices([*anything, *mode_options()])


def mode_options() -> list[tuple[str, str]]:
    return [(name, _(mode.label)) for name, mode in MODES.items()]


@bp.get("/my/searches")
@login_required
def searches() -> str:
    kept = of_organisation(db.session, current_actor().organisation_id or 0)
    return render_template(
        "sourcing/searches.html",
        searches=kept,
        items=dict(item_options()),
        modes=dict(mode_options()),
    )


@bp.route("/my/searches/new", methods=["GET", "POST"])
@login_required
def new_search() -> Response | str | tuple[str, int]:
    asked = TenderSearch.of({**request.args, "region": region_asked()})
    form = SearchForm(item=asked.item, region=asked.region, mode=asked.mode, words=asked.words)
    form.offer()
    return form_page(
        form,
        _("保存搜索"),
        searching.save,
        lambda _number: url_for("sourcing.searches"),
        back=url_for("sourcing.index", **dict[str, Any](asked.asked())),
        lead=_("保存后,有新的公开采购需求符合这些条件,就出现在贵单位的通知里。"),
    )


@bp.post("/my/searches/<int:number>/remove")
@login_required
def remove_search(number: int) -> Response:
    searching.forget(current_actor(), number)
    return redirect(url_for("sourcing.searches"), 303)
