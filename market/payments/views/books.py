"""The books, for those who keep or oversee them: the trial balance, accounts, entries, closed days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import rfc8785
from flask import Response as FlaskResponse
from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, literal, or_, select

from market import filters
from market.case_views import case_link, not_found
from market.charts import rows as row_chart
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.pagination import paged
from market.payments.account_names import account_words, whose
from market.payments.blueprint import bp
from market.spreadsheets import Column, export, yuan
from models import money, spelling
from models.accounts import Organisation
from models.cases import find_case
from models.ledger import closing, days, reports
from models.ledger.books import ACCOUNT_KINDS, Account, Entry
from models.ledger.days import Closing
from models.payments.postings import POSTINGS

FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def _ever() -> tuple[datetime, datetime]:
    """From the first instant to the end of the day that is booked on now."""
    return FIRST, days.midnight(days.open_day(db.session) + timedelta(days=1))


@bp.get("/ledger")
@login_required
def trial() -> str:
    """The trial balance, checked as it is shown."""
    rows = reports.totals(db.session)
    chart = row_chart(
        [(_(ACCOUNT_KINDS[row.kind][0]), row.balance) for row in rows], _("各科目余额"), said=money.show
    )
    return render_template(
        "payments/trial.html",
        rows=rows,
        chart=chart,
        kinds=ACCOUNT_KINDS,
        unbalanced_accounts=account_words(reports.unbalanced_accounts(db.session)).values(),
        total=reports.trial_balance(db.session),
    )


TRIAL = (
    Column[reports.Total](_l("科目"), lambda row: _(ACCOUNT_KINDS[row.kind][0])),
    Column[reports.Total](_l("账户数"), lambda row: row.accounts),
    Column[reports.Total](_l("借方发生额(元)"), lambda row: yuan(row.debits)),
    Column[reports.Total](_l("贷方发生额(元)"), lambda row: yuan(row.credits)),
    Column[reports.Total](_l("余额(元,贷方为正)"), lambda row: yuan(row.balance)),
)


@bp.get("/ledger.<any(csv, xlsx):kind>")
@login_required
def export_trial(kind: str) -> FlaskResponse:
    return export("trial-balance", _("试算平衡表"), kind, TRIAL, reports.totals(db.session))


FILTERS = Filters(
    Filter("q", _l("合同编号、单位名称或信用代码")),
    Choice("kind", _l("科目"), lambda: [(kind, _(label)) for kind, (label, _side) in ACCOUNT_KINDS.items()]),
)


def accounts_of(asked: Mapping[str, str]) -> Select[Any]:
    """The accounts of a `kind`, and whose code or owner the words (`q`) name; those with a balance first."""
    query = select(Account)
    if "kind" in asked:
        query = query.where(Account.kind == asked["kind"])
    if "q" in asked:
        owed = select(literal("payable:").concat(Organisation.uscc)).where(
            Organisation.name.icontains(asked["q"], autoescape=True)
        )
        coded = Account.code.icontains(spelling.code(asked["q"]), autoescape=True)
        query = query.where(or_(coded, Account.code.in_(owed)))
    return query.order_by(Account.balance == 0, Account.code)


@bp.get("/ledger/accounts")
@login_required
def accounts() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    page = paged(accounts_of(asked))
    return filters.rendered(
        "payments/accounts.html",
        page=page,
        names=account_words(each.code for each in page.rows),
        asked=asked,
    )


@bp.get("/ledger/accounts.<any(csv, xlsx):suffix>")
@login_required
def export_accounts(suffix: str) -> FlaskResponse:
    found = db.session.scalars(accounts_of(FILTERS.asked(refuse=True))).all()
    owners = whose(each.code for each in found)
    columns = (
        Column[Account](_l("科目"), lambda row: _(ACCOUNT_KINDS[row.kind][0])),
        Column[Account](_l("账户"), lambda row: owners[row.code]),
        Column[Account](_l("账户代码"), lambda row: row.code),
        Column[Account](_l("余额(元,贷方为正)"), lambda row: yuan(row.balance)),
    )
    return export("accounts", _("账户"), suffix, columns, found)


@bp.get("/ledger/accounts/<code>")
@login_required
def account(code: str) -> str:
    """Every entry that moved an account, and where it stood after it."""
    found = db.session.scalars(select(Account).where(Account.code == code)).one_or_none()
    if found is None:
        raise not_found(code)
    return render_template(
        "payments/account.html",
        account=found,
        whose=whose([code])[code],
        page=paged(reports.account_statement_lines([code], *_ever())),
        kinds=ACCOUNT_KINDS,
        postings=POSTINGS,
    )


Posted = tuple[Entry, int, int]  # an entry, what it moved, and where the account stood after it, in fen
ACCOUNT = (
    Column[Posted](_l("时间"), lambda row: row[0].at),
    Column[Posted](_l("分录"), lambda row: row[0].identifier),
    Column[Posted](_l("事由"), lambda row: _(POSTINGS[row[0].kind].label)),
    Column[Posted](_l("合同"), lambda row: row[0].case_identifier),
    Column[Posted](_l("发生额(元)"), lambda row: yuan(int(row[1]))),
    Column[Posted](_l("余额(元)"), lambda row: yuan(int(row[2]))),
)


@bp.get("/ledger/accounts/<code>.<any(csv, xlsx):kind>")
@login_required
def export_account(code: str, kind: str) -> FlaskResponse:
    posted: Any = db.session.execute(reports.account_statement_lines([code], *_ever()))
    return export("account", _("账户"), kind, ACCOUNT, posted)


@bp.get("/ledger/entries/<identifier>")
@login_required
def entry(identifier: str) -> str:
    found = db.session.scalars(select(Entry).where(Entry.identifier == identifier)).one_or_none()
    if found is None:
        raise not_found(identifier)
    return render_template(
        "payments/entry.html",
        entry=found,
        names=account_words(account.code for line in found.lines for account in (line.debit, line.credit)),
        about=_linked(found.case_identifier),
        posting=POSTINGS[found.kind],
    )


def _linked(identifier: str) -> str:
    """The case an entry is about, as a link where the reader may see it."""
    case = find_case(db.session, identifier)
    return case_link(case) if case is not None else identifier


@bp.get("/ledger/closings")
@login_required
def closings() -> str:
    """The closed days; on demand the whole chain is computed anew."""
    faults = list(closing.verify(db.session)) if request.args.get("verify") else None
    return render_template(
        "payments/closings.html", page=paged(select(Closing).order_by(Closing.day.desc())), faults=faults
    )


@bp.get("/ledger/closings/<day>.json")
@login_required
def closed_day(day: str) -> FlaskResponse:
    """A closed day as it is now, to compute its hash from."""
    try:
        found = db.session.scalars(
            select(Closing).where(Closing.day == date.fromisoformat(day))
        ).one_or_none()
    except ValueError:
        found = None
    if found is None:
        raise not_found(day)
    content = rfc8785.dumps(closing.day_file(db.session, found))
    return FlaskResponse(
        content,
        mimetype="application/json",
        headers={"Content-Disposition": f"attachment; filename={day}.json"},
    )
