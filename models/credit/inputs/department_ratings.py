"""What approving departments say of an agency's reports."""

from __future__ import annotations

from models.credit.evidence import Input
from models.credit.inputs.ratings import gather, reckon
from models.i18n import N_

INPUT = Input(
    "department_ratings",
    N_("审批部门评价"),
    N_("再有一个审批部门给五星,加 %(points)s 分;按部门退回时写明的问题改进。"),
    "stars",
    frozenset({"rating.publish", "rating.hide"}),
    gather("department"),
    reckon,
    best=5.0,
)
