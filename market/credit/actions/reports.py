"""An agency's credit report (信用报告): what the records say of it on a day, to show to others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.agencies.actions.common import own
from market.files import Kept, keep, state
from market.printing import PLATFORM, letter
from market.transaction import Beforehand, action, looking
from models import clock, events, identifiers
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.certificates import Practitioner, Qualification
from models.base import Json
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.credit import score
from models.credit.evidence import Sheet
from models.credit.kept import in_time, passed_first
from models.credit.reports import (
    NAMED,
    TITLE,
    Rows,
    counted,
    limit_rows,
    line_row,
    published_records,
    record_row,
)
from models.documents import Document
from models.errors import RuleViolation
from models.i18n import N_
from models.ratings import coverage
from models.regions import full_name


@dataclass(frozen=True)
class Stated:
    """What a report says: the facts anybody who checks it reads, what is printed beside them, the records."""

    facts: Rows
    more: Rows
    records: list[str]

    @property
    def issued(self) -> Json:
        return {"title": TITLE, "facts": self.facts, NAMED: self.records}


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def _stated(session: Session, agency: Organisation) -> Stated:
    sheet, records = score.of_agency(session, agency.id), published_records(session, agency)
    more = [line_row(line) for line in sheet.lines]
    more += limit_rows(session, agency) + [record_row(record) for record in records]
    return Stated(_facts(session, agency, sheet), more, counted(session, agency))


def _facts(session: Session, agency: Organisation, sheet: Sheet) -> Rows:
    today = clock.today()
    ratings = sheet.line("ratings")
    stars = ratings.plain if ratings else None
    rated = coverage.of_organisations(session, [agency.id])[agency.id]
    running = session.scalar(
        select(func.count())
        .select_from(Contract)
        .where(Contract.agency_id == agency.id, Contract.state == "active")
    )
    held = session.scalars(
        select(Qualification.kind)
        .where(Qualification.agency_id == agency.id, Qualification.valid_on(today))
        .distinct()
    )
    people = session.scalar(
        select(func.count())
        .select_from(Practitioner)
        .where(Practitioner.agency_id == agency.id, Practitioner.at_work(today))
    )
    return [
        [N_("机构"), agency.name],
        [N_("统一社会信用代码"), agency.uscc],
        [N_("地区"), full_name(agency.region_code)],
        [N_("状态"), agency.state_label],
        [
            N_("信用等级"),
            f"{sheet.grade}({sheet.score:.1f} ± {sheet.half_width:.1f})" if sheet.grade else "未评",
        ],
        [N_("完成合同"), f"{sheet.settled} 份,履行中 {running or 0} 份"],
        [N_("首次过审率"), _share(passed_first(sheet))],
        [N_("按期提交率"), _share(in_time(sheet))],
        [N_("业主评价"), f"{stars:.2f} / 5" if stars is not None else "—"],
        [N_("评价覆盖"), f"{rated.ended} 份已结束的合同评了 {rated.rated} 份"],
        [N_("有效资质"), "、".join(sorted(held)) or "—"],
        [N_("在册从业人员"), f"{people or 0} 名"],
        [N_("规则版本"), sheet.policy],
    ]


def issue(actor: Actor, *, submission: str = "") -> str:
    """Issue the report as of now; the same records on the same day give the one already issued.

    Returns its identifier. RuleViolation for an agency that has not been let in.

    It bears its number, so that is taken first; then it is printed, outside, and kept. Whoever asks again
    after a stop in between gets it under the number that was taken.
    """
    number = _take_number(actor, submission=submission)
    with looking() as session:
        if session.scalars(select(Document.id).where(Document.identifier == number)).first() is not None:
            return number
        agency = session.get_one(Organisation, actor.organisation_id)
        stated = _stated(session, agency)
    return _keep(actor, number, stated=stated, content=Beforehand(keep(_print(number, stated))))


def _print(number: str, stated: Stated) -> bytes:
    at = clock.now().astimezone(BEIJING)
    said = [
        f"经查询本平台记录,截至 {at:%Y-%m-%d %H:%M},该机构的登记与信用情况如下。"
        "信用分按公布的规则由记录计算,每一条都可在机构的公开页面查到。"
    ]
    noted = [
        "本报告只反映签发时的记录;当前情况以扫码核验的结果为准。",
        "报告所列信用记录修复、撤销或者期满之后,本报告不得再使用,平台也不再公开。",
    ]
    rows = stated.facts + stated.more
    return letter(number, title=TITLE, at=at, by=PLATFORM, before=said, rows=rows, after=noted)


@action
def _take_number(session: Session, actor: Actor) -> str:
    """The number of the report to be issued now, or of the one that was, if it says the same."""
    agency = own(session, actor)
    if agency.state not in ("verified", "suspended"):
        raise RuleViolation(N_("入驻之后才能开具信用报告。"))
    return _of_today(session, agency, _stated(session, agency)) or identifiers.issue(session, Document)


def _of_today(session: Session, agency: Organisation, stated: Stated) -> str | None:
    """The report issued today that states the same, if there is one."""
    midnight = clock.now().astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    today = select(Document).where(
        Document.case_identifier == agency.identifier,
        Document.issued.is_not(None),
        Document.created_at >= midnight,
    )
    return next(
        (earlier.identifier for earlier in session.scalars(today) if earlier.issued == stated.issued),
        None,
    )


@action
def _keep(session: Session, actor: Actor, number: str, *, stated: Stated, content: Beforehand[Kept]) -> str:
    """Keep what was printed, unless another one that says the same was kept meanwhile."""
    agency = own(session, actor)
    earlier = _of_today(session, agency, stated)
    if earlier is not None:
        return earlier
    name = f"{TITLE} {agency.identifier}.pdf"
    document = state(session, agency, number, name, TITLE, stated.facts, content.got)
    document.issued = stated.issued
    events.record(
        session,
        actor,
        "organisation.certificate",
        "organisation",
        agency.identifier,
        data={"sha256": document.sha256},
    )
    return document.identifier
