"""The official forms of reports and complaints, printed after the act (受理、不予受理、移送、处理).

None says who reported: a report's are addressed to "举报人".
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import db
from market.files import issue_outside
from market.printing import letter as printed
from models.accounts import Organisation
from models.cases import Case
from models.clock import BEIJING
from models.documents import of_case
from models.events import Event
from models.i18n import N_
from models.oversight.complaints import Complaint
from models.oversight.kinds import grounds
from models.oversight.violation_reports import ViolationReport

MADE = N_("作出时间")
PAPERS = {
    "violation_report.accept": N_("举报受理告知书"),
    "violation_report.refuse": N_("举报不予受理告知书"),
    "violation_report.transfer": N_("举报移送函"),
    "violation_report.find": N_("举报处理结果告知书"),
    "violation_report.clear": N_("举报核查结果告知书"),
    "complaint.accept": N_("投诉受理决定书"),
    "complaint.refuse": N_("投诉不予受理决定书"),
    "complaint.transfer": N_("投诉移送函"),
    "complaint.settle": N_("调解书"),
    "complaint.end": N_("终止调解决定书"),
    "complaint.time_out": N_("终止调解决定书"),
}
_RULE = "市场监督管理投诉举报处理暂行办法"


def issue_report_papers(happened: list[Event]) -> None:
    """The consumer, outside of any transaction: a paper for each act that has one."""
    for event in happened:
        if event.kind in PAPERS:
            _issue(event)


def _issue(event: Event) -> None:
    kind = ViolationReport if event.case_type == "violation_report" else Complaint
    case: ViolationReport | Complaint = kind.load(db.session, event.case_identifier)
    at = event.at.astimezone(BEIJING)
    title, moment = PAPERS[event.kind], _moment(at)
    wanted = partial(_lacks, title, moment)
    if not wanted(db.session, case):
        return
    facts = [*_facts(case, event), [MADE, moment]]
    made = partial(
        printed,
        title=title,
        at=at,
        by=_office(case, event),
        to="举报人" if isinstance(case, ViolationReport) else case.claimant.name,
        before=_said(case, event),
        rows=facts,
        after=_after(event),
    )
    issue_outside(case, f"{title} {case.identifier}.pdf", title, facts, made, wanted)


def _lacks(title: str, moment: str, session: Session, case: Case) -> bool:
    papers = of_case(session, case.workflow.name, case.identifier)
    issued = [paper.issued for paper in papers if paper.issued]
    return not any(each["title"] == title and dict(each["facts"]).get(MADE) == moment for each in issued)


def _office(case: ViolationReport | Complaint, event: Event) -> str:
    """Who acted; of what the clock or both sides did, who handles it."""
    name = select(Organisation.name).where(Organisation.id == event.actor_organisation_id)
    acted = db.session.scalar(name) if event.actor_role == "regulator" else None
    return acted or (case.office.name if case.office else "平台")


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _facts(case: ViolationReport | Complaint, event: Event) -> list[list[str]]:
    rows = [[N_("编号"), case.identifier]]
    if isinstance(case, ViolationReport):
        rows += [[N_("被举报单位"), case.subject.name], [N_("举报类别"), case.category.zh]]
        if event.kind == "violation_report.find" and case.mend_by is not None:
            rows += [[N_("整改要求"), case.remedy or ""], [N_("整改期限"), f"至 {_moment(case.mend_by)}"]]
        what = "refuse_report"
    else:
        rows += [[N_("投诉人"), case.claimant.name], [N_("被投诉人"), case.respondent.name]]
        rows.append([N_("投诉事项"), case.about])
        what = "refuse_complaint" if event.kind == "complaint.refuse" else "end_mediation"
    if event.kind.endswith((".refuse", ".end")) and case.ground in grounds(what):
        found = grounds(what)[case.ground]
        rows += [[N_("情形"), found.zh], [N_("依据"), found.source]]
    if event.kind.endswith(".transfer"):
        rows.append([N_("接收部门"), str(event.data.get("authority", ""))])
    return rows


def _said(case: ViolationReport | Complaint, event: Event) -> list[str]:
    opening = {
        "violation_report.accept": "你的举报收到,经审查予以受理,将依法核查并告知处理结果。",
        "violation_report.refuse": "你的举报收到,经审查不予受理。",
        "violation_report.transfer": "你的举报移送有处理权限的部门办理。",
        "violation_report.find": "你举报的事项经核查属实。",
        "violation_report.clear": "你举报的事项经核查,未发现违法行为。",
        "complaint.accept": "你单位的投诉收到,经审查予以受理,由本部门组织调解。",
        "complaint.refuse": "你单位的投诉收到,经审查不予受理。",
        "complaint.transfer": "你单位的投诉移送有处理权限的部门办理。",
        "complaint.settle": "双方在本部门主持下自愿达成下列协议:",
        "complaint.end": "你单位的投诉终止调解。",
        "complaint.time_out": "调解期限届满,双方没有达成协议,终止调解。",
    }[event.kind]
    answered = event.kind.endswith((".refuse", ".find", ".clear", ".settle", ".end"))
    words = case.reply if answered and case.reply else str(event.data.get("reason", ""))
    return [opening, *[line for line in words.splitlines() if line]]


def _after(event: Event) -> list[str]:
    """What may be done about it."""
    if event.kind.endswith((".refuse", ".clear")):
        return [f"依据:{_RULE}。对本决定不服的,可以依法申请行政复议或者提起行政诉讼;也可以在平台评价本答复。"]
    if event.kind in ("complaint.end", "complaint.time_out"):
        return [f"依据:{_RULE}。可以依法申请仲裁或者提起诉讼,也可以在平台就合同提出争议。"]
    return [f"依据:{_RULE}。"]
