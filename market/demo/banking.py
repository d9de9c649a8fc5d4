"""The custodian of the demonstration.

Every few days the bank's statement comes in, and what is owed goes out.
"""

from __future__ import annotations

from sqlalchemy import select

from market.demo.stage import Stage, Story
from market.demonstration.people import CUSTODIAN
from market.extensions import db
from market.payments.actions import importing, payouts
from market.payments.jobs import match_lines
from market.spreadsheets import as_csv
from models import clock
from models.accounts import Organisation
from models.errors import Problem
from models.money import plain
from models.payments.payment import Payment, reference
from models.payments.payouts import Payout

HEADING = ["交易日期", "收入金额", "支出金额", "余额", "对方户名", "对方账号", "附言", "交易流水号"]


def bank_story(stage: Stage) -> Story:
    """One in thirty buyers forgets the reference, and is left for a person to find."""
    random, told, balance = stage.random, set[str](), 0
    while True:
        yield stage.later(2)
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
            remark = "服务费" if amount > 0 and random.random() < 0.03 else reference(identifier)
            sums = [plain(amount), ""] if amount > 0 else ["", plain(-amount)]
            rows.append(
                [
                    clock.today().isoformat(),
                    *sums,
                    plain(balance),
                    name,
                    f"6228{random.randrange(10**12):012d}",
                    remark,
                    f"{clock.today():%Y%m%d}{random.randrange(10**8):08d}",
                ]
            )
        if len(rows) > 1:
            importing.import_statement(
                stage.actors[CUSTODIAN], file_name=f"对账单-{clock.today()}.csv", content=as_csv(rows)
            )
            match_lines()
        _pay_out(stage)


def _pay_out(stage: Stage) -> None:
    """Everything owed whose money was seen."""
    for identifier in db.session.scalars(
        select(Payout.identifier).where(Payout.state == "due").order_by(Payout.id)
    ).all():
        try:
            payouts.send(
                stage.actors[CUSTODIAN],
                identifier,
                bank_reference=f"{clock.today():%Y%m%d}{stage.random.randrange(10**8):08d}",
            )
        except Problem:
            db.session.rollback()
