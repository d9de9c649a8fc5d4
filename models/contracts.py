"""Contracts and deliverables: what was agreed, and what was handed over for it."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, policy
from models.accounts import Organisation
from models.base import Base, Code, Fen, Json, Name
from models.documents import Document
from models.sourcing import PARTIES, Award, Request
from models.text import N_, RuleBroken
from models.workflow import Case, Limit, Move, State, Workflow

TEMPLATE = Path(__file__).parent / "data" / "contract_template.toml"
_SIGN = Limit(policy="contract.sign_days")

CONTRACT = Workflow(
    name="contract",
    label=N_("合同"),
    states=(
        State("drafted", N_("待双方签订")),
        State("buyer_agreed", N_("待机构签订")),
        State("agency_agreed", N_("待业主签订")),
        State("signed", N_("待定金入账")),
        State("active", N_("履行中"), tone="good"),
        State("completed", N_("已完成"), tone="plain", terminal=True),
        State("terminated", N_("已终止"), tone="bad", terminal=True),
    ),
    moves=(
        Move("drafted", "revise", "drafted", who={"buyer", "agency"}, tells=("buyer", "agency")),
        Move("drafted", "agree_buyer", "buyer_agreed", who={"buyer"}, main=True, limit=_SIGN, tells=("agency",)),
        Move("drafted", "agree_agency", "agency_agreed", who={"agency"}, main=True, limit=_SIGN, tells=("buyer",)),
        Move("drafted", "terminate", "terminated", who={"buyer", "agency"}, needs_reason=True, tells=("buyer", "agency")),
        Move("buyer_agreed", "revise", "drafted", who={"buyer", "agency"}, limit=_SIGN, tells=("buyer", "agency")),
        Move("buyer_agreed", "agree_agency", "signed", who={"agency"}, main=True, tells=("buyer",), public=True),
        Move("buyer_agreed", "terminate", "terminated", who={"buyer", "agency"}, needs_reason=True, tells=("buyer", "agency")),
        Move("agency_agreed", "revise", "drafted", who={"buyer", "agency"}, limit=_SIGN, tells=("buyer", "agency")),
        Move("agency_agreed", "agree_buyer", "signed", who={"buyer"}, main=True, tells=("agency",), public=True),
        Move("agency_agreed", "terminate", "terminated", who={"buyer", "agency"}, needs_reason=True, tells=("buyer", "agency")),
        Move("signed", "activate", "active", who={"system"}, tells=("buyer", "agency")),
        Move("signed", "terminate", "terminated", who={"buyer", "agency"}, needs_reason=True, tells=("buyer", "agency")),
        Move("active", "complete", "completed", who={"system"}, tells=("buyer", "agency"), public=True),
    ),
    acts={
        "revise": N_("修改条款"),
        "agree_buyer": N_("业主签订"),
        "agree_agency": N_("机构签订"),
        "activate": N_("开始履行"),
        "terminate": N_("终止合同"),
        "complete": N_("合同完成"),
    },
    opening=_SIGN,
)  # fmt: skip


class Contract(Case, Base):
    """The contract of one award: its clauses as agreed, price, deposit and working time."""

    __tablename__ = "contracts"
    workflow: ClassVar[Workflow] = CONTRACT
    parties: ClassVar[dict[str, str]] = PARTIES

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), unique=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    template_version: Mapped[Code]
    clauses: Mapped[list[Json]]
    price: Mapped[Fen]
    deposit: Mapped[Fen]
    days: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    signed_at: Mapped[datetime | None]
    deliver_by: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    award: Mapped[Award] = relationship()
    request: Mapped[Request] = relationship(lazy="joined")
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.request.project

    @property
    def stake(self) -> int:
        return self.price

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        return cls.price <= most

    @property
    def balance(self) -> int:
        """What is paid at settlement, in fen."""
        return self.price - self.deposit


@cache
def template() -> dict[str, Any]:
    """The standard template: `version`, `title` and `clauses`."""
    return tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))


def deposit_of(award: Award) -> int:
    """The deposit the award's policy asks for, in fen."""
    return money.share(award.price, policy.get(award.policy_version).rate("contract.deposit_rate"))


def standard_clauses(award: Award) -> list[Json]:
    """The template's clauses, filled in for an award."""
    request, item, rules = award.request, award.request.item, policy.get(award.policy_version)
    deposit = deposit_of(award)
    places = {
        "project": request.project,
        "item": item.name,
        "legal_basis": item.legal_basis,
        "approval_matter": item.approval_matter,
        "outputs": "、".join(item.notice["zh"]["outputs"]),
        "days": award.days,
        "price": money.show(award.price),
        "deposit": money.show(deposit),
        "balance": money.show(award.price - deposit),
        "deemed_days": rules.number("contract.deemed_acceptance_days"),
        "deposit_days": rules.number("contract.deposit_days"),
        "correction_days": rules.number("contract.correction_days"),
        "settlement_days": rules.number("contract.settlement_days"),
    }
    return [{**clause, "text": clause["text"].format(**places)} for clause in template()["clauses"]]


def draft(award: Award) -> Contract:
    """The contract an award leads to, on the standard clauses."""
    return Contract(
        award=award,
        request=award.request,
        buyer_id=award.buyer_id,
        agency_id=award.agency_id,
        template_version=template()["version"],
        clauses=standard_clauses(award),
        price=award.price,
        deposit=deposit_of(award),
        days=award.days,
    )


