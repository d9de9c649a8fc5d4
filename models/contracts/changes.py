"""Changes (合同变更): what one party proposes and the other agrees to.

Each has its effect on time and money.

- variation: other milestones from the one under way on; the price is their sum.
- extension: more working days for the milestone under way; its deadline moves by them.
- suspension: all clocks stand still until a day, or until both agree to go on (resumption).
- termination: the contract ends; of what is held in escrow the agency gets the sum agreed, the buyer the
rest.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, money, policy, workdays
from models.agencies import eligibility
from models.base import Base, Json
from models.contracts.agreement import Contract, Milestone
from models.contracts.deliverables import Deliverable
from models.contracts.drafting import plan
from models.contracts.of_contract import OfContract
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.of_tender import PARTIES
from models.workflow_table import Limit, Move, State, Workflow

CHANGES = {
    "variation": N_("变更节点和价款"),
    "extension": N_("延期"),
    "suspension": N_("中止"),
    "resumption": N_("恢复履行"),
    "termination": N_("协议解除"),
}
# The states of a contract in which each may be agreed on.
WHEN = {
    "variation": ("active", "suspended"),
    "extension": ("active",),
    "suspension": ("active",),
    "resumption": ("suspended",),
    "termination": ("signed", "active", "suspended", "ending", "disputed"),
}

CHANGE = Workflow(
    name="change",
    label=N_("合同变更"),
    states=(
        State("proposed", N_("待对方答复")),
        State("agreed", N_("已同意"), tone="good", terminal=True),
        State("refused", N_("不同意"), tone="bad", terminal=True),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
        State("lapsed", N_("逾期未答复"), tone="plain", terminal=True),
    ),
    moves=(
        Move("proposed", "agree", "agreed", who={"other"}, main=True, notify=("buyer", "agency"), binds=True),
        Move("proposed", "refuse", "refused", who={"other"}, needs_reason=True, notify=("buyer", "agency")),
        Move("proposed", "withdraw", "withdrawn", who={"proposer", "system"}, notify=("buyer", "agency")),
        Move("proposed", "lapse", "lapsed", who={"system"}, notify=("buyer", "agency")),
    ),
    duties=("refuse", "withdraw"),
    openings={"propose": N_("提出变更")},
    consequences={"agree": N_("合同立即随之变更,期限和款项以变更后的为准,对双方都有约束力。")},
    acts={
        "agree": N_("同意变更"),
        "refuse": N_("不同意变更"),
        "withdraw": N_("撤回变更"),
        "lapse": N_("逾期未答复"),
    },
    opening=Limit(policy="contract.change_days", act="lapse"),
)


class Change(OfContract, Base):
    """A proposed change.

    `terms` hold what its kind needs: `milestones`, `days`, `until` (ISO) or `to_agency` (fen).
    """

    __tablename__ = "contract_changes"
    __table_args__ = (
        Index(
            "uq_contract_changes_open",
            "contract_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )
    workflow: ClassVar[Workflow] = CHANGE
    prefix: ClassVar[str] = "U"
    parties: ClassVar[dict[str, str]] = {**PARTIES, "proposer": "proposer_id", "other": "other_id"}

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    proposer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(12))
    terms: Mapped[Json]
    reason: Mapped[str] = mapped_column(String(1000))
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        """More work is taken on by a variation alone: that is signed for like a contract."""
        if self.kind == "variation":
            eligibility.check_fit(
                session,
                self.contract.agency,
                self.contract.tender.item,
                "sign",
                own=self.other_id == self.agency_id,
            )


def under_way(contract: Contract) -> int:
    """How many milestones are met: the number of those no change can touch."""
    return sum(milestone.met_at is not None for milestone in contract.milestones)


def check(change: Change, running: Deliverable | None, received: int, held: int) -> None:
    """RuleViolation if the change could not be carried out as things stand.

    `running` is the deliverable under way, `received` what the buyer has paid in and `held` what is in
    escrow, both in fen.
    """
    contract, terms = change.contract, change.terms
    if contract.state not in WHEN[change.kind]:
        raise RuleViolation(N_("合同现在是“%(state)s”,不能这样变更。"), "kind", state=contract.state_label)
    if change.kind == "extension" and (running is None or running.state not in ("due", "late")):
        raise RuleViolation(N_("现在没有待提交的成果,不需要延期。"), "kind")
    if change.kind == "extension" and not 1 <= terms["days"] <= policy.get(contract.policy_version).number(
        "contract.extension_most_days"
    ):
        raise RuleViolation(
            N_("延期应为 1 到 %(most)s 个工作日。"),
            "days",
            most=policy.get(contract.policy_version).number("contract.extension_most_days"),
        )
    if change.kind == "suspension" and datetime.fromisoformat(terms["until"]) <= clock.now():
        raise RuleViolation(N_("恢复的日期应在今天之后。"), "until")
    if change.kind == "resumption" and contract.suspended_until is None:
        raise RuleViolation(N_("合同因资料未齐而中止,资料齐全后自动恢复。"), "kind")
    if change.kind == "termination" and not 0 <= terms["to_agency"] <= held:
        raise RuleViolation(
            N_("付给机构的金额应在 0 到托管余额 %(held)s 之间。"), "to_agency", held=money.show(held)
        )
    if change.kind == "variation":
        _check_variation(contract, terms["milestones"], running, received)


def _check_variation(
    contract: Contract, rows: list[Json], running: Deliverable | None, received: int
) -> None:
    done = contract.milestones[: under_way(contract)]
    price = sum(m.amount for m in done) + sum(row["amount"] for row in rows)
    base, funds = contract.award.price, contract.tender.funds
    most = policy.get(contract.policy_version).rate(f"contract.variation_rate.{funds}")
    if abs(price - base) > money.share(base, most):
        raise RuleViolation(
            N_("变更后的价款与中选价相差不能超过 %(rate)s。"), "milestones", rate=f"{float(most):.0%}"
        )
    if price < received:
        raise RuleViolation(
            N_("变更后的价款不能少于已付的 %(sum)s。"), "milestones", sum=money.show(received)
        )
    if running is not None and rows and rows[0]["days"] != running.milestone.days:
        raise RuleViolation(N_("进行中的节点用延期来变更工期。"), "milestones")


def vary(contract: Contract, rows: list[Json]) -> None:
    """Put other milestones in the place of those not met. RuleViolation as `plan` says.

    The price there was stays in `earlier_prices`, oldest first, as `price` (fen) and `until` (ISO 8601).
    """
    kept_until = {"until": clock.now().isoformat(), "price": contract.price}
    contract.earlier_prices = [*(contract.earlier_prices or []), kept_until]
    done = under_way(contract)
    kept = contract.milestones[:done]
    contract.days = sum(m.days for m in kept) + sum(row["days"] for row in rows)
    contract.price = sum(m.amount for m in kept) + sum(row["amount"] for row in rows)
    plan(contract, rows, done)


def extend(contract: Contract, running: Deliverable, days: int) -> None:
    """Give the milestone under way so many working days more."""
    milestone: Milestone = running.milestone
    milestone.days, contract.days = milestone.days + days, contract.days + days
    running.keep_limit(contract.paused_at)
    running.deliver_by = workdays.add(running.deliver_by, days)


def pause(contract: Contract, running: Deliverable | None, since: datetime) -> None:
    """Stop the clocks: what limit the deliverable has rests until they go on."""
    if contract.paused_at is None:
        contract.paused_at = since
        if running is not None:
            running.held_due_at, running.due_at = running.due_at, None


def go_on(contract: Contract, running: Deliverable | None, until: datetime) -> int:
    """Start the clocks again: every limit moves by the working days from the pause to `until`.

    Returns how many.
    """
    if contract.paused_at is None:
        return 0
    days = max(0, workdays.between(contract.paused_at, until))
    if running is not None:
        if running.state in ("due", "late"):
            running.keep_limit(contract.paused_at)
            running.deliver_by = workdays.add(running.deliver_by, days)
        if running.held_due_at is not None:
            running.due_at = workdays.add(running.held_due_at, days)
        running.held_due_at = None
    contract.paused_at = contract.suspended_until = None
    return days
