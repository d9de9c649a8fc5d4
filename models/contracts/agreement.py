"""The contract: its clauses as agreed, its milestones, and the course it takes.

How it comes to them is in drafting.py.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import eligibility
from models.base import Base, Code, Fen, Json, Name
from models.cases import Case
from models.credit import restrictions
from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing.awards import Award
from models.sourcing.of_tender import PARTIES
from models.sourcing.tenders import Tender
from models.workflow_table import Limit, Move, State, Workflow

# a state has one act of the clock: it lapses first, then goes up
_SIGN = up("contract.sign_days", remind="contract.remind_days")
_BOTH = ("buyer", "agency")
# While it runs, whatever is under way in it may happen; suspended or in dispute its clocks stand still.
RUNNING = ("active", "ending")
UNSIGNED = ("drafted", "buyer_agreed", "agency_agreed")


def _deposit_overdue(session: Session, contract: Contract) -> None:
    """By the limit the buyer was told of.

    Reckoned again, a notice of holidays published since could have made it shorter.
    """
    from models.payments.payment import Payment

    asked = select(Payment.pay_by).where(Payment.contract_id == contract.id, Payment.kind == "deposit")
    pay_by = session.scalar(asked)
    if pay_by is None or pay_by > clock.now():
        raise RuleViolation(N_("已签署的合同,在定金逾期未付时才能由机构终止;其他情况请提出协议解除。"))


def _lost(session: Session, contract: Contract) -> None:
    # who has not signed itself waits for nobody
    late = contract.unsigned == "agency" and contract.unsigned_by in ("agency", "both")
    if not contract.award.replaceable and not late:
        raise RuleViolation(
            N_("只有业主已签而中选机构逾期未签,或者中选机构现在不能承接本事项并且规则允许改选时,才能改选。")
        )


CONTRACT = Workflow(
    name="contract",
    label=N_("合同"),
    states=(
        State("drafted", N_("待双方签署")),
        State("buyer_agreed", N_("待机构签署")),
        State("agency_agreed", N_("待业主签署")),
        State("signed", N_("待定金入账")),
        State("active", N_("履行中"), tone="good"),
        State("suspended", N_("中止")),
        State("ending", N_("解除通知中"), tone="bad"),
        State("disputed", N_("争议处理中"), tone="bad"),
        State("completed", N_("已完成"), tone="plain", terminal=True),
        State("terminated", N_("已终止"), tone="bad", terminal=True),
    ),
    moves=(
        Move("drafted", "revise", "drafted", who=_BOTH, notify=_BOTH),
        Move(
            "drafted",
            "agree_buyer",
            "buyer_agreed",
            who={"buyer"},
            main=True,
            limit=_SIGN,
            notify=("agency",),
            binds=True,
        ),
        Move(
            "drafted",
            "agree_agency",
            "agency_agreed",
            who={"agency"},
            main=True,
            limit=_SIGN,
            notify=("buyer",),
            binds=True,
        ),
        Move("drafted", "terminate", "terminated", who=(*_BOTH, "system"), needs_reason=True, notify=_BOTH),
        Move("buyer_agreed", "revise", "drafted", who=_BOTH, limit=_SIGN, notify=_BOTH),
        Move(
            "buyer_agreed",
            "agree_agency",
            "signed",
            who={"agency"},
            main=True,
            notify=("buyer",),
            public=True,
            binds=True,
        ),
        Move(
            "buyer_agreed", "terminate", "terminated", who=(*_BOTH, "system"), needs_reason=True, notify=_BOTH
        ),
        Move("agency_agreed", "revise", "drafted", who=_BOTH, limit=_SIGN, notify=_BOTH),
        Move(
            "agency_agreed",
            "agree_buyer",
            "signed",
            who={"buyer"},
            main=True,
            notify=("agency",),
            public=True,
            binds=True,
        ),
        Move(
            "agency_agreed",
            "terminate",
            "terminated",
            who=(*_BOTH, "system"),
            needs_reason=True,
            notify=_BOTH,
        ),
        *(
            Move(state, "lapse", state, who={"system"}, notify=_BOTH, limit=up("referral.days"))
            for state in UNSIGNED
        ),
        *(
            Move(
                state,
                "replace",
                "terminated",
                who={"buyer"},
                needs_reason=True,
                rules=(_lost,),
                notify=_BOTH,
                public=True,
            )
            for state in UNSIGNED
        ),
        *(
            Move(
                state,
                "call_off",
                "terminated",
                who={"regulator"},
                needs_reason=True,
                above=True,
                notify=_BOTH,
            )
            for state in UNSIGNED
        ),
        *referrals(*UNSIGNED, notify=_BOTH),
        Move("signed", "activate", "active", who={"system"}, notify=_BOTH),
        Move(
            "signed",
            "terminate",
            "terminated",
            who={"agency"},
            needs_reason=True,
            rules=(_deposit_overdue,),
            notify=_BOTH,
        ),
        Move("signed", "dissolve", "terminated", who={"system"}, notify=_BOTH, public=True),
        Move(
            "active",
            "suspend",
            "suspended",
            who={"system"},
            limit=Limit(attribute="suspended_until", act="resume"),
            notify=_BOTH,
        ),
        Move("active", "complete", "completed", who={"system"}, notify=_BOTH, public=True),
        Move("suspended", "resume", "active", who={"system"}, notify=_BOTH),
        *(
            move
            for state in ("active", "suspended")
            for move in (
                Move(
                    state,
                    "give_notice",
                    "ending",
                    who=_BOTH,
                    needs_reason=True,
                    limit=Limit(policy="contract.objection_days", act="end"),
                    notify=_BOTH,
                ),
                Move(state, "dispute", "disputed", who=_BOTH, notify=_BOTH),
                Move(state, "dissolve", "terminated", who={"system"}, notify=_BOTH, public=True),
            )
        ),
        Move("ending", "contest", "disputed", who={"recipient"}, main=True, notify=_BOTH),
        Move("ending", "retract", "active", who={"giver"}, notify=_BOTH),
        Move("ending", "dissolve", "terminated", who={"system"}, notify=_BOTH, public=True),
        Move("ending", "end", "terminated", who={"system"}, notify=_BOTH, public=True),
        Move("ending", "complete", "completed", who={"system"}, notify=_BOTH, public=True),
        Move("disputed", "continue", "active", who={"system"}, notify=_BOTH),
        Move("disputed", "dissolve", "terminated", who={"system"}, notify=_BOTH, public=True),
    ),
    duties=("terminate", "give_notice", "retract", "contest", "dispute"),
    openings={"draft": N_("起草合同")},
    undone_by={"agree_buyer": "revise", "agree_agency": "revise", "give_notice": "retract"},
    powers={"agree_buyer": "sign", "agree_agency": "sign"},
    consequences={
        "agree_buyer": N_(
            "电子签名与手写签名、盖章同等有效。双方都签署后合同成立,业主要按期把定金付到托管账户。"
        ),
        "agree_agency": N_(
            "电子签名与手写签名、盖章同等有效。双方都签署后合同成立,业主要按期把定金付到托管账户。"
        ),
        "revise": N_("双方已有的签署作废,要对改过的合同重新签署。"),
        "terminate": N_("合同就此结束,不能恢复;本次采购不再签订或履行这份合同。"),
        "replace": N_("这份合同就此结束,业主回到确定中选,改选其他机构。"),
        "call_off": N_("这份合同就此结束,不再签订。"),
        "give_notice": N_(
            "对方在异议期内不提出异议,合同即解除,托管的款按过错结算。应当有法定或约定的解除事由。"
        ),
        "contest": N_("转为争议,由监管部门处理;其间托管的款冻结,各项期限停止计算。"),
        "dispute": N_("转为争议,由监管部门处理;其间托管的款冻结,各项期限停止计算。"),
    },
    acts={
        "revise": N_("修改条款"),
        "agree_buyer": N_("业主签署"),
        "agree_agency": N_("机构签署"),
        "lapse": N_("逾期未签"),
        "replace": N_("终止并改选"),
        "activate": N_("开始履行"),
        "terminate": N_("终止合同"),
        "suspend": N_("中止"),
        "resume": N_("恢复履行"),
        "give_notice": N_("通知解除"),
        "contest": N_("对解除提出异议"),
        "retract": N_("撤回解除通知"),
        "end": N_("无异议,合同解除"),
        "dispute": N_("提出争议"),
        "continue": N_("争议了结,继续履行"),
        "dissolve": N_("合同解除"),
        "complete": N_("合同完成"),
        "call_off": N_("终止未签的合同"),
        **REFERRAL_ACTS,
    },
    opening=_SIGN,
)


class Contract(Case, Base):
    """The contract of one award.

    `clauses` are rows of `key`, `title`, `fixed`, the `standard` text of the template and the `text` agreed
    on; `findings` what the rules of `findings_version` say of it; `deviations` how many clauses differ.
    `retention_rate` is the fraction of every milestone's price but the last that waits for the last;
    `late_rate` the fraction of its price that a working day of lateness costs, `late_most` that of the whole
    price which all of it may cost; 0 where the template's clauses do not name them. `unsigned_by` is who let
    the time to sign pass, or gave the award up: `agency`, `buyer` or `both`. `paper` is the document with the
    present text and its signatures, once somebody needed it. `earlier_prices`: see `changes.vary`.
    """

    __tablename__ = "contracts"
    workflow: ClassVar[Workflow] = CONTRACT
    prefix: ClassVar[str] = "C"
    stake: ClassVar[str] = N_("合同价款")
    beneath: ClassVar[str] = "tender"
    parties: ClassVar[dict[str, str]] = {**PARTIES, "giver": "notice_by_id", "recipient": "notice_to_id"}

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), unique=True)
    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    template_version: Mapped[Code]
    heading: Mapped[Name]
    paper: Mapped[str | None] = mapped_column(String(40))
    clauses: Mapped[list[Json]]
    findings: Mapped[list[Json]] = mapped_column(default=list)
    findings_version: Mapped[str] = mapped_column(String(12), default="")
    deviations: Mapped[int] = mapped_column(default=0)
    price: Mapped[Fen]
    earlier_prices: Mapped[list[Json] | None]
    deposit: Mapped[Fen]
    days: Mapped[int]
    retention_rate: Mapped[str] = mapped_column(String(12), default="0")
    late_rate: Mapped[str] = mapped_column(String(12), default="0")
    late_most: Mapped[str] = mapped_column(String(12), default="0")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    unsigned_by: Mapped[str] = mapped_column(String(8), default="")
    signed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    notice_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    notice_to_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    ended_through: Mapped[str | None] = mapped_column(String(12))  # whose fault: buyer, agency, none, agreed
    completed_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    award: Mapped[Award] = relationship()
    tender: Mapped[Tender] = relationship(lazy="joined")
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    milestones: Mapped[list[Milestone]] = relationship(
        back_populates="contract", order_by="Milestone.number", cascade="all, delete-orphan"
    )

    @property
    def title(self) -> str:
        return self.tender.project

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.price

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Its parties, and whoever has a part in a case beside it.

        The approving department sees the contract whose report it reviews.
        """
        from models.contracts.changes import Change
        from models.contracts.deliverables import Deliverable
        from models.contracts.disputes import Dispute
        from models.contracts.materials import Materials
        from models.contracts.of_contract import OfContract

        if super().readable_by(session, actor):
            return True
        kinds: tuple[type[OfContract], ...] = (Materials, Deliverable, Change, Dispute)
        return any(
            case.roles_of(actor)
            for kind in kinds
            for case in session.scalars(select(kind).where(kind.contract_id == self.id)).unique()
        )

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        """To sign is new business for both sides: neither may be stopped at it."""
        restrictions.check(session, self.buyer, "sign", own="buyer" in played)
        eligibility.check_fit(session, self.agency, self.tender.item, "sign", own="agency" in played)

    @property
    def unsigned(self) -> str:
        """Whose signature is missing: `agency`, `buyer`, `both`, or nobody's."""
        return {"drafted": "both", "buyer_agreed": "agency", "agency_agreed": "buyer"}.get(self.state, "")

    @property
    def penal(self) -> bool:
        """Whether lateness costs what the template says: the clause on it stands as it is there."""
        return self.late_rate != "0" and all(
            c["text"] == c["standard"] for c in self.clauses if c["key"] == "breach"
        )

    @property
    def text_digest(self) -> str:
        """One hash over what both sign: it tells whether a text is still the one that was printed."""
        text = [
            self.heading,
            self.price,
            self.days,
            [[c["key"], c["title"], c["text"]] for c in self.clauses],
            parts_of(self),
        ]
        return hashlib.sha256(json.dumps(text, ensure_ascii=False).encode()).hexdigest()

    @property
    def changed(self) -> list[Json]:
        """The clauses that differ from the template."""
        return [clause for clause in self.clauses if clause["text"] != clause["standard"]]


class Milestone(Base):
    """A part of the work.

    So many working days from the milestone before, so much of the price (fen), and whether its deliverable
    goes to the approving department. Met once that is accepted, or passed; paid once the agency has the
    money.
    """

    __tablename__ = "milestones"
    __table_args__ = (UniqueConstraint("contract_id", "number"),)

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    number: Mapped[int]
    name: Mapped[Name]
    days: Mapped[int]
    amount: Mapped[Fen]
    reviewed: Mapped[bool]
    met_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    contract: Mapped[Contract] = relationship(back_populates="milestones")


def parts_of(contract: Contract) -> list[Json]:
    """The milestones as rows that `plan` takes."""
    return [
        {"name": m.name, "days": m.days, "amount": m.amount, "reviewed": m.reviewed}
        for m in contract.milestones
    ]
