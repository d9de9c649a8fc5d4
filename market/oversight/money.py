"""A regulator's view of the money of its area.

What is kept where, who does not pay in time, who waits for theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Select, and_, func, literal, select

from market.charts import rows as row_chart
from market.extensions import db
from market.formatting import region
from market.spreadsheets import Column, yuan
from models.actors import Actor
from models.contracts.agreement import Contract
from models.credit.records import CreditRecord
from models.ledger.books import Account
from models.money import show
from models.payments.kept import KEPT, keeps
from models.payments.payment import KINDS, Payment
from models.payments.payouts import PAYOUT_KINDS, Payout

VIEWS = ("escrow", "overdue", "waiting")


def kept_by_region(actor: Actor) -> list[tuple[str, int, int, int, int]]:
    """What is kept, a row a region, most kept first.

    (region code, contracts with money kept, escrow, retained, held in disputes); sums in fen.
    """
    counted = select(Contract.region_code, func.count()).where(Contract.visible_to(actor), keeps())
    counts = dict(db.session.execute(counted.group_by(Contract.region_code)).all())  # type: ignore[arg-type]
    sums: dict[str, list[int]] = {where: [0, 0, 0] for where in counts}
    for place, kind in enumerate(KEPT):
        code = literal(f"{kind}:").concat(Contract.identifier)
        query = select(Contract.region_code, func.sum(Account.balance)).join(Account, Account.code == code)
        for where, total in db.session.execute(
            query.where(Contract.visible_to(actor), Account.balance > 0).group_by(Contract.region_code)
        ):
            sums.setdefault(where, [0, 0, 0])[place] = int(total)
    rows = [(where, counts.get(where, 0), kept[0], kept[1], kept[2]) for where, kept in sums.items()]
    return sorted(rows, key=lambda row: -sum(row[2:]))


def kept_chart(rows: list[tuple[str, int, int, int, int]]) -> Markup:
    return row_chart([(region(row[0]), sum(row[2:])) for row in rows], _("托管资金"), said=show)


def overdue(actor: Actor) -> Select[Any]:
    """Payments past their limit, with the record put forward for each if there is one; the oldest first."""
    pairs: Any = select(Payment, CreditRecord)
    of_it = and_(CreditRecord.source_identifier == Payment.identifier, CreditRecord.visible_to(actor))
    joined = pairs.outerjoin(CreditRecord, of_it)
    ordered: Select[Any] = joined.where(Payment.visible_to(actor), Payment.state == "overdue").order_by(
        Payment.pay_by, Payment.id
    )
    return ordered


def waiting(actor: Actor) -> Select[Any]:
    """Payouts that have not left, or not arrived; the oldest limit first."""
    ordered: Select[Any] = (
        select(Payout)
        .where(Payout.visible_to(actor), Payout.state != "arrived")
        .order_by(Payout.send_by, Payout.id)
    )
    return ordered


Held = tuple[str, int, int, int, int]
HELD = (
    Column[Held](_l("地区"), lambda row: region(row[0])),
    Column[Held](_l("合同数"), lambda row: row[1]),
    Column[Held](_l("合同托管(元)"), lambda row: yuan(row[2])),
    Column[Held](_l("质量保留金(元)"), lambda row: yuan(row[3])),
    Column[Held](_l("争议冻结(元)"), lambda row: yuan(row[4])),
)
OVERDUE = (
    Column[Any](_l("编号"), lambda pair: pair.Payment.identifier),
    Column[Any](_l("合同"), lambda pair: pair.Payment.contract.identifier),
    Column[Any](_l("业主"), lambda pair: pair.Payment.contract.buyer.name),
    Column[Any](_l("机构"), lambda pair: pair.Payment.contract.agency.name),
    Column[Any](_l("款项"), lambda pair: _(KINDS[pair.Payment.kind])),
    Column[Any](_l("金额(元)"), lambda pair: yuan(pair.Payment.amount)),
    Column[Any](_l("应付时间"), lambda pair: pair.Payment.pay_by),
    Column[Any](_l("信用记录"), lambda pair: pair.CreditRecord.identifier if pair.CreditRecord else ""),
)
WAITING = (
    Column[Payout](_l("编号"), lambda payout: payout.identifier),
    Column[Payout](_l("合同"), lambda payout: payout.contract.identifier),
    Column[Payout](_l("收款单位"), lambda payout: payout.payee.name),
    Column[Payout](_l("款项"), lambda payout: _(PAYOUT_KINDS[payout.kind])),
    Column[Payout](_l("金额(元)"), lambda payout: yuan(payout.amount)),
    Column[Payout](_l("应拨付时间"), lambda payout: payout.send_by),
    Column[Payout](_l("状态"), lambda payout: _(payout.state_label)),
)


def exported(actor: Actor, view: str) -> tuple[Sequence[Column[Any]], Iterable[Any]]:
    """The columns and the rows of a view's export."""
    if view == "overdue":
        return OVERDUE, db.session.execute(overdue(actor)).unique()
    if view == "waiting":
        return WAITING, db.session.scalars(waiting(actor)).unique()
    return HELD, kept_by_region(actor)
