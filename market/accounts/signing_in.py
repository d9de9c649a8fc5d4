"""The steps of signing in after the password, and the way back for who forgot it."""

from __future__ import annotations

from flask import current_app, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from market import attempts
from market.accounts.actions import passkeys, resets, second_factor
from market.accounts.blueprint import bp
from market.accounts.forms import CodeForm, ForgottenForm, ResetForm
from market.case_views import attempt
from market.extensions import db, limiter, place
from market.formatting import problem_text
from market.identity import enter, halfway, stop_halfway
from models.accounts import User
from models.actors import VISITOR
from models.errors import NotFound
from models.factors import kinds
from models.i18n import N_


def welcome(user: User, target: str, factor: str = "") -> Response:
    """This person is signed in, and goes on to where it wanted to."""
    enter(user, factor)
    attempts.know(user)
    return redirect(target or url_for("worklist.index"), 303)


@bp.route("/sign-in/second", methods=["GET", "POST"])
def second() -> Response | str | tuple[str, int]:
    """What is shown after the password: a passkey where there is script, else a code."""
    waiting = halfway()
    if waiting is None:
        return redirect(url_for("accounts.sign_in"), 303)
    form, status, user = CodeForm(), 200, waiting.user
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                factor = _shown(form)
            except attempts.TooMany as problem:
                form.refuse(problem, problem_text(problem))
                status = problem.status
            else:
                if factor:
                    return welcome(user, session.get("next", ""), factor)
                status = 401
    return render_template(
        "accounts/second.html",
        form=form,
        options=passkeys.asked_to_sign(db.session, waiting),
        kinds=kinds(db.session, user.id),
    ), status


def _shown(form: CodeForm) -> str | None:
    waiting = halfway()
    assert waiting is not None
    if form.answer.data:
        if passkeys.shown(waiting, form.answer.data):
            return "passkey"
        form.form_errors.append(_("通行密钥没有通过,请重试或改用验证码。"))
        return None
    factor = second_factor.shown(waiting.user, form.code.data or "")
    if factor is None:
        form.code.errors = [_("验证码不对,或者已经用过;等验证器换了数字再填。")]
    return factor


@bp.route("/forgotten", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"], key_func=lambda: f"forgotten {place()}")
def forgotten() -> Response | str | tuple[str, int]:
    """Ask for a way to another password: whatever the address, this is all that happens here."""
    form = ForgottenForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, resets.ask_as_nobody, email=form.email.data)
            if made is not None:
                current_app.extensions["jobs"].wake("outside")
                return redirect(url_for("accounts.forgotten_sent"), 303)
    return render_template("accounts/forgotten.html", form=form), status


@bp.get("/forgotten/sent")
def forgotten_sent() -> str:
    return render_template("accounts/forgotten_sent.html")


@bp.route("/forgotten/<token>", methods=["GET", "POST"])
def reset(token: str) -> Response | str | tuple[str, int]:
    """Choose another password, once; signing in with it, and the second factor, come after."""
    if not resets.is_open(db.session, token):
        raise NotFound(N_("这个链接已经用过、已经过期或不完整;可以再要一次。"))
    form, status = ResetForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(
                form,
                lambda _actor, **values: resets.choose(VISITOR, token, **values),
                password=form.password.data,
            )
            if made is not None:
                return redirect(url_for("accounts.sign_in", reset=1), 303)
    return render_template(
        "layout/form.html",
        form=form,
        heading=_("设置新密码"),
        lead=_("设好后其他登录都会退出。"),
        back=url_for("accounts.sign_in"),
    ), status


def first_step(user: User, target: str | None) -> Response:
    """After the right password: in, or on to the second factor of who has one."""
    if kinds(db.session, user.id):
        stop_halfway(user, target)
        return redirect(url_for("accounts.second"), 303)
    return welcome(user, target or "")
