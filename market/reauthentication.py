"""Showing once more who it is.

Before money or authority goes elsewhere, a session that is open somewhere is not enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from wtforms import Field, PasswordField
from wtforms.validators import Length, ValidationError

from market.attempts import counted, person
from market.formatting import problem_text
from market.forms import NEEDED
from market.identity import current_actor
from market.transaction import looking
from models.accounts import User
from models.actors import Actor
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_


def prove(actor: Actor, current: str) -> None:
    """Whoever changes how an account is protected shows its password once more.

    A browser left open, or a copied cookie, is not enough.
    """
    with looking() as session:
        user = session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise NotAllowed(N_("请先登录。"))
    with counted("password", person(user), "current") as attempt:
        attempt.right = user.check_password(current)
    if not attempt.right:
        raise RuleViolation(N_("现在的密码不正确。"), "current")


def is_own_password(form: Any, field: Field) -> None:
    """Refuse, in words, a password that is not the signed-in person's; TooMany where it comes too early.

    From then on the actor of this request has `proved` who it is, which the act asks for. Wrong ones count as
    they do at sign-in, wherever they are tried.
    """
    try:
        prove(current_actor(), field.data or "")
        g.actor = replace(current_actor(), proved=True)
    except RuleViolation as problem:
        raise ValidationError(problem_text(problem)) from problem


def reauthentication_field(why: Any) -> PasswordField:
    """The field that asks for it; `why` is said beneath."""
    return PasswordField(
        _l("登录密码"),
        [NEEDED, Length(max=200), is_own_password],
        description=why,
        render_kw={"autocomplete": "current-password"},
    )
