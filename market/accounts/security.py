"""Pages about one's own safety: where one is signed in, the second factor.

And what an administrator does for who lost it.
"""

from __future__ import annotations

from typing import Any

import segno
from flask import Flask, redirect, render_template, request, session, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market import mail
from market.accounts.actions import passkeys, second_factor, sessions
from market.accounts.actions.second_factor import Offer, fresh_offer, offered
from market.accounts.blueprint import bp
from market.accounts.forms import AuthenticatorForm, NewPasskeyForm, PersonalActForm, ProveForm
from market.case_views import attempt, form_page
from market.extensions import db
from market.identity import current_actor, leave, renew, signs_in, waived
from market.pagination import paged
from models import factors
from models.accounts import User
from models.errors import NotAllowed, NotFound
from models.factors import Passkey
from models.i18n import N_
from models.letters import Letter
from models.sessions import Lifetime, open_of

# What somebody may see before the second factor that is asked of it was set up; of everything else nothing.
CONFINED = {
    "security",
    "authenticator",
    "new_passkey",
    "sign_out",
    "language",
    "password",
    "sign_in",
    "own_sessions",
    "end_sessions",
    "end_session",
}
_OFFER = "offer"  # where the browser keeps what is offered, sealed


def register(app: Flask) -> None:
    @app.before_request
    def confine() -> Response | None:
        """Whoever is to show a second factor and has none sets one up first, on whatever way it came."""
        endpoint = request.endpoint or ""
        if (
            endpoint.rpartition(".")[2] == "static"
            or not signs_in()
            or not current_user.is_authenticated
            or not current_user.lacks_factor()
        ):
            return None
        if endpoint.startswith("accounts.") and endpoint.partition(".")[2] in CONFINED:
            return None
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("accounts.security"), 303)
        raise NotAllowed(N_("请先设置第二重验证。"))


@bp.get("/my/sessions")
@login_required
def own_sessions() -> str:
    page = paged(open_of(current_user.user.id))
    allowed = Lifetime.of(current_actor().roles)
    return render_template(
        "accounts/sessions.html",
        page=page,
        here=current_user.key,
        idle=format_timedelta(allowed.idle),
        longest=format_timedelta(allowed.longest),
    )


@bp.post("/my/sessions/<handle>/end")
@login_required
def end_session(handle: str) -> Response:
    here = handle == current_user.handle
    sessions.end_one(current_actor(), handle)
    if here:
        leave()
    return redirect(url_for("catalogue.home" if here else "accounts.own_sessions"), 303)


@bp.post("/my/sessions/end")
@login_required
def end_sessions() -> Response:
    sessions.end_mine(current_actor())
    leave()
    return redirect(url_for("accounts.sign_in", ended=1), 303)


@bp.get("/my/security")
@login_required
def security() -> str:
    key = current_user.user.id
    keys = db.session.scalars(select(Passkey).where(Passkey.user_id == key).order_by(Passkey.id)).all()
    return render_template(
        "accounts/security.html",
        kinds=factors.kinds(db.session, key),
        keys=keys,
        left=factors.codes_left(db.session, key),
        party=passkeys.party(),
        must=current_user.lacks_factor(),
        waived=waived(current_user.actor),
    )


def _offer() -> Offer:
    """What this browser is offered to set up; the same until it is taken up."""
    found = offered(session.get(_OFFER, ""))
    if found is None:
        found = fresh_offer()
        session[_OFFER] = found.sealed()
    return found


def _set_up(factor: str, with_codes: str, offer: Offer) -> str | Response:
    """This browser goes on as one that showed a factor; recovery codes are shown now and never again."""
    _renewed(factor)
    if not with_codes:
        session.pop(_OFFER, None)
        return redirect(url_for("accounts.security"), 303)
    return render_template("accounts/codes.html", codes=offer.codes)


def _renewed(factor: str) -> None:
    key = current_user.user.id
    db.session.expire_all()
    renew(db.session.get_one(User, key), factor)


