"""Payments: a sum due under a contract.

Money is in when both sides confirm it, or when a bank's statement or a gateway shows it; only what was shown
counts as seen, and only that is paid out again.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from models import spelling
from models.base import Base, Fen
from models.contracts.of_contract import OfContract
from models.documents import Document
from models.i18n import N_
from models.lengths import LEAST
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow_table import Limit, Move, State, Workflow

KINDS = {
    "deposit": N_("定金"),
    "milestone": N_("节点款"),
    "settlement": N_("余款"),
    "penalty": N_("逾期付款违约金"),
}
OPEN = ("due", "overdue", "paid")  # asked for, and not known to be in
IN = ("confirmed", "cleared")  # in, as both sides say or as the bank does

_CONFIRM = up("contract.confirm_days")

PAYMENT = Workflow(
    name="payment",
    label=N_("付款"),
    states=(
        State("due", N_("待付款")),
        State("overdue", N_("逾期未付"), tone="bad"),
        State("paid", N_("待确认到账")),
        State("confirmed", N_("双方已确认"), tone="good"),
        State("cleared", N_("已核对到账"), tone="good", terminal=True),
        State("cancelled", N_("已取消"), tone="plain", terminal=True),
    ),
    moves=(
        Move("due", "pay", "paid", who={"buyer"}, main=True, limit=_CONFIRM, notify=("agency",)),
        Move(
            "due", "lapse", "overdue", who={"system"}, notify=("buyer", "agency"), limit=up("referral.days")
        ),
        Move("due", "receive", "cleared", who={"system", "custodian"}, notify=("buyer", "agency")),
        Move("due", "cancel", "cancelled", who={"system"}, notify=("buyer", "agency")),
        Move("overdue", "pay", "paid", who={"buyer"}, main=True, limit=_CONFIRM, notify=("agency",)),
        Move("overdue", "receive", "cleared", who={"system", "custodian"}, notify=("buyer", "agency")),
        Move("overdue", "cancel", "cancelled", who={"system"}, notify=("buyer", "agency")),
        Move(
            "paid",
            "confirm",
            "confirmed",
            who={"agency"},
            main=True,
            notify=("buyer",),
            limit=up("referral.days"),
        ),
        Move("paid", "receive", "cleared", who={"system", "custodian"}, notify=("buyer", "agency")),
        Move(
            "paid",
            "dispute",
            "due",
            who={"agency", "custodian"},
            needs_reason=True,
            limit=Limit(attribute="pay_by", act="lapse"),
            notify=("buyer",),
        ),
        *(
            Move(
                state,
                "set_aside",
                "due",
                who={"regulator"},
                above=True,
                needs_reason=True,
                limit=Limit(attribute="pay_by", act="lapse"),
                notify=("buyer", "agency"),
            )
            for state in ("paid", "confirmed")
        ),
        *referrals("paid", "overdue", "confirmed", notify=("buyer", "agency")),
        Move("confirmed", "receive", "cleared", who={"system", "custodian"}, main=True),
    ),
    duties=("pay", "confirm", "dispute"),
    powers={"pay": "pay"},
    openings={"ask": N_("应付款项")},
    consequences={
        "pay": N_("表示款已从本单位账户转到托管账户。请先转账,再上传凭证。"),
        "confirm": N_("表示这笔款已付到托管账户,随即入账,合同进入下一步;不是付到本单位的账户。"),
        "receive": N_("表示托管账户已收到这笔款,随即入账,等着它的拨付可以办理。"),
        "dispute": N_("这笔款重新记为待付,业主要再付一次或补交凭证。"),
        "set_aside": N_("这笔款重新记为待付,业主要再付一次或补交凭证。"),
    },
    buttons={
        "receive": N_("登记银行到账"),
        "dispute": N_("报告未到账"),
        "set_aside": N_("退回待付"),
    },
    acts={
        "pay": N_("上传付款凭证"),
        "confirm": N_("确认到账"),
        "receive": N_("银行到账"),
        "dispute": N_("未到账"),
        "set_aside": N_("查无到账,退回待付"),
        "lapse": N_("逾期未付"),
        "cancel": N_("取消"),
        **REFERRAL_ACTS,
    },
    opening=Limit(attribute="pay_by", act="lapse", remind="contract.remind_days"),
)

REFERENCE_WRONG = N_("请填写银行流水号(%(least)s 到 %(most)s 个字符)。")


class Payment(OfContract, Base):
    """A sum due under a contract.

    The deposit (`milestone_number` 0), what a milestone's price still needs, or what paying for it late
    costs. `gateway` is the way by which it came in.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("contract_id", "kind", "milestone_number"),
        Index("ix_payments_amount", "amount", "id"),  # by which a bank's line is looked for
    )
    workflow: ClassVar[Workflow] = PAYMENT
    prefix: ClassVar[str] = "M"
    office_roles: ClassVar[frozenset[str]] = frozenset({"custodian"})
    stake: ClassVar[str] = N_("金额")

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    kind: Mapped[str] = mapped_column(String(12))
    milestone_number: Mapped[int] = mapped_column(default=0)
    amount: Mapped[Fen]
    pay_by: Mapped[datetime]
    gateway: Mapped[str] = mapped_column(String(12), default="bank")
    bank_reference: Mapped[str | None] = mapped_column(String(60), info={LEAST: 4})
    voucher_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    paid_at: Mapped[datetime | None]
    voucher: Mapped[Document | None] = relationship()

    @property
    def part(self) -> str:
        return KINDS[self.kind]

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.amount

    @property
    def asked(self) -> bool:
        """Whether the buyer is to pay it, and has not said that it did."""
        return self.state in ("due", "overdue")

    @property
    def reference(self) -> str:
        return reference(self.identifier)


def reference(identifier: str) -> str:
    """What is written in the remark of a transfer, `M-2026-000123` as `M202600012359`.

    Letters and digits alone, because banks drop the rest, with two check digits (ISO 7064 Mod 97-10) so that
    no slip of the hand names somebody else's payment.
    """
    plain = identifier.replace("-", "")
    return plain + str(mod_97_10.calc_check_digits(plain))


_ONE = r"[MZ](?:[-\s/._+]*[0-9]){12}"
_WRITTEN = re.compile(rf"(?<![A-Z0-9])(?:{_ONE})+(?![0-9])")  # several may run together


def payments_named_in(remark: str) -> tuple[list[str], bool]:
    """The identifiers a remark names by their references, and whether one was written wrong.

    Wherever a bank broke them; a wrong one is one whose check digits do not fit.
    """
    found, slipped = [], False
    for written in (
        one for run in _WRITTEN.findall(spelling.reference(remark)) for one in re.findall(_ONE, run)
    ):
        letter, digits = written[0], re.sub("[^0-9]", "", written)
        try:
            mod_97_10.validate(letter + digits)
        except ValidationError:
            slipped = True
        else:
            found.append(f"{letter}-{digits[:4]}-{digits[4:10]}")
    return list(dict.fromkeys(found)), slipped
