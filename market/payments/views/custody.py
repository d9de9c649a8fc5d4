"""The custodian's desk.

The bank's statements, lines nobody knows yet, where the bank, the gateway and the books differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from market import filters
from market.case_views import form_page, link, not_found
from market.extensions import db
from market.filters import Filters
from market.forms import ActForm
from market.gateways import bank_transfer, gateways
from market.pagination import paged
from market.payments.account_names import way_name
from market.payments.actions import bank
from market.payments.blueprint import bp
from market.payments.forms import LineForm, ReadForm
from market.payments.jobs import DISCREPANCIES, reconcile
from market.spreadsheets import Column, export, yuan
from models import spelling
from models.ledger import books
from models.money import show
from models.payments.bank import (
    LINE_STATES,
    PROBLEMS,
    BankLine,
    BankStatement,
    bank_statement_of,
    statement_discrepancy,
    unexplained,
)
from models.payments.candidates import Candidate, candidates
from models.payments.charges import Discrepancy
from models.payments.payment import payments_named_in
from models.payments.reconciliation import CUSTODY


@bp.get("/custody")
@login_required
def desk() -> str:
    account = " · ".join(value for _label, value in bank_transfer().account)
    balances = [
        (_("托管银行(账上)"), -books.balance(db.session, books.BANK)),
        *(
            (
                _("%(gateway)s 在途", gateway=_(way.label)),
                -books.balance(db.session, books.clearing(way.name)),
            )
            for way in gateways()
        ),
        (_("待查款"), books.balance(db.session, books.PLATFORM)),
        (_("未核对的流水"), unexplained(db.session)),
    ]
    counted: Any = select(
        BankStatement, func.count(BankLine.id), func.count(BankLine.id).filter(BankLine.state == "open")
    )
    query = counted.outerjoin(BankLine).group_by(BankStatement.id).order_by(BankStatement.id.desc())
    open_ones = select(func.count(Discrepancy.id)).where(Discrepancy.gone_at.is_(None))
    return render_template(
        "payments/custody.html",
        page=paged(query),
        account=account,
        balances=[(name, show(fen)) for name, fen in balances],
        off=statement_discrepancy(db.session),
        differences=db.session.scalar(open_ones),
    )


def _statement(identifier: str) -> BankStatement:
    found = bank_statement_of(db.session, identifier)
    if found is None:
        raise not_found(identifier)
    return found


FILTERS = Filters(filters.labels("state", _l("状态"), LINE_STATES))


def _lines(statement: BankStatement, asked: Mapping[str, str]) -> Select[Any]:
    query = select(BankLine).where(BankLine.statement_id == statement.id)
    return (query.where(BankLine.state == asked["state"]) if asked else query).order_by(BankLine.number)


@bp.get("/custody/statements/<identifier>")
@login_required
def statement(identifier: str) -> str | tuple[str, int]:
    found, asked = _statement(identifier), FILTERS.asked()
    counts: Any = (
        select(BankLine.state, func.count()).where(BankLine.statement_id == found.id).group_by(BankLine.state)
    )
    return filters.rendered(
        "payments/statement.html",
        asked=asked,
        statement=found,
        page=paged(_lines(found, asked)),
        counts=dict(db.session.execute(counts).all()),
        states=LINE_STATES,
        problems=PROBLEMS,
    )


LINES = (
    Column[BankLine](_l("行"), lambda line: line.number),
    Column[BankLine](_l("日期"), lambda line: line.day),
    Column[BankLine](_l("金额(元)"), lambda line: yuan(line.amount)),
    Column[BankLine](_l("对方户名"), lambda line: line.counterparty),
    Column[BankLine](_l("附言"), lambda line: line.remark),
    Column[BankLine](_l("流水号"), lambda line: line.bank_reference),
    Column[BankLine](_l("状态"), lambda line: _(LINE_STATES[line.state])),
    Column[BankLine](_l("编号"), lambda line: line.case_identifier),
    Column[BankLine](_l("原因"), lambda line: _(PROBLEMS[line.problem]) if line.problem else line.note),
)


@bp.get("/custody/statements/<identifier>.<any(csv, xlsx):kind>")
@login_required
def export_statement(identifier: str, kind: str) -> FlaskResponse:
    lines = _lines(_statement(identifier), FILTERS.asked(refuse=True))
    return export(identifier, identifier, kind, LINES, db.session.scalars(lines))


@bp.route("/custody/statements/<identifier>/<int:number>", methods=["GET", "POST"])
@login_required
def settle_line(identifier: str, number: int) -> Response | str | tuple[str, int]:
    """The custodian says what a line is, or reads one that could not be."""
    found = _statement(identifier)
    line = db.session.scalars(
        select(BankLine).where(BankLine.statement_id == found.id, BankLine.number == number)
    ).one_or_none()
    if line is None:
        raise not_found(f"{identifier}/{number}")
    unread = line.problem == "unreadable"
    said = " · ".join(
        filter(
            None, [line.day.isoformat(), "" if unread else show(line.amount), line.counterparty, line.remark]
        )
    )
    offered = cache(lambda: candidates(db.session, line))  # looked for where the page is shown, not before
    taken = None if request.method == "POST" else _taken(line, offered())
    form = (
        ReadForm(data={"day": line.day})
        if unread
        else LineForm({"way": taken.way, "identifier": taken.case.identifier} if taken else {})
    )
    return form_page(
        form,
        _("处理这一笔"),
        bank.read if unread else bank.settle,
        lambda done: url_for("payments.statement", identifier=done, state="" if unread else "open"),
        lambda form: form.values(),
        identifier,
        number,
        lead=said,
        back=url_for("payments.statement", identifier=identifier),
        template="payments/line.html",
        beside=lambda: {
            "offered": [(each, link(_at(identifier, number, each), _("就是这一笔"))) for each in offered()],
            "chosen": next((each for each in offered() if _says(form, each)), None),
        },
    )


def _says(form: ReadForm | LineForm, candidate: Candidate) -> bool:
    """Whether this is what stands in the form, taken from the list or typed."""
    if isinstance(form, ReadForm):
        return False
    typed = spelling.code(form.identifier.data or "")
    return (form.way.data, typed) == (candidate.way, candidate.case.identifier)


def _taken(line: BankLine, offered: list[Candidate]) -> Candidate | None:
    """The candidate somebody took from the list, else the only one the remark names, if it names no other."""
    asked, named = request.args.get("case"), [each for each in offered if each.named]
    if asked:
        return next((each for each in offered if each.case.identifier == asked), None)
    return named[0] if len(named) == 1 and len(payments_named_in(line.remark)[0]) < 2 else None


def _at(identifier: str, number: int, candidate: Candidate) -> str:
    return url_for(
        "payments.settle_line", identifier=identifier, number=number, case=candidate.case.identifier
    )


@bp.get("/custody/differences")
@login_required
def differences() -> str:
    """Where a gateway or the bank and the books do not agree, what stands first."""
    query = select(Discrepancy).order_by(Discrepancy.gone_at.is_not(None), Discrepancy.id.desc())
    return render_template(
        "payments/discrepancies.html",
        page=paged(query),
        kinds=DISCREPANCIES,
        about=_about,
        way_name=way_name,
        form=ActForm(),
        link=link,
    )


def _about(found: Discrepancy) -> str:
    """What differs: the whole of what is kept there, or one thing by the number the other side gave it."""
    if found.about in (CUSTODY, found.gateway):
        return _("全部余额")
    return found.about


@bp.post("/custody/differences")
@login_required
def reconcile_now() -> Response:
    if ActForm().validate():
        reconcile()
    return redirect(url_for("payments.differences"), 303)
