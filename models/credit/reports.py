"""What a credit report (信用报告) says, and how long it may be shown.

A report says what the records in force on its day come to. Once one of them was repaired, revoked or is over,
nobody but its agency is shown the report any more (信用修复管理办法): that it is genuine is said, and nothing
else.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.accounts import Organisation
from models.base import Json
from models.clock import BEIJING
from models.credit import restrictions
from models.credit.evidence import ScoreLine
from models.credit.inputs import inputs
from models.credit.listings import ExternalListing
from models.credit.policy import ACTIVITIES
from models.credit.records import CreditRecord
from models.documents import Document
from models.i18n import N_

TITLE = N_("信用报告")
FORMER = N_("信用证明")  # what it was called before records stood in it
NAMED = "records"  # under which what was issued keeps the numbers of what counted in it
Rows = list[list[str]]


COUNTED = (CreditRecord, ExternalListing)


def published_records(session: Session, agency: Organisation) -> list[CreditRecord]:
    """What anybody may read of in force about an agency now, in the order of the numbers."""
    found = select(CreditRecord).where(CreditRecord.subject_id == agency.id, CreditRecord.is_published())
    return list(session.scalars(found.order_by(CreditRecord.id)))


def counted(session: Session, agency: Organisation) -> list[str]:
    """The numbers of all that counts in its score and may end: records, published or not, and listings."""
    return [
        identifier
        for kind in COUNTED
        for identifier in session.scalars(
            select(kind.identifier).where(kind.subject_id == agency.id, kind.is_counting()).order_by(kind.id)
        )
    ]


def line_row(line: ScoreLine) -> list[str]:
    """A line of the score: what it brings, and from how many records."""
    return [f"得分 · {inputs()[line.name].label}", f"{line.points:+.1f} 分({len(line.evidence)} 条记录)"]


def record_row(record: CreditRecord) -> list[str]:
    decided, until = (
        f"{at.astimezone(BEIJING):%Y-%m-%d}" if at else "—"
        for at in (record.decided_at, record.published_until)
    )
    said = f"{record.kind_names['zh']};依据:{record.basis};{decided} 认定,公示至 {until}"
    return [f"信用记录 {record.identifier}", said]


def limit_rows(session: Session, agency: Organisation) -> Rows:
    """What it is stopped at now, as far as anybody may know why."""
    found = [each for each in restrictions.of(session, [agency])[agency.id] if each.public]
    stopped = [activity for activity in ACTIVITIES if activity in {each.activity for each in found}]
    rows = [["受到的限制", "、".join(ACTIVITIES[each] for each in stopped) or "无"]]
    for basis, until in sorted({(each.basis, restrictions.day_of(each.until)) for each in found}):
        rows.append(["限制依据", f"{basis},到 {until} 为止" if until else basis])
    return rows


def shown_to_others(session: Session, issued: Json | None) -> bool:
    """Whether everything that counted in what was issued counts still."""
    named = (issued or {}).get(NAMED, [])
    still = [
        session.scalar(select(func.count()).where(kind.identifier.in_(named), kind.is_counting())) or 0
        for kind in COUNTED
    ]
    return sum(still) == len(named)


def is_report(paper: Document) -> bool:
    return paper.issued is not None and paper.issued["title"] in (TITLE, FORMER)
