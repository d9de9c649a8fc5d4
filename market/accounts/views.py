"""Signing in and up, the worklist, the language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import login_required, login_user, logout_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.accounts import actions
from market.accounts.forms import SignInForm, SignUpForm
from market.accounts.identity import SignedIn, current_actor
from market.config import LOCALES
from market.extensions import db, limiter
from market.pages import attempt, paged, waiting
from models.accounts import User
from models.notices import Notice

rooms = Blueprint("accounts", __name__)


def _inside(target: str | None) -> str | None:
    """A path of this site, or None: nobody is sent elsewhere by a link."""
    parts = urlsplit(target or "")
    return target if target and not parts.netloc and not parts.scheme and target.startswith("/") and target[1:2] != "/" else None


@rooms.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def sign_in() -> Response | str | tuple[str, int]:
    form = SignInForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            user = db.session.scalars(select(User).where(User.email == form.email.data.strip().lower())).one_or_none()
            if user and user.check_password(form.password.data):
                session.clear()
                login_user(SignedIn(user))
                session["locale"] = user.locale
                return redirect(_inside(request.args.get("next")) or url_for("accounts.worklist"), 303)
            form.form_errors.append(_("邮箱或密码不正确。"))
            status = 401
    return render_template("accounts/sign_in.html", form=form, demo=current_app.config["DEMO"]), status


@rooms.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def sign_up() -> Response | str | tuple[str, int]:
    form = SignUpForm()
    form.prepare()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            values = {k: v for k, v in form.values().items() if k != "submission"}
            result, status = attempt(form, actions.sign_up, **values)
            if result is not None:
                user = db.session.scalars(select(User).where(User.email == values["email"].strip().lower())).one()
                login_user(SignedIn(user))
                return redirect(url_for("accounts.worklist"), 303)
    return render_template("accounts/sign_up.html", form=form), status


@rooms.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    return redirect(url_for("catalogue.home"), 303)


@rooms.get("/my")
@login_required
def worklist() -> str:
    return render_template("accounts/worklist.html", waiting=waiting(current_actor()))


@rooms.get("/my/notices")
@login_required
def notices() -> str:
    mine = Notice.organisation_id == (current_actor().organisation_id or 0)
    page = paged(select(Notice).where(mine).order_by(Notice.id.desc()))
    return render_template("accounts/notices.html", page=page)


@rooms.post("/language/<locale>")
def language(locale: str) -> Response:
    if locale in LOCALES:
        session["locale"] = locale
    return redirect(_inside(request.form.get("back")) or url_for("catalogue.home"), 303)
