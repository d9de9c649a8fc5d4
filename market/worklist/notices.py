"""The page of notices, and the pages on which somebody chooses how to hear of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import abort, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from market import filters, mail
from market.case_views import attempt, event_url, form_page
from market.channels import Channel, channels
from market.config import LOCALES
from market.extensions import db, limiter
from market.filters import Filters
from market.forms import Form, choices
from market.identity import current_actor
from market.pagination import paged
from market.transaction import transaction
from market.worklist import actions
from market.worklist.blueprint import bp
from models import notice_settings
from models.i18n import N_
from models.notice_settings import WHEN, ContactAddress, Wishes
from models.notifications import KINDS, Notification, read


class AddressForm(Form):
    address = StringField(validators=[InputRequired(), Length(max=64)])


class CodeForm(Form):
    code = StringField(
        _l("验证码"), [InputRequired(), Length(max=10)], render_kw={"autocomplete": "one-time-code"}
    )


FILTERS = Filters(
    filters.labels("kind", _l("关于"), KINDS),
    filters.only("unread", _l("只看未读的")),
)


@bp.get("/my/notices")
@login_required
def notifications() -> str | tuple[str, int]:
    mine = Notification.organisation_id == (current_actor().organisation_id or 0)
    query, asked = select(Notification).where(mine), FILTERS.asked()
    if asked.get("kind"):
        query = query.where(Notification.kind == asked["kind"])
    if asked.get("unread"):
        query = query.where(Notification.read_at.is_(None))
    return filters.rendered(
        "worklist/notifications.html",
        page=paged(query.order_by(Notification.id.desc())),
        kinds=KINDS,
        asked=asked,
    )


@bp.get("/my/notices/<int:number>")
@login_required
def notice(number: int) -> Response:
    """Where letters lead: to what the notice is about. It is read by that."""
    found = db.session.get(Notification, number)
    if found is None or found.organisation_id != current_actor().organisation_id:
        abort(404)
    to = event_url(found.event)
    if found.read_at is None:
        with transaction() as session:
            read(session, [number])
    return redirect(to, 303)


@bp.post("/my/notices/read")
@login_required
def read_all() -> Response:
    actions.read_all(current_actor())
    return redirect(url_for("worklist.notifications"), 303)


def _wishes_form(offered: dict[str, Channel]) -> Any:
    """A form with a choice for each kind of notice by each channel."""
    fields = {
        f"{way.name}_{kind}": SelectField(
            choices=choices(
                (when, _(label)) for when, label in WHEN.items() if when != "daily" or way.digests
            )
        )
        for way in offered.values()
        for kind in KINDS
    }
    locale = SelectField(_l("通知用的语言"), choices=choices(LOCALES.items()))
    return type("WishesForm", (Form,), {"locale": locale, **fields})


@bp.route("/my/notices/settings", methods=["GET", "POST"])
@login_required
def settings() -> Response | str | tuple[str, int]:
    mine = notice_settings.settings_of(db.session, current_user.user)
    chosen, offered = mine.wishes if mine else Wishes(), channels()
    form = _wishes_form(offered)(
        locale=mine.locale if mine else str(get_locale()),
        **{f"{way}_{kind}": chosen.when(way, kind) for way in offered for kind in KINDS},
    )
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            wishes = {way: {kind: form[f"{way}_{kind}"].data for kind in KINDS} for way in offered}
            done, status = attempt(form, actions.choose, locale=form.locale.data, wishes=wishes)
            if done is not None:
                return redirect(url_for("worklist.settings", saved=1), 303)
    shown = select(ContactAddress).where(ContactAddress.user_id == current_user.user.id)
    return render_template(
        "worklist/settings.html",
        form=form,
        offered=offered,
        kinds=KINDS,
        addresses={each.channel: each for each in db.session.scalars(shown)},
        mails=mail.sends(),
    ), status


@bp.route("/my/notices/address/<channel>", methods=["GET", "POST"])
@login_required
@limiter.limit("20 per hour", methods=["POST"])
def new_address(channel: str) -> Response | str | tuple[str, int]:
    way = _way(channel)
    form = AddressForm()
    form.address.label.text = _(way.address_label)
    return form_page(
        form,
        _(way.label),
        partial(actions.ask_address, channel=channel),
        lambda name: url_for("worklist.confirm_address", channel=name),
        back=url_for("worklist.settings"),
        lead=_("我们往这里发一个验证码,填回来才开始发送通知。"),
    )


@bp.route("/my/notices/address/<channel>/confirm", methods=["GET", "POST"])
@login_required
@limiter.limit("30 per hour", methods=["POST"])
def confirm_address(channel: str) -> Response | str | tuple[str, int]:
    way, form, status = _way(channel), CodeForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            done, status = attempt(form, actions.confirm_address, channel, code=form.code.data)
            if done:
                return redirect(url_for("worklist.settings"), 303)
            if done is not None:
                form.code.errors, status = [_("验证码不对。")], 422
    return render_template(
        "layout/form.html",
        form=form,
        heading=_(N_("确认")) + " · " + _(way.label),
        lead=_("请填写收到的六位验证码,十分钟内有效。"),
        back=url_for("worklist.settings"),
    ), status


@bp.post("/my/notices/address/<channel>/remove")
@login_required
def remove_address(channel: str) -> Response:
    actions.forget_address(current_actor(), channel)
    return redirect(url_for("worklist.settings"), 303)


def _way(channel: str) -> Channel:
    """A channel that has addresses of its own, or not found."""
    way = channels().get(channel)
    if way is None or not way.form:
        abort(404)
    return way
