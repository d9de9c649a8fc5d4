"""Every refusal and every failure as a page in the reader's language, with an honest status."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from market.case_views import remedy
from market.extensions import login
from market.formatting import problem_text
from models.actors import VISITOR
from models.errors import Problem

# What it looks like when the database does not answer.
AWAY = (
    OperationalError,
    InterfaceError,
    PendingRollbackError,
    PoolTimeout,
)


def _apart(message: str, status: int) -> tuple[str, int]:
    """An error page that asks the database nothing: it may be away, or its transaction broken.

    Who is reading is said if it is known.
    """
    g.apart = True
    if "actor" not in g:
        g.actor = VISITOR
    if "_login_user" not in g:
        g._login_user = login.anonymous_user()
    return render_template("layout/error.html", status=status, message=message), status


def register(app: Flask) -> None:
    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        """Let go of what a request for an address that leads nowhere leaves behind.

        Its exception is kept, whose frames keep the request and whoever is signed in.
        """
        request.routing_exception = None

    @app.errorhandler(Problem)
    def problem(error: Problem) -> tuple[str, int]:
        return render_template(
            "layout/error.html",
            status=error.status,
            message=problem_text(error),
            remedy=remedy(error),
        ), error.status

    @app.errorhandler(DataError)
    def unstorable(error: DataError) -> tuple[str, int]:
        return _apart(_("内容里有系统不能保存的字符,请检查后重试。"), 400)

    def away(error: Exception) -> tuple[str, int]:
        app.logger.error("the database did not answer", exc_info=error)
        return _apart(_("系统正忙,请稍后再试;这次没有改动任何内容。"), 503)

    for kind in AWAY:
        app.register_error_handler(kind, away)

    def http(error: Any) -> tuple[str, int]:
        messages = {
            400: _("请求不完整或已过期,请返回重试;已填写的内容仍在上一页。"),
            403: _("您没有权限查看这个页面。"),
            404: _("没有这个页面。"),
            405: _("这个页面不接受这种操作。"),
            413: _("一次上传的内容太多:每份文件不超过 20 MB,合计不超过 60 MB。"),
            429: _("尝试太频繁,请稍后再试。"),
            500: _("系统出错了,我们已留下记录。您的数据没有改动。"),
        }
        if isinstance(
            getattr(error, "original_exception", None), AWAY
        ):  # while another error was being answered
            return away(error.original_exception)
        said = messages[error.code]
        return (
            _apart(said, 500)
            if error.code == 500
            else (render_template("layout/error.html", status=error.code, message=said), error.code)
        )

    for code in (400, 403, 404, 405, 413, 429, 500):
        app.register_error_handler(code, http)
