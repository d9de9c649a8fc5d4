"""Reports and complaints for the whole market of tests/models/test_workflow.py: parts, refusals."""

from __future__ import annotations

from harness.factories import World
from market.extensions import db
from market.oversight.actions import complaints, filing, reports

REPORTED: dict[str, dict[str, set[str]]] = {
    "violation_report": {"buyer": {"reporter"}, "agency": {"subject"}},
    "complaint": {"buyer": {"claimant"}, "agency": {"respondent"}},
    "answer": {"buyer": {"reporter"}},
}
REFUSED_REPORTS: dict[str, dict[tuple[str, str], str]] = {
    "violation_report": {
        ("checking", "tell"): "已经告知过被举报单位。",
        ("checking", "find"): "被举报单位的说明期限还没有届满,它也还没有说明。",
        ("mending", "urge"): "期限未到,还没有报请上级处理。",
    },
    "complaint": {("agreeing", "settle"): "双方都同意之后,调解协议才算达成。"},
}


def report_and_complain(world: World) -> None:
    """A report its subject was told of, another that was answered, and a complaint that was accepted."""
    buyer, regulator, told = world.actor("buyer"), world.actor("regulator"), {"facts": "没有公示收费的价目表"}
    first, second = (
        filing.report(buyer, subject=world.identifiers["agency"], kind=kind, **told)
        for kind in ("fees_unpublished", "scope")
    )
    reports.accept(regulator, first)
    reports.tell(regulator, first, asked="请说明收费公示的情况")
    reports.refuse(regulator, second, ground="no_facts", reply="没有具体的线索")
    complaint = filing.complain(buyer, about=world.started(), claim="成果迟了一个月,请求退还一部分价款")
    complaints.accept(regulator, complaint)
    db.session.rollback()
