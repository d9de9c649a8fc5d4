"""An organisation's own statement.

What moved on its accounts in a period, on a page, as a table or on paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Response as FlaskResponse
from flask import abort
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import select

from market import filters
from market.extensions import db
from market.filters import Answer, Filters
from market.formatting import format_instant
from market.identity import current_actor
from market.pagination import paged
from market.payments.blueprint import bp
from market.printing import PLATFORM, pdf
from market.spreadsheets import Column, export, yuan
from models import clock
from models.accounts import Organisation
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.ledger import books, days, reports
from models.money import show
from models.payments.postings import POSTINGS


def _own() -> tuple[Organisation, list[str]]:
    """The reader's organisation and the codes of its accounts.

    What it is owed, and, of a buyer, what is kept for its contracts.
    """
    actor = current_actor()
    if not actor.roles & {"enterprise", "agency"} or actor.organisation_id is None:
        abort(403)
    own = db.session.get_one(Organisation, actor.organisation_id)
    codes = [books.payable(own.uscc)]
    for contract in db.session.scalars(select(Contract.identifier).where(Contract.buyer_id == own.id)):
        codes += [books.escrow(contract), books.retention(contract), books.hold(contract)]
    return own, codes


FILTERS = Filters(*filters.days())


def _period(asked: Answer) -> tuple[date, date]:
    """The days asked for, this year up to the day that is booked on now if none.

    The first never after the last.
    """
    today = clock.today()
    last = date.fromisoformat(asked["until"]) if "until" in asked else days.open_day(db.session)
    first = date.fromisoformat(asked["since"]) if "since" in asked else today.replace(month=1, day=1)
    return min(first, last), last


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


@bp.get("/my/statement")
@login_required
def own_statement() -> str | tuple[str, int]:
    own, codes = _own()
    asked = FILTERS.asked()
    if filters.wrong():
        return filters.rendered("payments/own_statement.html", asked=asked, organisation=own)
    since, until = _period(asked)
    begin, end = _instant(since), _instant(until + timedelta(days=1))
    total = reports.account_statement(db.session, codes, begin, end)
    lines = reports.account_statement_lines(codes, begin, end, total.opening)
    return filters.rendered(
        "payments/own_statement.html",
        asked=asked.filled(since=since.isoformat(), until=until.isoformat()),
        organisation=own,
        since=since,
        until=until,
        total=total,
        page=paged(lines),
        postings=POSTINGS,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the table, sums in fen: the balance before, what moved it, the balance after."""

    at: datetime | None = None
    entry: str = ""
    cause: str = ""
    contract: str = ""
    came_in: int | None = None
    went_out: int | None = None
    balance: int = 0


COLUMNS = (
    Column[_Line](_l("时间"), lambda line: line.at),
    Column[_Line](_l("分录"), lambda line: line.entry),
    Column[_Line](_l("事由"), lambda line: line.cause),
    Column[_Line](_l("合同"), lambda line: line.contract),
    Column[_Line](_l("收入(元)"), lambda line: None if line.came_in is None else yuan(line.came_in)),
    Column[_Line](_l("支出(元)"), lambda line: None if line.went_out is None else yuan(line.went_out)),
    Column[_Line](_l("余额(元)"), lambda line: yuan(line.balance)),
)


@bp.get("/my/statement.<any(csv, xlsx, pdf):kind>")
@login_required
def export_own(kind: str) -> FlaskResponse:
    own, codes = _own()
    since, until = _period(FILTERS.asked(refuse=True))
    begin, end = _instant(since), _instant(until + timedelta(days=1))
    total = reports.account_statement(db.session, codes, begin, end)
    lines = [
        (e, int(amount), int(running))
        for e, amount, running in db.session.execute(
            reports.account_statement_lines(codes, begin, end, total.opening)
        )
    ]
    if kind == "pdf":
        return _paper(own, since, until, total, lines)
    rows = [_Line(cause=_("期初余额"), balance=total.opening)]
    rows += [
        _Line(
            entry.at,
            entry.identifier,
            _(POSTINGS[entry.kind].label),
            entry.case_identifier,
            max(amount, 0),
            max(-amount, 0),
            running,
        )
        for entry, amount, running in lines
    ]
    rows.append(
        _Line(cause=_("期末余额"), came_in=total.came_in, went_out=total.went_out, balance=total.closing)
    )
    return export("statement", _("对账单"), kind, COLUMNS, rows)


def _paper(
    own: Organisation,
    since: date,
    until: date,
    total: reports.AccountStatement,
    lines: list[tuple[books.Entry, int, int]],
) -> FlaskResponse:
    data = {
        "platform": PLATFORM,
        "organisation": own.name,
        "uscc": own.uscc,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "printed": format_instant(clock.now()),
        "opening": show(total.opening),
        "closing": show(total.closing),
        "in": show(total.came_in),
        "out": show(total.went_out),
        "lines": [
            [
                format_instant(e.at),
                f"{POSTINGS[e.kind].label}\n{e.case_identifier} {e.identifier}",
                show(amount) if amount > 0 else "",
                show(-amount) if amount < 0 else "",
                show(running),
            ]
            for e, amount, running in lines
        ],
    }
    content = pdf("statement", data, at=clock.now())
    return FlaskResponse(
        content,
        mimetype="application/pdf",
        headers={"Content-Disposition": "attachment; filename=statement.pdf"},
    )
