"""A regulator's view of the money of its area.

What is kept where, who does not pay in time, who waits for theirs.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Select, func, literal, select

from market.charts import rows as row_chart
from market.extensions import db
from market.words import region, when
from models.actors import Actor
from models.contracts import Contract
from models.credit import CreditRecord
from models.ledger import Account
from models.money import plain
from models.payments import KINDS, PAYOUT_KINDS, Payment, Payout

VIEWS = ("escrow", "overdue", "waiting")


def kept_by_region(actor: Actor) -> list[tuple[str, int, int, int, int]]:
    """What is kept, a row a region, most kept first.

    (region code, contracts with money kept, escrow, retained, held in disputes); sums in fen.
    """
    found: dict[str, tuple[int, int, int, int]] = {}
    for place, kind in enumerate(("escrow", "retention", "hold")):
        code = literal(f"{kind}:").concat(Contract.identifier)
        query = select(Contract.region_code, func.sum(Account.balance), func.count()).join(
            Account, Account.code == code
        )
        for where, total, contracts in db.session.execute(
            query.where(Contract.visible_to(actor), Account.balance > 0).group_by(Contract.region_code)
        ):
            before = found.get(where, (0, 0, 0, 0))
            sums = [int(total) if each == place else before[each + 1] for each in range(3)]
            found[where] = (max(before[0], contracts), sums[0], sums[1], sums[2])
    rows = [(where, *sums) for where, sums in found.items()]
    return sorted(rows, key=lambda row: -sum(row[2:]))


def kept_chart(rows: list[tuple[str, int, int, int, int]]) -> Markup:
    return row_chart([(region(row[0]), sum(row[2:]) // 100) for row in rows[:15]], _("托管资金(元)"))


def overdue(actor: Actor) -> Select[Any]:
    """Payments past their limit, with the record put forward for each if there is one; the oldest first."""
    pairs: Any = select(Payment, CreditRecord)
    joined = pairs.outerjoin(CreditRecord, CreditRecord.source_identifier == Payment.identifier)
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


def table(actor: Actor, view: str) -> list[list[Any]]:
    """The rows of an export, heading first; sums in yuan."""
    if view == "escrow":
        heading = [_("地区"), _("合同数"), _("合同托管(元)"), _("质量保留金(元)"), _("争议冻结(元)")]
        return [
            heading,
            *([region(row[0]), row[1], *(plain(fen) for fen in row[2:])] for row in kept_by_region(actor)),
        ]
    if view == "overdue":
        rows: list[list[Any]] = [
            [
                _("编号"),
                _("合同"),
                _("业主"),
                _("机构"),
                _("款项"),
                _("金额(元)"),
                _("应付时间"),
                _("信用记录"),
            ]
        ]
        for payment, record in db.session.execute(overdue(actor)).unique():
            contract = payment.contract
            rows.append(
                [
                    payment.identifier,
                    contract.identifier,
                    contract.buyer.name,
                    contract.agency.name,
                    _(KINDS[payment.kind]),
                    plain(payment.amount),
                    when(payment.pay_by),
                    record.identifier if record else "",
                ]
            )
        return rows
    rows = [[_("编号"), _("合同"), _("收款单位"), _("款项"), _("金额(元)"), _("应付出时间"), _("状态")]]
    for payout in db.session.scalars(waiting(actor)).unique():
        rows.append(
            [
                payout.identifier,
                payout.contract.identifier,
                payout.payee.name,
                _(PAYOUT_KINDS[payout.kind]),
                plain(payout.amount),
                when(payout.send_by),
                _(payout.state_label),
            ]
        )
    return rows
