"""Taking in a statement of the custody account.

What the bank told before is known again, however its files overlap; a table nobody understands waits until
somebody has said what its columns are.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import TypeVar

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from market import permissions
from market.extensions import db
from market.files import put_for, store
from market.gateways import bank_transfer
from market.payments.reading import (
    Layout,
    Line,
    NotUnderstood,
    Parsed,
    grid,
    of_width,
    read,
    same_account,
    signature,
)
from market.transaction import action
from models import clock, events, identifiers
from models.actors import Actor
from models.base import Json
from models.errors import NotFound, RuleViolation
from models.i18n import N_
from models.payments.bank import BankLine, BankStatement
from models.payments.layouts import BankStatementLayout, UnreadBankStatement, layout_of
from models.upsert import upsert

Group = tuple[object, ...]
Row = TypeVar("Row", BankStatementLayout, UnreadBankStatement)
NEEDED = N_("请指明日期,以及收入和支出两列,或者一列金额。")


class Unread(NotUnderstood):
    """A table that waits, under `number`, for somebody to say what its columns are."""

    def __init__(self, why: NotUnderstood, number: int) -> None:
        super().__init__(why.message, why.field, **why.params)
        self.number = number


def _account() -> str:
    return bank_transfer().number.replace(" ", "")


def _layouts() -> dict[str, Layout]:
    found = {
        each.signature: Layout(-1, each.places, each.flipped, each.day_order)
        for each in db.session.scalars(select(BankStatementLayout))
    }
    db.session.rollback()
    return found


def import_statement(actor: Actor, *, file_name: str, content: bytes, submission: str = "") -> str:
    """Take in a statement of the custody account.

    Lines the bank told of before are counted and left alone. RuleViolation at `file` for what is no
    statement, or one of another account; Unread for a table that is kept until its columns are told. It is
    read before the transaction begins.
    """
    permissions.check_act("payments.importing._take_statement", actor)
    db.session.rollback()
    try:
        parsed = read(content, _account(), _layouts())
    except NotUnderstood as why:
        raise Unread(why, int(_wait(actor, file_name=file_name, sha256=put_for(actor, content)))) from why
    return _take_statement(
        actor, file_name=file_name, sha256=put_for(actor, content), parsed=parsed, submission=submission
    )


@action
def _wait(session: Session, actor: Actor, *, file_name: str, sha256: str) -> str:
    row = {
        "sha256": sha256,
        "source": file_name[:200] or "statement",
        "brought_by_id": actor.user_id,
        "brought_at": clock.now(),
    }
    upsert(session, UnreadBankStatement, ["sha256"], row)
    return str(session.scalar(select(UnreadBankStatement.id).where(UnreadBankStatement.sha256 == sha256)))


def waiting(number: int) -> tuple[UnreadBankStatement, list[list[str]]]:
    """A table that waits for its columns to be told, and its rows. NotFound. Never inside a transaction."""
    found = _one(db.session, UnreadBankStatement, number)
    content = store().get(found.sha256)
    db.session.rollback()
    return found, grid(content)


def tell_layout(
    actor: Actor,
    number: int,
    *,
    heading: int,
    places: dict[str, list[int]],
    flipped: bool = False,
    order: str = "",
    submission: str = "",
) -> str:
    """Say what the columns of a waiting table are (`heading` is the row that names them from 1, 0 for none.

    `order` that of its days, of ORDERS, empty where it can be seen), which is remembered for every table with
    this heading, and take it in. RuleViolation at `columns` where that is not enough, at `heading` for no
    such row, or as `import_statement` does.
    """
    permissions.check_act("payments.importing._take_statement", actor)
    found, rows = waiting(number)
    file_name, content = found.source, store().get(found.sha256)
    db.session.rollback()
    if not 0 <= heading <= min(len(rows), 60):
        raise RuleViolation(N_("没有这一行。"), "heading")
    layout = Layout(heading - 1, places, flipped, order)
    if not layout.enough:
        raise RuleViolation(NEEDED, "columns")
    titles = rows[heading - 1] if heading else []
    parsed = read(content, _account(), {}, layout)
    _keep_layout(
        actor,
        key=signature(titles) if heading else of_width(rows),
        places=places,
        flipped=flipped,
        day_order=order,
        titles="、".join(filter(None, titles))[:500],
    )
    return _take_statement(
        actor, file_name=file_name, sha256=found.sha256, parsed=parsed, submission=submission
    )


@action
def _keep_layout(
    session: Session, actor: Actor, *, key: str, places: Json, flipped: bool, day_order: str, titles: str
) -> str:
    standing = layout_of(session, key)
    if standing is not None:
        session.delete(standing)
        session.flush()
    session.add(
        BankStatementLayout(
            signature=key,
            places=places,
            flipped=flipped,
            day_order=day_order,
            titles=titles,
            told_by_id=actor.user_id,
        )
    )
    return key


@action
def forget_layout(session: Session, actor: Actor, number: int) -> str:
    """What was said of a heading was wrong, or is so no more: the next table with it is asked about anew.

    What was read stays.
    """
    layout = _one(session, BankStatementLayout, number)
    session.delete(layout)
    return _put_away(session, actor, "forget", number, layout.titles)


@action
def drop_waiting(session: Session, actor: Actor, number: int) -> str:
    """A table that waits to be told about is none of the bank's: it is put away unread."""
    waits = _one(session, UnreadBankStatement, number)
    session.delete(waits)
    return _put_away(session, actor, "drop", number, waits.source)


