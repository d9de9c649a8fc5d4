"""Payouts: money that is owed to an agency or a buyer and has to leave.

It leaves by bank through the custodian's hands, or by the gateway that took it, and only as far as money for
its contract was really seen coming in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar, Self

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import spelling
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Fen, Json, JsonOf
from models.contracts.agreement import Contract
from models.contracts.of_contract import OfContract
from models.errors import RuleViolation
from models.events import Event
from models.i18n import N_
from models.lengths import LEAST
from models.payments.charges import Charge
from models.payments.payment import Payment
from models.referrals import REFERRAL_ACTS, referrals
from models.sourcing.of_tender import PARTIES
from models.workflow_table import Limit, Move, State, Workflow

PAYOUT_KINDS = {"earned": N_("服务款"), "refund": N_("退款"), "penalty": N_("违约金")}

_SEND = Limit(attribute="send_by", act="refer")


def _funded(session: Session, payout: Payout) -> None:
    if not funded(session, payout):
        raise RuleViolation(N_("这份合同的来款还没有在银行对账单上核对到账,暂不能拨付。"))


PAYOUT = Workflow(
    name="payout",
    label=N_("拨付"),
    states=(
        State("due", N_("待拨付")),
        State("held", N_("等来款核对")),
        State("sending", N_("拨付中")),
        State("sent", N_("已拨付,待确认")),
        State("arrived", N_("已到账"), tone="good"),
    ),
    moves=(
        Move("due", "hold", "held", who={"system"}),
        Move("held", "free", "due", who={"system"}, rules=(_funded,), limit=_SEND),
        Move("due", "begin", "sending", who={"system"}, rules=(_funded,)),
        Move(
            "due",
            "send",
            "sent",
            who={"custodian"},
            rules=(_funded,),
            main=True,
            limit=Limit(policy="contract.confirm_days", act="arrive"),
            notify=("payee",),
        ),
        *referrals("due", notify=("payee",)),
        Move(
            "sending",
            "send",
            "sent",
            who={"system"},
            limit=Limit(policy="contract.confirm_days", act="arrive"),
            notify=("payee",),
        ),
        Move("sending", "fail", "due", who={"system"}, limit=_SEND),
        Move("sent", "arrive", "arrived", who={"payee", "system"}, main=True),
        Move(
            "sent",
            "bounce",
            "due",
            who={"payee", "custodian", "system"},
            needs_reason=True,
            limit=_SEND,
            notify=("payee",),
        ),
        Move(
            "arrived",
            "bounce",
            "due",
            who={"custodian", "system"},
            needs_reason=True,
            limit=_SEND,
            notify=("payee",),
        ),  # a refund may fail weeks later
    ),
    duties=("arrive", "bounce"),
    openings={"owe": N_("应拨付")},
    acts={
        "hold": N_("来款还没有核对到账,等候拨付"),
        "free": N_("来款已核对到账,可以拨付"),
        "begin": N_("提交渠道"),
        "send": N_("拨付"),
        "fail": N_("渠道未受理"),
        "arrive": N_("确认到账"),
        "bounce": N_("未到账或退回"),
        **REFERRAL_ACTS,
    },
    buttons={"send": N_("拨付款项"), "bounce": N_("报告未到账或退回")},
    consequences={
        "send": N_("表示已通知银行付款:款从托管账户转到下面的收款账户,账上记为已拨付。"),
        "arrive": N_("表示款已到本单位账户;以后银行退回的,仍会重新拨付。"),
        "bounce": N_("款重新记为待拨付,由资金托管机构再付一次。请先查清,以免重复付款。"),
    },
    opening=_SEND,
)


@dataclass(frozen=True, slots=True)
class Account:
    """Where money goes: whose account, at which bank, which; what is not known, or is none, is empty."""

    holder: str = ""
    bank: str = ""
    number: str = ""

    @classmethod
    def from_json(cls, stored: Json) -> Self:
        return cls(**stored)

    def to_json(self) -> Json:
        return asdict(self)

    def is_same(self, other: Account) -> bool:
        """Whether this is the other, of either of which the bank may not be known."""
        return (
            spelling.code(self.number) == spelling.code(other.number)
            and spelling.name(self.holder) == spelling.name(other.holder)
            and (not self.bank or not other.bank or spelling.same_name(self.bank, other.bank))
        )


class Payout(OfContract, Base):
    """Money on its way out.

    `milestone_number` is the milestone it is the price of, if any; `gateway` is how it leaves, `charge` what
    it is refunded on, `tries` how often it was sent so; `gateway_id` the gateway's own name for it,
    `bank_reference` the bank's. `sent_to` is the account it was sent to last, as it was then: of one that is
    owed again the one it came back from.
    """

    __tablename__ = "payouts"
    __table_args__ = (Index("ix_payouts_amount", "amount", "id"),)  # by which a bank's line is looked for
    workflow: ClassVar[Workflow] = PAYOUT
    prefix: ClassVar[str] = "Z"
    parties: ClassVar[dict[str, str]] = {**PARTIES, "payee": "payee_id"}
    office_roles: ClassVar[frozenset[str]] = frozenset({"custodian"})
    stake: ClassVar[str] = N_("金额")

    milestone_number: Mapped[int | None]
    payee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    charge_id: Mapped[int | None] = mapped_column(ForeignKey("charges.id"))
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Fen]
    gateway: Mapped[str] = mapped_column(String(12), default="bank")
    gateway_id: Mapped[str | None] = mapped_column(String(60), unique=True)
    bank_reference: Mapped[str | None] = mapped_column(String(60), info={LEAST: 4})
    tries: Mapped[int] = mapped_column(default=0)
    sent_to: Mapped[Account | None] = mapped_column(JsonOf(Account))
    send_by: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    payee: Mapped[Organisation] = relationship(foreign_keys=[payee_id], lazy="joined")
    charge: Mapped[Charge | None] = relationship()

    @property
    def part(self) -> str:
        return PAYOUT_KINDS[self.kind]

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.amount

    def shows_account_to(self, actor: Actor) -> bool:
        """Whether an actor may see where it goes: the payee's own people and the offices may."""
        return bool(self.roles_of(actor) & {"payee", "custodian", "regulator", "admin"})


