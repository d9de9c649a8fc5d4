"""The papers of credit records (告知书、决定书), printed after the act that brings them."""

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
from models.credit import policy
from models.credit.deciding import bounds
from models.credit.policy import ACTIVITIES
from models.credit.records import CreditRecord
from models.credit.serving import PAPERS
from models.credit.statements import StatementPart
from models.documents import of_case
from models.events import Event
from models.i18n import N_

MADE = N_("作出时间")
_ENTRY = "当事人可以查阅证据,在期限内在平台提交陈述申辩和材料;逾期不提交的,不影响认定。有权申请经办人员回避。"


def issue_record_papers(happened: list[Event]) -> None:
    """The consumer, outside of any transaction: a paper for each act that one is brought for."""
    for event in happened:
        kind, _dot, act = event.kind.partition(".")
        if kind == "credit_record" and act in PAPERS:
            _issue(event, act)


def _issue(event: Event, act: str) -> None:
    record, at = CreditRecord.load(db.session, event.case_identifier), event.at.astimezone(BEIJING)
    if record.notified_at is None:
        return  # dropped before anybody was told
    title, moment = PAPERS[act], f"{at:%Y-%m-%d %H:%M}"
    wanted = partial(_lacks, title, moment)
    if not wanted(db.session, record):
        return
    facts = [*_facts(record, act), [MADE, moment]]
    made = partial(
        printed,
        title=title,
        at=at,
        by=_office(event),
        to=record.subject.name,
        before=_said(record, act, event),
        rows=facts,
        after=_rights(record, act),
    )
    issue_outside(record, f"{title} {record.identifier}.pdf", title, facts, made, wanted)


def _lacks(title: str, moment: str, session: Session, record: Case) -> bool:
    issued = [paper.issued for paper in of_case(session, "credit_record", record.identifier) if paper.issued]
    return not any(each["title"] == title and dict(each["facts"]).get(MADE) == moment for each in issued)


def _office(event: Event) -> str:
    name = select(Organisation.name).where(Organisation.id == event.actor_organisation_id)
    return db.session.scalar(name) or event.actor_organisation or "平台"


def _facts(record: CreditRecord, act: str) -> list[list[str]]:
    rows = [
        [N_("当事人"), record.subject.name],
        [N_("统一社会信用代码"), record.subject.uscc],
        [N_("记录编号"), record.identifier],
        [N_("类别"), f"{record.rule.zh}({record.term.zh})"],
        [N_("依据"), record.basis],
        [N_("所在清单"), record.rule.listed],
        [N_("信用规则版本"), record.credit_policy],
    ]
    if act in ("notify", "uphold", "commend"):
        limits = "、".join(ACTIVITIES[each] for each in record.limits)
        rows += [[N_("生效后计分"), f"{record.points:+d}"], [N_("生效后限制"), limits or "无"]]
    if act == "notify":
        least, most = bounds(record)
        rows.append([N_("拟定期限"), f"{record.rule.months} 个月(决定在 {least} 到 {most} 个月之间确定)"])
    if act == "notify" and record.answer_until is not None:
        rows.append([N_("陈述申辩期限"), f"至 {_moment(record.answer_until)}"])
    if act in ("uphold", "commend", "refuse_repair", "resume") and record.ends_at is not None:
        rows.append([N_("期限"), f"{record.months} 个月,至 {_moment(record.ends_at)}"])
        rows.append([N_("公示"), f"至 {_moment(record.ends_at)}" if record.published_until else "不公示"])
    return rows


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _said(record: CreditRecord, act: str, event: Event) -> list[str]:
    """What the paper says before its table: the facts, the statement and its answer, the reason."""
    reason = event.data.get("reason", "")
    opening = {
        "notify": f"经查,你单位存在下列情形,拟认定为信用记录:{record.facts}",
        "uphold": f"经查:{record.facts}",
        "commend": f"经核:{record.facts}",
        "drop": "前告知你单位的拟认定事项,经审查不予认定。",
        "repair": "你单位申请信用修复,经审查,最短公示期已满,义务已经履行,并已公开作出信用承诺,同意修复。",
        "refuse_repair": "你单位申请信用修复,经审查,不予修复。",
        "revoke": "前对你单位作出的认定予以撤销。",
        "suspend": "因你单位破产重整,中止公示和使用。",
        "resume": "恢复公示和使用,期限照原决定计算。",
    }[act]
    said = [opening]
    if act == "uphold":
        answered = [_stated(part) for part in record.statements] or ["你单位在期限内没有陈述申辩。"]
        said += [*answered, *([f"答复:{record.reply}"] if record.reply else [])]
    return [
        line for text in [*said, f"理由:{reason}" if reason else ""] for line in text.splitlines() if line
    ]


def _stated(part: StatementPart) -> str:
    """A part of the statement: when it came, its words, how much evidence."""
    at, files = _moment(part.stated_at), len(part.files)
    if not part.statement:
        return f"你单位于 {at} 提交证据 {files} 份。"
    return f"你单位于 {at} 陈述申辩{f'(附证据 {files} 份)' if files else ''}:{part.statement}"


def _rights(record: CreditRecord, act: str) -> list[str]:
    """What its subject may do, and by when (行政复议法第二十条, 信用修复管理办法)."""
    days = policy.get(record.credit_policy).number("process.appeal_days")
    review = f"对本决定不服的,可以自收到之日起 {days} 日内申请行政复议,或者依法提起行政诉讼。"
    if act == "notify":
        return [_ENTRY]
    if act == "uphold":
        day = f"{record.repairable_from.astimezone(BEIJING):%Y-%m-%d}"
        return [review, f"{day} 起,{record.rule.duty}并公开作出信用承诺后,可以在平台申请信用修复。"]
    if act == "repair":
        return ["自本决定作出时起,停止公示、共享和使用该记录,限制措施同时解除。"]
    return [review] if act == "refuse_repair" else []
