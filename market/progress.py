"""The eight steps as one small component: where a tender and its contract stand, the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from market.formatting import time_left
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.i18n import N_
from models.sourcing.tenders import Tender

STEPS = (
    N_("询价"),
    N_("议价"),
    N_("竞标"),
    N_("确认"),
    N_("签订合同"),
    N_("预付定金"),
    N_("交付结果"),
    N_("结款"),
)
PROMISES = (
    N_("三家可比报价"),
    N_("轮次留痕"),
    N_("到点才能拆封"),
    N_("理由和结果公示"),
    N_("标准条款"),
    N_("托管不挪用"),
    N_("按清单验收"),
    N_("评价进信用"),
)
_BY_CONTRACT = {
    "drafted": 4,
    "buyer_agreed": 4,
    "agency_agreed": 4,
    "signed": 5,
    "active": 6,
    "suspended": 6,
    "ending": 6,
    "disputed": 6,
    "completed": 8,
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, now or todo; `note` a date, a limit, or that the step does not apply."""

    label: str
    state: str
    note: str = ""


def promise() -> list[Step]:
    """The steps as the home page tells them."""
    return [Step(label, "done", _(note)) for label, note in zip(STEPS, PROMISES, strict=True)]


def _standing(
    tender: Tender, contract: Contract | None, deliverable: Deliverable | None, bargaining: bool
) -> int:
    """The index of the step that is under way; 8 when all are done."""
    if contract is not None and contract.state in _BY_CONTRACT:
        passed = deliverable is not None and deliverable.state == "passed"
        return 7 if contract.state == "active" and passed else _BY_CONTRACT[contract.state]
    return tender.way.step(tender.state, bargaining=bargaining)


def of_tender(
    tender: Tender,
    contract: Contract | None = None,
    deliverable: Deliverable | None = None,
    bargaining: bool = False,
) -> list[Step]:
    """The steps of one tender. `bargaining`: the buyer answered a quote with a price of its own."""
    standing = _standing(tender, contract, deliverable, bargaining)
    dates: dict[int, datetime | None] = {
        0: tender.published_at,
        4: contract.signed_at if contract else None,
        7: contract.completed_at if contract else None,
    }
    due = (contract.due_at or (deliverable.due_at if deliverable else None)) if contract else tender.due_at
    steps = []
    for index, label in enumerate(STEPS):
        state = "done" if index < standing else "now" if index == standing else "todo"
        date = dates.get(index)
        if index == tender.way.skipped:
            note = _("不适用")
        elif state == "now":
            note = time_left(due)
        else:
            note = f"{date.astimezone(BEIJING):%m-%d}" if date and state == "done" else ""
        steps.append(Step(label, state, note))
    return steps
