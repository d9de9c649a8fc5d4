"""The custodian of the demonstration.

Every few days the bank's statement comes in, and what is owed goes out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from market.demo.stage import Stage, Story
from market.demonstration.people import CUSTODIAN
from market.extensions import db
from market.payments.actions import bank, importing, payouts
from market.payments.jobs import match_lines
from market.spreadsheets import as_csv
from models import clock
from models.accounts import Organisation
from models.errors import Problem
from models.money import plain
from models.payments.bank import BankLine
from models.payments.payment import Payment, reference
from models.payments.payouts import Payout

HEADING = ["交易日期", "收入金额", "支出金额", "余额", "对方户名", "对方账号", "附言", "交易流水号"]


FORGOTTEN = "服务费"  # what a buyer writes who forgets the reference
ASKED = timedelta(days=4)  # until it has answered the custodian's call


def bank_story(stage: Stage, until: datetime) -> Story:
    """One in thirty buyers forgets the reference, and a person finds out; of the last days' one does."""
    random, told, balance, waits = stage.random, set[str](), 0, False
    accounts: dict[str, str] = {}  # everybody pays from one of his own
    while True:
        yield stage.later(2)
        _find(stage)
        db.session.rollback()
        came = select(Payment.identifier, Payment.amount, Organisation.name).join(
            Organisation, Organisation.id == Payment.buyer_id
        )
        left = select(Payout.identifier, -Payout.amount, Organisation.name).join(
            Organisation, Organisation.id == Payout.payee_id
        )
        moved = list(db.session.execute(came.where(Payment.state == "confirmed").order_by(Payment.id)))
        moved += db.session.execute(left.where(Payout.state.in_(("sent", "arrived"))).order_by(Payout.id))
        rows: list[list[object]] = [list(HEADING)]
        for identifier, amount, name in moved:
            if identifier in told:
                continue
            told.add(identifier)
            balance += amount
            forgets = amount > 0 and random.random() < 0.03
            if amount > 0 and not waits and clock.now() > until - ASKED:
                forgets = waits = True
            remark = FORGOTTEN if forgets else reference(identifier)
            sums = [plain(amount), ""] if amount > 0 else ["", plain(-amount)]
            rows.append(
                [
                    clock.today().isoformat(),
                    *sums,
                    plain(balance),
                    name,
                    accounts.setdefault(name, f"6228{random.randrange(10**12):012d}"),
                    remark,
                    f"{clock.today():%Y%m%d}{random.randrange(10**8):08d}",
                ]
            )
        if len(rows) > 1:
            importing.import_statement(
                stage.actors[CUSTODIAN], file_name=f"对账单-{clock.today()}.csv", content=as_csv(rows)
            )
            match_lines()
        _pay_out(stage, until)


def _find(stage: Stage) -> None:
    """What came in some days ago without a reference is a payment by who paid it and how much."""
    db.session.rollback()
    unknown = select(BankLine).where(BankLine.state == "open", BankLine.remark == FORGOTTEN)
    before = (clock.now() - ASKED).date()
    for line in db.session.scalars(unknown.where(BankLine.day <= before).order_by(BankLine.id)).all():
        statement, number = line.statement.identifier, line.number
        paid = select(Payment.identifier).join(Organisation, Organisation.id == Payment.buyer_id)
        about = db.session.scalars(
            paid.where(
                Payment.state == "confirmed",
                Payment.amount == line.amount,
                Organisation.name == line.counterparty,
            ).order_by(Payment.id)
        ).first()
        if about is None:
            continue
        bank.settle(
            stage.actors[CUSTODIAN],
            statement,
            number,
            way="payment",
            identifier=about,
            reason="付款单位来电确认,汇款时漏填编号,户名与金额相符。",
        )


def _pay_out(stage: Stage, until: datetime) -> None:
    """Everything owed whose money was seen, but for what may wait until after the play."""
    owed = select(Payout.identifier).where(Payout.state == "due", Payout.send_by <= until)
    for identifier in db.session.scalars(owed.order_by(Payout.id)).all():
        try:
            payouts.send(
                stage.actors[CUSTODIAN],
                identifier,
                bank_reference=f"{clock.today():%Y%m%d}{stage.random.randrange(10**8):08d}",
            )
        except Problem:
            db.session.rollback()
