"""How authorities handle what is complained of and reported: counted by who answered, in four statements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from market.spreadsheets import Column, rate
from models.accounts import Organisation
from models.oversight.answers import Answer
from models.oversight.complaints import Complaint
from models.oversight.violation_report_workflow import FOUND, OPEN
from models.oversight.violation_reports import ViolationReport
from models.regions import within


@dataclass
class Handling:
    """One authority's. A share is None where there is nothing it is a share of.

    `open_mending` are the violations that are neither mended nor given up.
    """

    name: str = ""
    region_code: str = ""
    reports: int = 0
    waiting: int = 0
    answered: int = 0
    late: int = 0
    found: int = 0
    mended: int = 0
    complaints: int = 0
    ended: int = 0
    settled: int = 0
    asked: int = 0
    rated: int = 0
    marks: int = 0
    keys: dict[str, int] = field(default_factory=dict)

    @property
    def in_time(self) -> float | None:
        return (self.answered - self.late) / self.answered if self.answered else None

    @property
    def open_mending(self) -> int:
        return self.found - self.mended - self.keys.get("not_mended", 0)

    @property
    def share_mended(self) -> float | None:
        return self.mended / self.found if self.found else None

    @property
    def mean(self) -> float | None:
        return self.marks / self.rated if self.rated else None


def _count(of: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((of, 1), else_=0)), 0)


def by_office(session: Session, region: str = "") -> list[Handling]:
    """Every authority that got a report or a complaint, of this area if one is given, by its name."""
    found: dict[int | None, Handling] = defaultdict(Handling)
    answered = ViolationReport.answered_at.is_not(None)
    reports = select(
        ViolationReport.office_id,
        func.count(),
        _count(ViolationReport.state.in_(OPEN)),
        _count(answered),
        _count(answered & ViolationReport.late.is_(True)),
        _count(ViolationReport.state.in_(FOUND)),
        _count(ViolationReport.state == "mended"),
        _count(ViolationReport.state == "not_mended"),
    ).where(ViolationReport.office_id.is_not(None), ViolationReport.state != "merged")
    for key, total, waiting, done, late, true, mended, given_up in session.execute(
        reports.group_by(ViolationReport.office_id)
    ):
        each = found[key]
        each.reports, each.waiting, each.answered, each.late = total, waiting, done, late
        each.found, each.mended, each.keys = true, mended, {"not_mended": given_up}
    complaints = (
        select(
            Complaint.office_id,
            func.count(),
            _count(Complaint.state.in_(("refused", "settled", "ended", "withdrawn"))),
            _count(Complaint.state == "settled"),
        )
        .where(Complaint.office_id.is_not(None))
        .group_by(Complaint.office_id)
    )
    for key, total, ended, settled in session.execute(complaints):
        found[key].complaints, found[key].ended, found[key].settled = total, ended, settled
    answers = (
        select(
            Answer.office_id, func.count(), func.count(Answer.mark), func.coalesce(func.sum(Answer.mark), 0)
        )
        .where(Answer.office_id.is_not(None))
        .group_by(Answer.office_id)
    )
    for by, asked, rated, marks in session.execute(answers):
        found[by].asked, found[by].rated, found[by].marks = asked, rated, int(marks or 0)
    named = select(Organisation.id, Organisation.name, Organisation.region_code).where(
        Organisation.id.in_(found)
    )
    if region:
        named = named.where(within(Organisation.region_code, region))  # type: ignore[arg-type]
    rows = []
    for office, name, code in session.execute(named.order_by(Organisation.region_code, Organisation.name)):
        found[office].name, found[office].region_code = name, code
        rows.append(found[office])
    return rows


HANDLING = (
    Column[Handling](_l("部门"), lambda each: each.name),
    Column[Handling](_l("举报"), lambda each: each.reports),
    Column[Handling](_l("还没有答复"), lambda each: each.waiting),
    Column[Handling](_l("已答复"), lambda each: each.answered),
    Column[Handling](_l("按期答复率"), lambda each: rate(each.in_time)),
    Column[Handling](_l("查实"), lambda each: each.found),
    Column[Handling](_l("已整改"), lambda each: each.mended),
    Column[Handling](_l("整改还没有完"), lambda each: each.open_mending),
    Column[Handling](_l("整改率"), lambda each: rate(each.share_mended)),
    Column[Handling](_l("投诉"), lambda each: each.complaints),
    Column[Handling](_l("投诉办结"), lambda each: each.ended),
    Column[Handling](_l("调解成功"), lambda each: each.settled),
    Column[Handling](_l("答复"), lambda each: each.asked),
    Column[Handling](_l("有评价"), lambda each: each.rated),
    Column[Handling](_l("平均分"), lambda each: each.mean),
)