def _put_away(session: Session, actor: Actor, act: str, number: int, title: str) -> str:
    events.record(
        session,
        actor,
        f"statement.{act}",
        "layout",
        str(number),
        role="custodian",
        audience="custodian",
        data={"title": title},
    )
    return str(number)


def _one(session: Session, kind: type[Row], number: int) -> Row:
    found = session.get(kind, number)
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=str(number))
    return found


@action
def _take_statement(session: Session, actor: Actor, *, file_name: str, sha256: str, parsed: Parsed) -> str:
    account = _account()
    if parsed.account and not same_account(parsed.account, account):
        raise RuleViolation(N_("这是另一个账户(%(account)s)的对账单。"), "file", account=parsed.account)
    new = _new(session, account, parsed.lines)
    statement = BankStatement(
        identifier=identifiers.issue(session, BankStatement),
        account=account,
        source=file_name[:200] or "statement",
        sha256=sha256,
        opening=parsed.opening,
        closing=parsed.closing,
        first_day=min(line.day for line in parsed.lines),
        last_day=max(line.day for line in parsed.lines),
        known=len(parsed.lines) - len(new),
        left_out=parsed.left_out,
        gaps=parsed.gaps,
        imported_by_id=actor.user_id,
    )
    session.add(statement)
    session.execute(
        delete(UnreadBankStatement).where(UnreadBankStatement.sha256 == sha256)
    )  # it waits no longer
    session.flush()
    rows = [
        {
            "statement_id": statement.id,
            "number": number,
            "key": key,
            "day": line.day,
            "amount": line.amount,
            "counterparty": line.counterparty,
            "counterparty_account": line.counterparty_account,
            "remark": line.remark,
            "bank_reference": line.bank_reference,
            "state": "open" if (problem := line.problem or ("returned" if line.returned else "")) else "new",
            "problem": problem,
        }
        for number, key, line in new
    ]
    if rows:
        session.execute(insert(BankLine), rows)
    about = {"title": statement.source, "count": len(rows), "known": statement.known}
    events.record(
        session,
        actor,
        "statement.import",
        "statement",
        statement.identifier,
        role="custodian",
        audience="custodian",
        data=about,
    )
    return statement.identifier


# --- Which lines the bank told before


def filler(reference: str) -> bool:
    """Whether a bank's reference says nothing.

    None, one sign over and over (00000000), or one so short that it numbers the rows of its file (17, 0017).
    """
    bare = re.sub(r"[\s/.-]", "", reference)
    return len(set(bare)) < 2 or re.fullmatch(r"0*[0-9]{1,4}", bare) is not None


def _group(line: Line) -> Group:
    """Lines that may be one and the same: of one day and sum, under one reference.

    Without a real one, saying the same.
    """
    said = (line.counterparty, line.counterparty_account, line.remark)
    return (
        line.day,
        line.amount,
        said if filler(line.bank_reference) or not line.amount else line.bank_reference,
    )


def _new(session: Session, account: str, lines: list[Line]) -> list[tuple[int, str, Line]]:
    """The lines that were not told before: number, key, line.

    Of each group as many are known as came before, those that say the same first: two like lines are two, and
    a file that comes again, or overlaps another, adds nothing.
    """
    standing: dict[Group, list[Line]] = defaultdict(list)
    for row in _told_before(session, account, lines):
        standing[_group(row)].append(row)
    grouped: dict[Group, list[tuple[int, Line]]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        grouped[_group(line)].append((number, line))
    found = []
    for group, told in grouped.items():
        before = standing[group]
        for place, (number, line) in enumerate(_not_yet(told, before), start=len(before)):
            found.append((number, _key(account, group, place), line))
    read_since = set(
        session.scalars(select(BankLine.key).where(BankLine.key.in_([key for _, key, _ in found])))
    )  # by a person
    return sorted((each for each in found if each[1] not in read_since), key=lambda each: each[0])


def _told_before(session: Session, account: str, lines: list[Line]) -> list[Line]:
    days, sums = {line.day for line in lines}, {line.amount for line in lines}
    query = select(
        BankLine.day,
        BankLine.amount,
        BankLine.counterparty,
        BankLine.counterparty_account,
        BankLine.remark,
        BankLine.bank_reference,
    )
    query = query.join(BankStatement).where(
        BankStatement.account == account,
        BankLine.day.between(min(days), max(days)),
        BankLine.amount.in_(sums),
    )
    return [Line(*row) for row in session.execute(query)]


def _not_yet(told: list[tuple[int, Line]], before: list[Line]) -> list[tuple[int, Line]]:
    """Those of a group that are more than came before."""
    left, rest = Counter(map(_said, before)), []
    for number, line in told:
        if left[_said(line)]:
            left[_said(line)] -= 1
        else:
            rest.append((number, line))
    return rest[left.total() :]


def _said(line: Line) -> tuple[str, str, str]:
    return (line.counterparty, line.counterparty_account, line.remark)


def _key(account: str, group: Group, place: int) -> str:
    """What makes a line one of its kind: the group it is of, and how many like it came before."""
    day, amount, about = group
    counted = place + 1 if isinstance(about, tuple) else place
    return hashlib.sha256(repr(((account, day, amount, about), counted)).encode()).hexdigest()
