"""Whether a report may be demanded for an approval: by the published list, and nothing else.

A matter outside the list may not be demanded (湘政办发〔2019〕50号), nor may what an enterprise prepares
itself be had of an agency alone, and no authority names the agency (行政机关不得指定). Whoever was asked for
more may say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.catalogue import ApprovalMatter, ServiceItem
from models.i18n import N_

# What each answer is called, whether the demand is lawful by it, and what it rests on.
ANSWERS = {
    "needed": (N_("可以要求"), True),
    "not_for_this": (N_("办这项审批不得要求"), False),
    "listed": (N_("只在办下列审批时可以要求"), None),
    "unlisted": (N_("清单里没有,不得要求"), False),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the list says of one demand.

    `key` is one of ANSWERS; `item` the item it is about, None where no item is; `matters` the approvals for
    which that one may be demanded.
    """

    key: str
    item: ServiceItem | None = None
    matters: tuple[ApprovalMatter, ...] = ()

    @property
    def label(self) -> str:
        return ANSWERS[self.key][0]

    @property
    def lawful(self) -> bool | None:
        """Whether it may be demanded; None where that depends on the approval, which was not said."""
        return ANSWERS[self.key][1]


def answer(matter: ApprovalMatter | None, items: Sequence[ServiceItem]) -> list[Answer]:
    """What the list says of a demand for one of these items (as it may be meant) for an approval.

    The likeliest first; one that is `unlisted` where nothing in the list is meant.
    """
    if not items:
        return [Answer("unlisted")]
    return [
        Answer(
            "listed" if matter is None else "needed" if matter in item.matters else "not_for_this",
            item,
            tuple(item.matters),
        )
        for item in items
    ]