@bp.route("/my/security/authenticator", methods=["GET", "POST"])
@login_required
def authenticator() -> Response | str | tuple[str, int]:
    form, status = AuthenticatorForm(), 200
    offer, address = _offer(), current_user.user.address
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, second_factor.add_authenticator, offer, **form.values())
            if made is not None:
                return _set_up("totp", made, offer)
    picture = segno.make(second_factor.provisioning(offer, address), error="m").svg_data_uri(
        scale=4, border=2
    )
    return render_template(
        "accounts/authenticator.html", form=form, picture=picture, secret=offer.secret
    ), status


@bp.route("/my/security/passkeys/new", methods=["GET", "POST"])
@login_required
def new_passkey() -> Response | str | tuple[str, int]:
    form, status, sign_in, offer = NewPasskeyForm(), 200, current_user.sign_in, _offer()
    options = passkeys.asked_to_register(db.session, sign_in)
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, passkeys.add, sign_in, offer.codes, **form.values())
            if made is not None:
                return _set_up("passkey", made, offer)
    return render_template("accounts/passkey.html", form=form, options=options), status


def _gone(_result: str) -> str:
    """Without this factor, this browser goes on as one that showed none, if there is none left."""
    kinds = factors.kinds(db.session, current_user.user.id)
    _renewed(current_user.factor if kinds else "")
    return url_for("accounts.security")


@bp.route("/my/security/passkeys/<handle>/remove", methods=["GET", "POST"])
@login_required
def remove_passkey(handle: str) -> Response | str | tuple[str, int]:
    found = db.session.scalars(
        select(Passkey).where(Passkey.user_id == current_user.user.id, Passkey.handle == handle)
    ).one_or_none()
    if found is None:
        raise NotFound(N_("没有这个通行密钥。"))
    return form_page(
        ProveForm(),
        _("删去通行密钥"),
        passkeys.remove,
        _gone,
        lambda form: form.values(),
        handle,
        lead=found.name,
        back=url_for("accounts.security"),
    )


@bp.route("/my/security/remove", methods=["GET", "POST"])
@login_required
def remove_factors() -> Response | str | tuple[str, int]:
    lead = _(
        "验证器、全部通行密钥和恢复码都会删去;登录从此只凭密码。必须使用第二重验证的身份会先被要求重新设置。"
    )
    return form_page(
        ProveForm(),
        _("停用第二重验证"),
        second_factor.remove,
        _gone,
        lead=lead,
        back=url_for("accounts.security"),
    )


@bp.route("/my/security/codes", methods=["GET", "POST"])
@login_required
def recovery_codes() -> Response | str | tuple[str, int]:
    form, status, offer = ProveForm(), 200, _offer()
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, second_factor.fresh_recovery, offer.codes, **form.values())
            if made is not None:
                return _set_up(current_user.factor, made, offer)
    lead = _("新的恢复码显示一次;以前的从此无效。")
    return render_template(
        "layout/form.html", form=form, heading=_("更换恢复码"), lead=lead, back=url_for("accounts.security")
    ), status


@bp.route("/admin/people/sessions", methods=["GET", "POST"])
@login_required
def end_anybodys() -> Response | str | tuple[str, int]:
    lead = _("用这个邮箱登录的人在所有设备上退出。无论有没有这样的人,回答都一样。")
    return form_page(
        PersonalActForm(),
        _("让某人退出登录"),
        sessions.end_of,
        _done,
        lead=lead,
        back=url_for("worklist.index"),
    )


@bp.route("/admin/people/factors", methods=["GET", "POST"])
@login_required
def reset_anybodys() -> Response | str | tuple[str, int]:
    lead = _(
        "本人丢了验证器和恢复码时用:先以别的方式核实身份。办理后此人全部退出,本人会收到邮件。无论有没有这样的人,回答都一样。"
    )
    return form_page(
        PersonalActForm(),
        _("解除某人的第二重验证"),
        second_factor.reset_of,
        _done,
        lead=lead,
        back=url_for("worklist.index"),
    )


def _done(_result: str) -> str:
    return url_for("worklist.index")


@bp.get("/admin/letters")
@login_required
def outbox() -> str:
    """Where no mail is sent, what would have been.

    It holds ways to other people's passwords, so it is there for no other market.
    """
    if mail.sends():
        raise NotFound(N_("没有这个页面。"))
    page: Any = paged(select(Letter).where(Letter.text.is_not(None)).order_by(Letter.id.desc()))
    return render_template("accounts/letters.html", page=page)