def last_return(session: Session, payout: Payout) -> Event | None:
    """The event that told that it did not arrive, the newest; None of one that never came back."""
    told = select(Event).where(
        Event.case_type == PAYOUT.name,
        Event.case_identifier == payout.identifier,
        Event.kind == f"{PAYOUT.name}.bounce",
    )
    return session.scalars(told.order_by(Event.id.desc()).limit(1)).first()


def funded(session: Session, payout: Payout) -> bool:
    """Whether enough has come in for its contract to pay this one beside all that left or is on its way."""
    contract = payout.contract
    return funds_cleared(session, contract) >= funds_paid_out(session, contract) + payout.amount


def covered(session: Session, payout: Payout) -> bool:
    """Whether enough has come in to pay this one beside every other that does not wait for more."""
    others = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.contract_id == payout.contract_id, Payout.state != "held", Payout.id != payout.id
    )
    return funds_cleared(session, payout.contract) >= int(session.scalar(others) or 0) + payout.amount


def awaited(session: Session, payout: Payout) -> list[Payment]:
    """The payments whose money it waits for: those the two sides agree on, and the bank has not shown yet."""
    query = select(Payment).where(Payment.contract_id == payout.contract_id, Payment.state == "confirmed")
    return list(session.scalars(query.order_by(Payment.id)).unique())


def funds_cleared(session: Session, contract: Contract) -> int:
    """What has really come in for a contract, in fen: on a bank's statement or at a gateway."""
    cleared = select(func.coalesce(func.sum(Payment.amount), 0)).where(
        Payment.contract_id == contract.id, Payment.state == "cleared"
    )
    surplus = (
        select(func.coalesce(func.sum(Charge.amount), 0))
        .join(Payment)
        .where(Payment.contract_id == contract.id, Charge.surplus.is_(True))
    )
    return int(session.scalar(cleared) or 0) + int(session.scalar(surplus) or 0)


def funds_paid_out(session: Session, contract: Contract) -> int:
    """What has left, or is leaving, for a contract, in fen."""
    query = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.contract_id == contract.id, Payout.state.not_in(("due", "held"))
    )
    return int(session.scalar(query) or 0)
