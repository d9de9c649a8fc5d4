"""The contract: its clauses as agreed, its milestones, and the course it takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, policy
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Code, Fen, Json, Name
from models.contracts.clauses import examine, rules_version
from models.contracts.templates import MOST_MILESTONES, ContractTemplate
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing import PARTIES, Award, Request
from models.text import N_, RuleBroken
from models.workflow import Case, Limit, Move, State, Workflow

_SIGN = up("contract.sign_days", remind="contract.remind_days")
_UNSIGNED = ("drafted", "buyer_agreed", "agency_agreed")
_BOTH = ("buyer", "agency")
# While it runs, whatever is under way in it may happen; suspended or in dispute its clocks stand still.
RUNNING = ("active", "ending")


def _deposit_overdue(session: Session, contract: Contract) -> None:
    """By the limit the buyer was told of: reckoned again, a notice of holidays published since could have made it shorter."""
    from models.payments.payment import Payment

    asked = select(Payment.pay_by).where(Payment.contract_id == contract.id, Payment.kind == "deposit")
    pay_by = session.scalar(asked)
    if pay_by is None or pay_by > clock.now():
        raise RuleBroken(N_("已签署的合同,在定金逾期未付时才能由机构终止;其他情况请提出协议解除。"))


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
        Move("drafted", "revise", "drafted", who=_BOTH, tells=_BOTH),
        Move("drafted", "agree_buyer", "buyer_agreed", who={"buyer"}, main=True, limit=_SIGN, tells=("agency",)),
        Move("drafted", "agree_agency", "agency_agreed", who={"agency"}, main=True, limit=_SIGN, tells=("buyer",)),
        Move("drafted", "terminate", "terminated", who=_BOTH, needs_reason=True, tells=_BOTH),
        Move("buyer_agreed", "revise", "drafted", who=_BOTH, limit=_SIGN, tells=_BOTH),
        Move("buyer_agreed", "agree_agency", "signed", who={"agency"}, main=True, tells=("buyer",), public=True),
        Move("buyer_agreed", "terminate", "terminated", who=_BOTH, needs_reason=True, tells=_BOTH),
        Move("agency_agreed", "revise", "drafted", who=_BOTH, limit=_SIGN, tells=_BOTH),
        Move("agency_agreed", "agree_buyer", "signed", who={"buyer"}, main=True, tells=("agency",), public=True),
        Move("agency_agreed", "terminate", "terminated", who=_BOTH, needs_reason=True, tells=_BOTH),
        *(Move(state, "call_off", "terminated", who={"regulator"}, needs_reason=True, above=True, tells=_BOTH) for state in _UNSIGNED),
        *referrals(*_UNSIGNED, tells=_BOTH),
        Move("signed", "activate", "active", who={"system"}, tells=_BOTH),
        Move("signed", "terminate", "terminated", who={"agency"}, needs_reason=True, rules=(_deposit_overdue,), tells=_BOTH),
        Move("signed", "dissolve", "terminated", who={"system"}, tells=_BOTH, public=True),
        Move("active", "suspend", "suspended", who={"system"}, limit=Limit(attribute="suspended_until", act="resume"), tells=_BOTH),
        Move("active", "complete", "completed", who={"system"}, tells=_BOTH, public=True),
        Move("suspended", "resume", "active", who={"system"}, tells=_BOTH),
        *(
            move
            for state in ("active", "suspended")
            for move in (
                Move(state, "give_notice", "ending", who=_BOTH, needs_reason=True, limit=Limit(policy="contract.objection_days", act="end"), tells=_BOTH),
                Move(state, "dispute", "disputed", who=_BOTH, tells=_BOTH),
                Move(state, "dissolve", "terminated", who={"system"}, tells=_BOTH, public=True),
            )
        ),
        Move("ending", "contest", "disputed", who={"recipient"}, main=True, tells=_BOTH),
        Move("ending", "retract", "active", who={"giver"}, tells=_BOTH),
        Move("ending", "dissolve", "terminated", who={"system"}, tells=_BOTH, public=True),
        Move("ending", "end", "terminated", who={"system"}, tells=_BOTH, public=True),
        Move("ending", "complete", "completed", who={"system"}, tells=_BOTH, public=True),
        Move("disputed", "continue", "active", who={"system"}, tells=_BOTH),
        Move("disputed", "dissolve", "terminated", who={"system"}, tells=_BOTH, public=True),
    ),
    acts={
        "revise": N_("修改条款"),
        "agree_buyer": N_("业主签署"),
        "agree_agency": N_("机构签署"),
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
)  # fmt: skip


class Contract(Case, Base):
    """The contract of one award. `clauses` are rows of `key`, `title`, `fixed`, the `standard` text of the template and the
    `text` agreed on; `findings` what the rules of `findings_version` say of it; `deviations` how many clauses differ.
    `retention_rate` is the fraction of every milestone's price but the last that waits for the last; `late_rate` the fraction of its
    price that a working day of lateness costs, `late_most` that of the whole price which all of it may cost. They are 0 where the template's
    clauses do not name them. `paper` is the document with the present text and the signatures it has so far, once somebody needed it."""

    __tablename__ = "contracts"
    workflow: ClassVar[Workflow] = CONTRACT
    parties: ClassVar[dict[str, str]] = {**PARTIES, "giver": "notice_by_id", "recipient": "notice_to_id"}

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), unique=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), index=True)
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
    deposit: Mapped[Fen]
    days: Mapped[int]
    retention_rate: Mapped[str] = mapped_column(String(12), default="0")
    late_rate: Mapped[str] = mapped_column(String(12), default="0")
    late_most: Mapped[str] = mapped_column(String(12), default="0")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    signed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    notice_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    notice_to_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    ended_through: Mapped[str | None] = mapped_column(String(12))  # whose fault ended it: buyer, agency, none, agreed
    completed_at: Mapped[datetime | None]
    award: Mapped[Award] = relationship()
    request: Mapped[Request] = relationship(lazy="joined")
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    milestones: Mapped[list[Milestone]] = relationship(
        back_populates="contract", order_by="Milestone.number", cascade="all, delete-orphan"
    )

    @property
    def title(self) -> str:
        return self.request.project

    @property
    def stake(self) -> int:
        return self.price

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        return cls.price <= most

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Its parties, and whoever has a part in a case beside it: the approving department sees the contract whose report it reviews."""
        from models.contracts import Change, Deliverable, Dispute, Materials

        if super().readable_by(session, actor):
            return True
        kinds: tuple[type[OfContract], ...] = (Materials, Deliverable, Change, Dispute)
        return any(
            case.roles_of(actor) for kind in kinds for case in session.scalars(select(kind).where(kind.contract_id == self.id)).unique()
        )

    @property
    def penal(self) -> bool:
        """Whether lateness costs what the template says: the clause on it stands as it is there."""
        return self.late_rate != "0" and all(c["text"] == c["standard"] for c in self.clauses if c["key"] == "breach")

    @property
    def text_digest(self) -> str:
        """One hash over what both sign: it tells whether a text is still the one that was printed."""
        text = [self.heading, self.price, self.days, [[c["key"], c["title"], c["text"]] for c in self.clauses], parts_of(self)]
        return hashlib.sha256(json.dumps(text, ensure_ascii=False).encode()).hexdigest()

    @property
    def changed(self) -> list[Json]:
        """The clauses that differ from the template."""
        return [clause for clause in self.clauses if clause["text"] != clause["standard"]]


