"""Disputes (争议): a claim, an answer, evidence, and what the regulator of the place decides.

Both sides bring evidence. The contract's clocks and its money stand still meanwhile. A decision here takes
nobody's right to go to court.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models import clock, money
from models.base import Base
from models.contracts.of_contract import OfContract
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST
from models.referrals import REFERRAL_ACTS, referrals, up
from models.sourcing.of_tender import PARTIES
from models.workflow_table import Limit, Move, State, Workflow

OUTCOMES = {"continue": N_("继续履行"), "terminate": N_("解除合同")}
DISPUTE_FAULTS = {"agency": N_("机构的责任"), "buyer": N_("业主的责任"), "none": N_("双方都没有责任")}
_DECIDE = up("contract.dispute_decide_days")

DISPUTE = Workflow(
    name="dispute",
    label=N_("争议"),
    states=(
        State("filed", N_("待对方答辩")),
        State("deciding", N_("待监管部门处理")),
        State("decided", N_("已处理"), tone="good", terminal=True),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "filed",
            "answer",
            "deciding",
            who={"respondent"},
            main=True,
            limit=_DECIDE,
            notify=("buyer", "agency"),
        ),
        Move("filed", "lapse", "deciding", who={"system"}, limit=_DECIDE, notify=("buyer", "agency")),
        Move("filed", "evidence", "filed", who={"buyer", "agency"}, notify=("buyer", "agency")),
        Move("filed", "withdraw", "withdrawn", who={"claimant", "system"}, notify=("buyer", "agency")),
        Move("deciding", "evidence", "deciding", who={"buyer", "agency"}, notify=("buyer", "agency")),
        Move("deciding", "withdraw", "withdrawn", who={"claimant", "system"}, notify=("buyer", "agency")),
        Move(
            "deciding",
            "decide",
            "decided",
            who={"regulator"},
            main=True,
            needs_reason=True,
            notify=("buyer", "agency"),
        ),
        *referrals("deciding", notify=("buyer", "agency"), urged=False),
    ),
    duties=("file", "answer", "evidence", "withdraw"),
    openings={"file": N_("提出争议")},
    consequences={
        "decide": N_("托管的款按处理结果付给双方,或者合同继续履行。"),
        "withdraw": N_("争议了结,合同继续履行。"),
    },
    acts={
        "answer": N_("答辩"),
        "lapse": N_("逾期未答辩"),
        "evidence": N_("补充证据"),
        "withdraw": N_("撤回争议"),
        "decide": N_("作出处理"),
        "refer": REFERRAL_ACTS["refer"],
    },
    opening=Limit(policy="contract.dispute_answer_days", act="lapse"),
)

WORDS = N_("请写明经过和主张(%(least)s 到 %(most)s 个字)。")


class Dispute(OfContract, Base):
    """A dispute.

    The decision says whether the contract goes on, whose fault it was, and if it ends what of the sum in
    escrow the agency gets (`to_agency`, fen).
    """

    __tablename__ = "disputes"
    workflow: ClassVar[Workflow] = DISPUTE
    prefix: ClassVar[str] = "Y"
    parties: ClassVar[dict[str, str]] = {**PARTIES, "claimant": "claimant_id", "respondent": "respondent_id"}

    claimant_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    respondent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    claim: Mapped[str] = mapped_column(String(2000), info={LEAST: 10})
    answer: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 10})
    outcome: Mapped[str | None] = mapped_column(String(12))
    fault: Mapped[str | None] = mapped_column(String(10))
    to_agency: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[str | None] = mapped_column(String(2000))
    filed_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_at: Mapped[datetime | None]


def decide(
    dispute: Dispute, *, outcome: str, fault: str, to_agency: int | None, decision: str, held: int
) -> None:
    """Keep the decision.

    RuleViolation for an unknown outcome or fault, or a sum the escrow (`held`, fen) does not hold.
    """
    if outcome not in OUTCOMES:
        raise RuleViolation(N_("请选择一项。"), "outcome")
    if fault not in DISPUTE_FAULTS:
        raise RuleViolation(N_("请选择一项。"), "fault")
    if outcome == "terminate" and (to_agency is None or not 0 <= to_agency <= held):
        raise RuleViolation(
            N_("付给机构的金额应在 0 到托管余额 %(held)s 之间。"), "to_agency", held=money.show(held)
        )
    dispute.outcome, dispute.fault, dispute.decision, dispute.decided_at = (
        outcome,
        fault,
        decision.strip()[:2000],
        clock.now(),
    )
    dispute.to_agency = to_agency if outcome == "terminate" else None
