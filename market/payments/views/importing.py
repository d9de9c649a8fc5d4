"""Taking in the bank's statements.

The file, and where nobody understands its columns, the page on which a person says what they are.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_login import login_required
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from market.case_views import attempt, file_of
from market.extensions import db
from market.formatting import problem_text
from market.forms import ActForm
from market.identity import current_actor
from market.pagination import paged
from market.payments.actions import importing
from market.payments.blueprint import bp
from market.payments.forms import DAY_ORDERS, MOST_SHOWN, StatementForm, layout_form
from market.payments.reading import ROLES
from models.errors import Problem
from models.payments.layouts import BankStatementLayout, UnreadBankStatement

SHOWN = 12  # rows of a table that is not understood


@bp.route("/custody/import", methods=["GET", "POST"])
@login_required
def import_statement() -> Response | str | tuple[str, int]:
    form, status, unread = StatementForm(), 200, None
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                sent: dict[str, Any] = {**file_of(form.file.data), "submission": form.sent()}
                found = importing.import_statement(current_actor(), **sent)
                return redirect(url_for("payments.statement", identifier=found), 303)
            except Problem as problem:
                form.refuse(problem, problem_text(problem))
                status, unread = (
                    problem.status,
                    problem.number if isinstance(problem, importing.Unread) else None,
                )
    waiting = db.session.scalars(
        select(UnreadBankStatement).order_by(UnreadBankStatement.id.desc()).limit(SHOWN)
    ).all()
    remembered = db.session.scalar(select(func.count(BankStatementLayout.id)))
    return render_template(
        "payments/import.html",
        form=form,
        unread=unread,
        waiting=waiting,
        remembered=remembered,
        drop=ActForm(formdata=None),
    ), status


@bp.route("/custody/import/<int:number>", methods=["GET", "POST"])
@login_required
def tell_layout(number: int) -> Response | str | tuple[str, int]:
    """The first rows of a table, and what each of its columns is."""
    found, rows = importing.waiting(number)
    form, status = layout_form(rows), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            result, status = attempt(form, importing.tell_layout, number, **form.values())
            if result is not None:
                return redirect(url_for("payments.statement", identifier=result), 303)
    shown = [
        (place, [cell[:60] for cell in row[:MOST_SHOWN]]) for place, row in enumerate(rows[:SHOWN], start=1)
    ]
    return render_template(
        "payments/layout.html", form=form, source=found.source, rows=shown, more=len(rows) - len(shown)
    ), status


@bp.post("/custody/import/<int:number>/drop")
@login_required
def drop_waiting(number: int) -> Response:
    importing.drop_waiting(current_actor(), number, submission=ActForm().sent())
    return redirect(url_for("payments.import_statement"), 303)


@bp.get("/custody/layouts")
@login_required
def layouts() -> str:
    """What people have said of the columns of banks' tables, the newest first."""
    page = paged(select(BankStatementLayout).order_by(BankStatementLayout.id.desc()))
    return render_template(
        "payments/layouts.html", page=page, roles=ROLES, orders=DAY_ORDERS, forget=ActForm(formdata=None)
    )


@bp.post("/custody/layouts/<int:number>/forget")
@login_required
def forget_layout(number: int) -> Response:
    importing.forget_layout(current_actor(), number, submission=ActForm().sent())
    return redirect(url_for("payments.layouts"), 303)
