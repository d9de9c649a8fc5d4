"""Signing in and up, the worklist, the language."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from market import attempts, filters, identity, permissions
from market.accounts import security
from market.accounts.actions import members
from market.accounts.actions.entering import try_register
from market.accounts.blueprint import bp
from market.accounts.forms import MemberForm, PasswordForm, SignInForm, SignUpForm
from market.accounts.identification import example_values
from market.accounts.signing_in import first_step
from market.attempts import TooMany, account, counted, know
from market.case_views import attempt, case_url, form_page
from market.config import LOCALES
from market.demonstration import people as demo
from market.extensions import csrf, db, limiter
from market.filters import Filter, Filters
from market.formatting import problem_text
from market.forms import NeededReasonForm
from market.identity import current_actor, enter, known_to_all, leave, renew
from market.local_paths import local_path
from market.options import MOST_TYPED, region_named
from market.pagination import paged
from models import CASES, blocking
from models.accounts import (
    KINDS,
    SCOPE,
    Delegation,
    Membership,
    Organisation,
    User,
    authenticate,
    named,
)
from models.acting import actor_for
from models.actors import VISITOR, Actor
from models.agencies.register import UNLIKE
from models.authorisations import SCOPES
from models.blocking import may_lift, people_of, rank_over
from models.claims import latest
from models.errors import NotAllowed, NotFound
from models.factors import kinds
from models.i18n import N_


def register(app: Flask) -> None:
    """What goes with every request.

    Who was seen, what a browser is known by, and the second factor before anything else.
    """
    identity.register(app)
    security.register(app)
    app.after_request(attempts.remember)


def _demo_accounts() -> dict[str, Any] | None:
    """What the sign-in page tells in the demonstration.

    The accounts of each role that are there already, with what sets them apart.
    """
    if not current_app.config["DEMO"]:
        return None
    there = set(
        db.session.scalars(
            select(User.email).where(User.email.in_([email for _role, email in demo.ACCOUNTS]))
        )
    )
    by_role: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for role, email in demo.ACCOUNTS:
        if email in there:
            by_role[role].append((email, demo.ABOUT.get(email, "")))
    return {"password": demo.PASSWORD, "accounts": by_role}


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str | tuple[str, int]:
    form = SignInForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                user = _authenticated(form)
            except TooMany as problem:
                form.refuse(problem, problem_text(problem))
                return render_template(
                    "accounts/sign_in.html", form=form, demo=_demo_accounts()
                ), problem.status
            if user and known_to_all(user.address):
                form.form_errors.append(_("这是演示账号,密码人人都知道,在正式的平台上不能登录。"))
                return render_template("accounts/sign_in.html", form=form, demo=None), 403
            if user and user.blocked_at is not None:
                whom = blocking.lifted_by(user)
                form.form_errors.append(
                    _(
                        "您的账号已被停用,不能办理任何事项。理由:%(reason)s 如有异议,请联系%(whom)s。",
                        reason=user.blocked_reason,
                        whom=_(whom),
                    )
                )
                return render_template("accounts/sign_in.html", form=form, demo=_demo_accounts()), 403
            if user:
                return first_step(user, local_path(request.args.get("next")))
            form.form_errors.append(_("邮箱或密码不正确。"))
            status = 401
    return render_template(
        "accounts/sign_in.html",
        form=form,
        demo=_demo_accounts(),
        chosen="reset" in request.args,
        ended="ended" in request.args,
        stopped="next" in request.args,
        target=local_path(request.args.get("next")),
    ), status


def _authenticated(form: SignInForm) -> User | None:
    """Whoever has this address and password.

    TooMany where it is tried too often, whether or not anybody has the address.
    """
    with counted("password", account(form.email.data)) as attempt:
        user = authenticate(db.session, form.email.data, form.password.data)
        attempt.right = (
            False if user is None else True if user.confirmed else None
        )  # who only claims the address forgets nothing tried at it
    return user


@bp.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("100 per hour", methods=["POST"])  # a training day of an office is one address
def sign_up() -> Response | str | tuple[str, int]:
    target = local_path(request.args.get("next"))
    form = SignUpForm(data=_said(target) | example_values())
    form.prepare()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, _as_nobody, **form.values())
            if made is not None:
                return _welcome(made, form.password.data, target)
    return render_template("accounts/sign_up.html", form=form, target=target), status


def _said(target: str | None) -> dict[str, str]:
    """What somebody said who goes on to a request: that it buys, and where."""
    parts = urlsplit(target or "")
    if parts.path != url_for("sourcing.new"):
        return {}
    place = region_named(parse_qs(parts.query).get("region", [""])[0][:MOST_TYPED])
    return {"kind": "enterprise", **({"region_code": place} if place else {})}


def _as_nobody(_actor: Actor, **values: Any) -> str:
    """Who signs up does so as nobody, signed in or not: sent twice, the second finds the first."""
    return members.register(VISITOR, **values)


def _welcome(made: str, password: str, target: str | None) -> Response:
    """Sign in the person a sign-up made, who goes on to where it wanted to.

    One who has chosen another password since, or a second factor, signs in with that.
    """
    user = db.session.get_one(User, int(made))
    if not user.check_password(password) or user.blocked_at is not None or kinds(db.session, user.id):
        return redirect(url_for("accounts.sign_in", next=target), 303)
    enter(user)
    know(user)
    waits = [m.organisation.identifier for m in user.memberships if m.organisation.state == "applied"]
    db.session.rollback()
    for identifier in waits:
        try_register(identifier)
    db.session.expire_all()
    if (claim := latest(db.session, user.id)) is not None:
        return redirect(case_url("claim", claim.identifier), 303)
    if "agency" in actor_for(user).roles:
        return redirect(url_for("agencies.entry"), 303)
    return redirect(target or url_for("worklist.index"), 303)


@bp.post("/sign-out")
def sign_out() -> Response:
    leave()
    return redirect(url_for("catalogue.home"), 303)


def _mine() -> Organisation:
    key = current_actor().organisation_id
    if key is None:
        raise NotAllowed(N_("您还没有加入任何单位。"))
    return db.session.get_one(Organisation, key)


@bp.get("/my/organisation")
@login_required
def organisation() -> str:
    mine = _mine()
    members = (
        select(Membership).where(Membership.organisation_id == mine.id).options(joinedload(Membership.user))
    )
    lent = select(Delegation).where(Delegation.buyer_id == mine.id).options(joinedload(Delegation.user))
    return render_template(
        "accounts/organisation.html",
        organisation=mine,
        members=db.session.scalars(members.order_by(Membership.id)).all(),
        delegations=db.session.scalars(lent.order_by(Delegation.id.desc())).all(),
        unlike=UNLIKE,
        scope_names={name: CASES[name].workflow.label for name in SCOPE},
        may_lift=partial(may_lift, current_actor()),
        powers=SCOPES,
        own_powers=getattr(current_actor().standing_of(mine.id), "powers", ()),
    )


def _by_person() -> str:
    """Each address somebody names is written to and kept: as many as a person has use for, from wherever."""
    return f"{request.endpoint} {current_actor().user_id}"


def _back(_result: str = "") -> str:
    return url_for("accounts.organisation")


@bp.route("/my/members/new", methods=["GET", "POST"])
@login_required
@limiter.limit(
    "30 per hour", methods=["POST"], key_func=_by_person
)  # each writes a letter to an address somebody typed
def new_member() -> Response | str | tuple[str, int]:
    _mine()
    return form_page(MemberForm(), _("增加成员"), members.add_member, _back, back=_back())


@bp.post("/my/members/<anything:email>/remove", merge_slashes=False)
@login_required
def remove_member(email: str) -> Response:
    members.remove_member(current_actor(), email)
    return redirect(_back(), 303)


PEOPLE = Filters(Filter("q", _l("姓名或邮箱")), filters.only("blocked", _l("只看已停用的")))


@bp.get("/accounts")
@login_required
def people() -> str | tuple[str, int]:
    """The accounts an office is over, those that are blocked among them."""
    actor, asked = current_actor(), PEOPLE.asked()
    query = people_of(actor).options(selectinload(User.memberships))
    if words := asked.get("q"):
        query = query.where(
            or_(
                User.name.contains(words, autoescape=True),
                User.email.contains(words.lower(), autoescape=True),
                User.email_asked.contains(words.lower(), autoescape=True),
            )
        )
    if "blocked" in asked:
        query = query.where(User.blocked_at.is_not(None))
    return filters.rendered(
        "accounts/people.html", page=paged(query), may_lift=partial(may_lift, actor), kinds=KINDS, asked=asked
    )


def _of_people(_email: str = "") -> str:
    """Where whoever blocks accounts came from: the page of the search it was."""
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("q", "blocked", "page") if name in request.args
    }
    return (
        url_for("accounts.people", **kept)
        if permissions.may_open("accounts.people", current_actor())
        else _back()
    )


def _known(which: str) -> User:
    """The account of this handle or address, where the reader is over it.

    NotFound otherwise, whether there is one or not.
    """
    person = db.session.scalars(named(which)).one_or_none()
    if person is None or not rank_over(current_actor(), person):
        raise NotFound(N_("没有找到您可以管理的这个账号。"))
    return person


@bp.route("/accounts/<anything:which>/block", methods=["GET", "POST"], merge_slashes=False)
@login_required
def block(which: str) -> Response | str | tuple[str, int]:
    person = _known(which)
    return form_page(
        NeededReasonForm(),
        _("停用账号"),
        members.block_account,
        _of_people,
        lambda form: form.values(),
        which,
        back=_of_people(),
        lead=_(
            "%(name)s(%(email)s)将立即不能登录和办理任何事项,已打开的页面同时失效。",
            name=person.name,
            email=person.address,
        ),
    )


@bp.route("/accounts/<anything:which>/unblock", methods=["GET", "POST"], merge_slashes=False)
@login_required
def unblock(which: str) -> Response | str | tuple[str, int]:
    person = _known(which)
    return form_page(
        NeededReasonForm(),
        _("恢复账号"),
        members.unblock_account,
        _of_people,
        lambda form: form.values(),
        which,
        back=_of_people(),
        lead=_(
            "%(name)s(%(email)s)停用的理由:%(reason)s",
            name=person.name,
            email=person.address,
            reason=person.blocked_reason or "—",
        ),
    )


@bp.route("/my/password", methods=["GET", "POST"])
@login_required
def password() -> Response | str | tuple[str, int]:
    form = PasswordForm()
    if not form.is_submitted():
        return form_page(form, _("修改密码"), members.change_password, _stay)
    with counted("password", attempts.person(current_user.user)) as attempt:
        answer = form_page(form, _("修改密码"), members.change_password, _stay)
        attempt.right = (
            True
            if isinstance(answer, Response)
            else False
            if form.current.errors and form.current.data
            else None
        )
    return answer


def _stay(_changed: str) -> str:
    """With the new password this browser goes on, by a new token.

    Every session of before has ended, also where its cookie was copied to.
    """
    factor = current_user.factor
    db.session.expire_all()
    renew(db.session.get_one(User, current_actor().user_id), factor)
    return url_for("worklist.index")


@bp.post("/language/<locale>")
@csrf.exempt  # the language is no secret and no act; a visitor needs no session for it
def language(locale: str) -> Response:
    if locale in LOCALES:
        session["locale"] = locale
    return redirect(local_path(request.form.get("back")) or url_for("catalogue.home"), 303)