def revise(contract: Contract, texts: dict[str, str]) -> list[str]:
    """Replace the wording of clauses, by key; returns the titles of those that changed.

    RuleBroken for a fixed clause, an unknown key, or a wording that is empty or over 2,000 characters.
    """
    clauses = {clause["key"]: clause for clause in contract.clauses}
    changed = []
    for key, text in texts.items():
        clause, text = clauses.get(key), text.strip()
        if clause is None or clause["fixed"]:
            raise RuleBroken(N_("标准条款不能修改。"), key)
        if not 1 <= len(text) <= 2000:
            raise RuleBroken(N_("条款应为 1 到 2000 个字。"), key)
        if text != clause["text"]:
            clauses[key] = {**clause, "text": text}
            changed.append(clause["title"])
    if not changed:
        raise RuleBroken(N_("没有改动任何条款。"))
    contract.clauses = list(clauses.values())
    return changed


def _rounds_left(session: Session, deliverable: Deliverable) -> None:
    most = policy.get(deliverable.policy_version).number("contract.correction_rounds")
    if deliverable.returns >= most:
        raise RuleBroken(N_("退回次数已达上限 %(most)s 次;请验收,或向监管部门反映。"), "reason", most=most)


_CORRECT = Limit(policy="contract.correction_days")

DELIVERABLE = Workflow(
    name="deliverable",
    label=N_("成果"),
    states=(
        State("due", N_("待提交")),
        State("submitted", N_("待业主验收")),
        State("returned", N_("已退回修改"), tone="bad"),
        State("accepted", N_("待审批评审")),
        State("sent_back", N_("审批退回"), tone="bad"),
        State("passed", N_("评审通过"), tone="good", terminal=True),
    ),
    moves=(
        Move("due", "submit", "submitted", who={"agency"}, main=True, tells=("buyer",),
             limit=Limit(policy="contract.deemed_acceptance_days", act="accept")),
        Move("submitted", "accept", "accepted", who={"buyer", "system"}, main=True, tells=("agency", "department"),
             limit=Limit(policy="contract.review_days")),
        Move("submitted", "return", "returned", who={"buyer"}, needs_reason=True, rules=(_rounds_left,), limit=_CORRECT,
             tells=("agency",)),
        Move("returned", "submit", "submitted", who={"agency"}, main=True, tells=("buyer",),
             limit=Limit(policy="contract.deemed_acceptance_days", act="accept")),
        Move("accepted", "pass", "passed", who={"department"}, main=True, tells=("buyer", "agency")),
        Move("accepted", "send_back", "sent_back", who={"department"}, needs_reason=True, limit=_CORRECT,
             tells=("buyer", "agency")),
        Move("sent_back", "submit", "submitted", who={"agency"}, main=True, tells=("buyer",),
             limit=Limit(policy="contract.deemed_acceptance_days", act="accept")),
    ),
    acts={
        "submit": N_("提交成果"),
        "accept": N_("验收通过"),
        "return": N_("退回修改"),
        "pass": N_("评审通过"),
        "send_back": N_("评审退回"),
    },
    opening=Limit(attribute="deliver_by"),
)  # fmt: skip

FAULTS = {"agency": N_("机构原因"), "buyer": N_("业主原因"), "other": N_("其他原因")}


class Deliverable(Case, Base):
    """What the agency hands over. `reviews` and `faulty_reviews` count the approving department's
    outcomes and those sent back through the agency's fault; `submitted_at` is the first submission."""

    __tablename__ = "deliverables"
    workflow: ClassVar[Workflow] = DELIVERABLE
    parties: ClassVar[dict[str, str]] = {**PARTIES, "department": "department_id"}

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    item_code: Mapped[str] = mapped_column(String(12), index=True)
    deliver_by: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    returns: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    faulty_reviews: Mapped[int] = mapped_column(default=0)
    contract: Mapped[Contract] = relationship(lazy="joined")
    versions: Mapped[list[DeliverableVersion]] = relationship(
        back_populates="deliverable", order_by="DeliverableVersion.number"
    )

    @property
    def title(self) -> str:
        return self.contract.title

    @property
    def stake(self) -> int:
        return self.contract.price

    @property
    def on_time(self) -> bool | None:
        """Whether the first submission came in time; None before it."""
        return None if self.submitted_at is None else self.submitted_at <= self.deliver_by

    @property
    def first_pass(self) -> bool | None:
        """Whether no review was lost through the agency's fault; None before any outcome."""
        return None if not self.reviews else self.faulty_reviews == 0


class DeliverableVersion(Base):
    """One submission: the file and the agency's own answers to the checklist (point to yes/no)."""

    __tablename__ = "deliverable_versions"

    deliverable_id: Mapped[int] = mapped_column(ForeignKey("deliverables.id"), index=True)
    number: Mapped[int]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    note: Mapped[Name]
    checklist: Mapped[Json]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    deliverable: Mapped[Deliverable] = relationship(back_populates="versions")
    document: Mapped[Document] = relationship(lazy="joined")


def check_list(points: list[str], ticked: list[str]) -> Json:
    """The checklist with each point's answer; RuleBroken if one is left open: what is not ready is not handed over."""
    missing = [point for point in points if point not in ticked]
    if missing:
        raise RuleBroken(N_("清单里还有未勾选的要点:%(points)s。"), "ticked", points="、".join(missing))
    return dict.fromkeys(points, True)
