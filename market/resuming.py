"""A form that comes too late: nothing is done, and nothing that was typed is lost.

Its token belongs to a session that is over. What it says is shown once more to whoever typed it, to be looked
through and sent again; to nobody else.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from flask import current_app, g, has_request_context, render_template, request, url_for
from flask_babel import gettext
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from models.errors import NotAllowed, RuleViolation
from models.i18n import N_

KEY = "submission"  # the field with a form's one-time key
NEVER_SENT_BACK = ("password", "current", "again")  # what every field of a password is called
TOO_LATE = N_("这个页面打开得太久,或者其间重新登录过,所以没有办理。请核对下面的内容,再提交一次。")
NOT_YOURS = N_("这些内容不是用现在登录的账号填写的,所以没有办理,也不显示。请用原来的账号登录后再提交。")


def new_key() -> str:
    """A one-time key for a form, with a mark of whom the form is given to."""
    once = secrets.token_urlsafe(12)
    return f"{once}.{_mark(once)}"


def _mark(once: str) -> str:
    reader = current_user.actor.user_id if current_user.is_authenticated else ""
    told = f"typed by {reader}: {once}".encode("utf-8", "replace")
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), told, "sha256").hex()[:20]


def _typed_by_reader() -> bool:
    once, _dot, mark = request.form.get(KEY, "").partition(".")
    return hmac.compare_digest(mark.encode("utf-8", "replace"), _mark(once).encode())


def _from_here() -> bool:
    """Whether a browser says that a page of ours sent this: no other site puts words into a form here."""
    sent_from = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    return sent_from[0] == "same-origin" or sent_from[1] == request.host_url.rstrip("/")


def too_late() -> bool:
    """Whether what is answered now came without a token that is good."""
    return has_request_context() and bool(g.get("too_late", False))


def refuse_too_late() -> None:
    """Said before anything is written, whatever way led there: RuleViolation."""
    if too_late():
        raise RuleViolation(TOO_LATE)


class Tokens(CSRFProtect):
    """The check of tokens.

    A form of ours without a good one goes on to its page, which shows it again: `Form.validate` refuses it,
    and `market.transaction` does whatever would not ask.
    """

    def protect(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().protect(*args, **kwargs)
        except CSRFError:
            if _is_script() and _from_here():  # with the token of before another sign-in
                return
            if not _is_form_page() or not _from_here():
                raise
            if current_user.is_authenticated and not _typed_by_reader():
                raise NotAllowed(NOT_YOURS) from None
            g.too_late = True


def _is_script() -> bool:
    """Whether a script of a page asks, which reads JSON and no pages (market/upload_views.py)."""
    return request.blueprint == "uploads"


def _is_form_page() -> bool:
    """Whether this is a form of ours, sent to a page that shows it."""
    methods = request.url_rule.methods if request.url_rule else None
    return bool(request.form.get(KEY)) and "GET" in (methods or ())


class SignIns(LoginManager):
    """Whoever comes to a page that asks who it is, and is nobody."""

    def unauthorized(self) -> Any:
        """On to signing in; what was typed when a session ended waits on the page meanwhile."""
        if _is_script():
            return {"problem": gettext("登录已经结束;请在另一个标签页登录后重试。")}, 401
        typed = [] if request.method != "POST" or not (_is_form_page() and _from_here()) else _typed()
        if all(name == KEY for name, _value in typed):
            return super().unauthorized()
        sign_in, again = url_for(str(self.login_view)), request.full_path.rstrip("?")
        return render_template("layout/kept.html", typed=typed, sign_in=sign_in, again=again), 401


def _typed() -> list[tuple[str, str]]:
    """What a form said, with its key and without what no browser is sent again."""
    left_out = ("csrf_token", *NEVER_SENT_BACK)
    return [(name, value) for name, value in request.form.items(multi=True) if name not in left_out]