class OfContract(Case):
    """Mixed into the cases of a contract: they bear its title and are worth what it is worth. `contract` is declared there."""

    contract_id: Any
    contract: Any

    @property
    def title(self) -> str:
        return str(self.contract.title)

    @property
    def stake(self) -> int:
        return int(self.contract.price)

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        within: ColumnElement[bool] = cls.contract_id.in_(select(Contract.id).where(Contract.price <= most))
        return within


class Milestone(Base):
    """A part of the work: so many working days from the milestone before, so much of the price (fen), and whether its
    deliverable goes to the approving department. Met once that is accepted, or passed; paid once the agency has the money."""

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


# What the template's clauses may name, and the policy's fraction behind it.
RATES = {"retention": "contract.retention_rate", "late_rate": "contract.late_rate", "late_most": "contract.late_most"}


def deposit_of(award: Award) -> int:
    """The deposit the award's policy asks for, in fen."""
    return money.share(award.price, policy.get(award.policy_version).rate("contract.deposit_rate"))


def standard_clauses(template: ContractTemplate, award: Award) -> list[Json]:
    """The template's clauses, filled in for an award."""
    request, item, rules = award.request, award.request.item, policy.get(award.policy_version)
    deposit = deposit_of(award)
    days = ("materials", "deposit", "settlement", "correction", "objection")
    places = {
        "project": request.project,
        "item": item.name,
        "legal_basis": item.legal_basis,
        "approval_matter": item.approval_matter,
        "outputs": "、".join(item.notice["zh"]["outputs"]),
        "days": award.days,
        "price": money.show(award.price),
        "price_words": money.capital(award.price),
        "deposit": money.show(deposit),
        "deposit_words": money.capital(deposit),
        "deemed_days": rules.number("contract.deemed_acceptance_days"),
        "rounds": rules.number("contract.correction_rounds"),
        **{f"{name}_days": rules.number(f"contract.{name}_days") for name in days},
        **{name: f"{float(rules.rate(key) * 100):g}%" for name, key in RATES.items()},
    }
    return [
        {"key": c["key"], "title": c["title"], "fixed": c["fixed"], "standard": c["text"].format(**places), "text": c["text"].format(**places)}
        for c in template.clauses
    ]


def split(total: int, shares: Iterable[Fraction]) -> list[int]:
    """A total in whole parts that sum to it exactly: each boundary is rounded, not each part."""
    edges, reached = [0], Fraction(0)
    for share in shares:
        reached += share
        edges.append(money.share(total, reached))
    return [after - before for before, after in pairwise(edges)]


