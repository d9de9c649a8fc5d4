"""What the buyer must hand over before the agency can work (资料交付).

While it is late the contract is suspended, so that nobody is blamed for the other's delay.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json
from models.contracts.deliverables import check_list
from models.contracts.of_contract import OfContract
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow_table import Limit, Move, State, Workflow

_CHECK = Limit(policy="contract.materials_check_days", act="confirm")
_DUE = Limit(attribute="supply_by", act="lapse", remind="contract.remind_days")

MATERIALS = Workflow(
    name="materials",
    label=N_("资料交付"),
    states=(
        State("due", N_("待业主提供资料")),
        State("overdue", N_("逾期未提供,工期中止"), tone="bad"),
        State("supplied", N_("待机构核对")),
        State("complete", N_("资料齐全"), tone="good", terminal=True),
        State("cancelled", N_("不再提供"), tone="plain", terminal=True),
    ),
    moves=(
        Move("due", "supply", "supplied", who={"buyer"}, main=True, limit=_CHECK, notify=("agency",)),
        Move(
            "due", "lapse", "overdue", who={"system"}, notify=("buyer", "agency"), limit=up("referral.days")
        ),
        *referrals("overdue", notify=("buyer", "agency")),
        Move("overdue", "supply", "supplied", who={"buyer"}, main=True, limit=_CHECK, notify=("agency",)),
        Move(
            "supplied",
            "confirm",
            "complete",
            who={"agency", "system"},
            main=True,
            notify=("buyer",),
            binds=True,
        ),
        Move("supplied", "miss", "due", who={"agency"}, needs_reason=True, limit=_DUE, notify=("buyer",)),
        *(
            Move(state, "waive", "complete", who={"agency", "system"}, notify=("buyer",), binds=True)
            for state in ("due", "overdue")
        ),
        *(Move(state, "cancel", "cancelled", who={"system"}) for state in ("due", "overdue", "supplied")),
    ),
    duties=("supply", "confirm", "miss", "waive"),
    openings={"expect": N_("请业主提供资料")},
    consequences={
        "confirm": N_("成果的期限从现在起算。"),
        "waive": N_("不再等业主的资料,成果的期限从现在起算。"),
    },
    buttons={"miss": N_("指出资料不齐")},
    acts={
        "supply": N_("提供资料"),
        "lapse": N_("逾期未提供资料"),
        "confirm": N_("确认资料齐全"),
        "miss": N_("资料不齐"),
        "waive": N_("已有所需资料"),
        "cancel": N_("不再提供"),
        **REFERRAL_ACTS,
    },
    opening=_DUE,
)


class Materials(OfContract, Base):
    """The materials of one contract: `points` of the item's notice, each with whether it was handed over."""

    __tablename__ = "contract_materials"
    workflow: ClassVar[Workflow] = MATERIALS
    prefix: ClassVar[str] = "N"
    delegated_with: ClassVar[str] = "contract"

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), unique=True)
    points: Mapped[Json]
    supply_by: Mapped[datetime]
    supplied_at: Mapped[datetime | None]


def hand_over(materials: Materials, ticked: list[str]) -> None:
    """Note which points are handed over now.

    RuleViolation for less than all: what is missing would only come back.
    """
    materials.points = check_list(list(materials.points), ticked)
