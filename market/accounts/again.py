"""Showing once more who it is: before money or authority goes elsewhere, a session that is open somewhere is not enough."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_limiter.util import get_remote_address
from flask_login import current_user
from wtforms import Field, PasswordField
from wtforms.validators import Length, ValidationError

from market.extensions import limiter
from market.forms import NEEDED


def is_same(form: Any, field: Field) -> None:
    """Refuse, in words, a password that is not the signed-in person's; so many wrong ones, and whoever tries has to wait."""
    if not current_user.user.check_password(field.data or ""):
        with limiter.limit("10 per 10 minutes", key_func=lambda: f"sign {current_user.user.id} {get_remote_address()}"):
            raise ValidationError(str(_l("密码不对。")))


def again(why: Any) -> PasswordField:
    """The field that asks for it; `why` is said beneath."""
    return PasswordField(_l("登录密码"), [NEEDED, Length(max=200), is_same], description=why, render_kw={"autocomplete": "current-password"})