def parts(template: ContractTemplate, days: int, price: int) -> list[Json]:
    """The template's milestones for so many working days and so much money (fen): rows of `name`, `days`, `amount` and
    `reviewed`. A job too small to be cut up gets the last one alone."""
    rows = template.milestones
    each_days = split(days, (Fraction(row["days"]) for row in rows))
    amounts = split(price, (Fraction(row["share"]) for row in rows))
    if min(each_days) < 1 or min(amounts) < 1:
        rows, each_days, amounts = rows[-1:], [days], [price]
    return [{**row, "days": d, "amount": a} for row, d, a in zip(rows, each_days, amounts, strict=True)]


def plan(contract: Contract, rows: list[Json], done: int = 0) -> None:
    """Give a contract its milestones after the first `done`: rows of `name`, `days`, `amount` (fen) and `reviewed`.

    RuleBroken at `milestones` unless there are at most five, each with a name, a day and money; all days sum to the
    contract's, all amounts to its price; and the last goes to the approving department.
    """
    kept = contract.milestones[:done]
    if not 1 <= len(rows) <= MOST_MILESTONES - done:
        raise RuleBroken(N_("节点应为 1 到 %(most)s 个。"), "milestones", most=MOST_MILESTONES)
    if any(not 1 <= len(row["name"].strip()) <= 100 or row["days"] < 1 or row["amount"] < 1 for row in rows):
        raise RuleBroken(N_("每个节点都要有名称、工期和价款。"), "milestones")
    if sum(m.days for m in kept) + sum(row["days"] for row in rows) != contract.days:
        raise RuleBroken(N_("各节点的工期应合计 %(days)s 个工作日。"), "milestones", days=contract.days)
    if sum(m.amount for m in kept) + sum(row["amount"] for row in rows) != contract.price:
        raise RuleBroken(N_("各节点的价款应合计 %(price)s。"), "milestones", price=money.show(contract.price))
    if not rows[-1]["reviewed"]:
        raise RuleBroken(N_("最后一个节点的成果应送审批部门评审。"), "milestones")
    for place, row in enumerate(rows, done):
        if place == len(contract.milestones):
            contract.milestones.append(Milestone(number=place + 1))
        each = contract.milestones[place]
        each.name, each.days, each.amount, each.reviewed = row["name"].strip(), row["days"], row["amount"], row["reviewed"]
    del contract.milestones[done + len(rows) :]


def parts_of(contract: Contract) -> list[Json]:
    """The milestones as rows that `plan` takes."""
    return [{"name": m.name, "days": m.days, "amount": m.amount, "reviewed": m.reviewed} for m in contract.milestones]


def draft(award: Award, template: ContractTemplate) -> Contract:
    """The contract an award leads to, as its template has it."""
    contract = Contract(
        award=award,
        request=award.request,
        buyer_id=award.buyer_id,
        agency_id=award.agency_id,
        template_version=template.name,
        heading=template.title,
        clauses=standard_clauses(template, award),
        price=award.price,
        deposit=deposit_of(award),
        days=award.days,
        **_rates(template, award),
    )
    plan(contract, parts(template, award.days, award.price))
    review(contract)
    return contract


def _rates(template: ContractTemplate, award: Award) -> dict[str, str]:
    """The fractions that the template's clauses name, as the award's policy has them; 0 for the others."""
    rules, named = policy.get(award.policy_version), "".join(clause["text"] for clause in template.clauses)
    rates = {name: str(rules.rate(key)) if f"{{{name}}}" in named else "0" for name, key in RATES.items()}
    return {"retention_rate": rates["retention"], "late_rate": rates["late_rate"], "late_most": rates["late_most"]}


def review(contract: Contract) -> None:
    """Let the clause rules look at a contract as it stands."""
    item = contract.request.item
    contract.findings = examine(contract.clauses, item.kind, item.code)
    contract.findings_version, contract.deviations = rules_version(), len(contract.changed)


def revise(contract: Contract, texts: dict[str, str], milestones: list[Json] | None = None) -> list[str]:
    """Replace the wording of clauses, by key, and the milestones if any are given; returns what changed, by its title.

    RuleBroken at `text_` and the key for a fixed clause, an unknown one, a wording that is empty or over 2,000 characters, milestones that do not
    sum up, or where nothing changed.
    """
    clauses = {clause["key"]: clause for clause in contract.clauses}
    changed = []
    for key, wording in texts.items():
        clause, wording = clauses.get(key), wording.strip()
        if clause is None or clause["fixed"]:
            raise RuleBroken(N_("标准条款不能修改。"), f"text_{key}")
        if not 1 <= len(wording) <= 2000:
            raise RuleBroken(N_("条款应为 1 到 2000 个字。"), f"text_{key}")
        if wording != clause["text"]:
            clauses[key] = {**clause, "text": wording}
            changed.append(clause["title"])
    if milestones is not None:
        before = parts_of(contract)
        plan(contract, milestones)
        if parts_of(contract) != before:
            changed.append(N_("节点"))
    if not changed:
        raise RuleBroken(N_("没有改动任何条款。"))
    contract.clauses = list(clauses.values())
    review(contract)
    return changed
