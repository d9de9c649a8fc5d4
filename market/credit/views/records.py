"""A credit record: what its parties see, what anybody sees while it is published, and its acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from markupsafe import Markup
from sqlalchemy import select

from market import beside
from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, files_of, form_page, link, not_found, url_of
from market.credit.actions import records
from market.credit.blueprint import bp
from market.credit.forms import (
    AskRepairForm,
    CommendForm,
    DefendForm,
    ProposeForm,
    SuspendForm,
    UpholdForm,
)
from market.extensions import db, login
from market.formatting import bilingual, catalogued, format_instant, problem_text
from market.forms import Form
from market.identity import current_actor
from models import clock
from models.credit import policy
from models.credit.deciding import decided_by
from models.credit.policy import ACTIVITIES
from models.credit.records import STEPPED_BACK, CreditRecord
from models.credit.serving import PAPERS, unopened
from models.documents import Document, of_case, papers_of
from models.letters import Letter

Fact = tuple[str, Any]


def _with_files(form: Form) -> dict[str, object]:
    values = form.values()
    return files_of(values.pop("file")) | values


def _found(identifier: str) -> CreditRecord | None:
    """A record the reader may see; none also where there is none."""
    query = select(CreditRecord).where(CreditRecord.identifier == identifier)
    found = db.session.scalars(query).one_or_none()
    return found if found is not None and found.readable_by(db.session, current_actor()) else None


@bp.get("/credit/records/<identifier>")
def show_record(identifier: str) -> Any:
    record, actor = _found(identifier), current_actor()
    if record is None and not current_user.is_authenticated:
        return login.unauthorized()
    if record is None:
        raise not_found(identifier)
    roles = record.roles_of(actor)
    if not roles:
        return render_template("credit/published.html", record=record, facts=_public(record))
    if "subject" in roles and unopened(record):
        records.receive(actor, identifier)
        record = CreditRecord.load(db.session, identifier)
    shared = case_page(record) | ({"waits_for": ["system"]} if record.time_over else {})
    return render_template(
        "credit/record.html",
        **shared,
        kind=bilingual(record.kind_names),
        facts=_whole(record),
        stated=_stated(record),
        served=_served(record),
        papers=papers_of(db.session, "credit_record", identifier),
        files=_files(record),
        own="subject" in roles,
        hindered=_hindered(record),
    )


def _hindered(record: CreditRecord) -> list[str]:
    """Why somebody else is to do what it waits for, and who; nothing where the reader may, or has no part."""
    actor = current_actor()
    if actor.user_id in record.recused and "regulator" in record.roles_of(actor) and not record.over:
        return [_(STEPPED_BACK), *_left(record)]
    waited = record.workflow.open_to(record, actor)
    problem = record.hindrance(actor, waited[0].act) if waited and waited[0].main else None
    return [problem_text(problem)] if problem is not None else []


def _left(record: CreditRecord) -> list[str]:
    """What becomes of one on which nobody of the reader's office may decide any more."""
    if record.state not in ("notified", "heard", "repairing") or not record.left_by_all(current_actor()):
        return []
    if record.referred_to:
        return [_("本单位的人都已经回避,没有人可以决定;已经报请上级办理。")]
    if record.state == "notified" or record.due_at is None:
        return [_("本单位的人都已经回避,没有人可以决定;决定的期限届满后,报请上级办理。")]
    until = format_instant(record.due_at)
    return [_("本单位的人都已经回避,没有人可以决定;%(until)s 期限届满后,报请上级办理。", until=until)]


def _public(record: CreditRecord) -> list[Fact]:
    """What anybody is told of a record while it is published."""
    return [
        (_("当事人"), _subject(record)),
        (_("统一社会信用代码"), record.subject.uscc),
        (_("类别"), bilingual(record.kind_names)),
        (_("轻重"), weight_name(record)),
        (_("事实"), record.facts),
        (_("依据"), catalogued(record.basis)),
        (_("所在清单"), catalogued(record.rule.listed)),
        (_("限制措施"), limits_of(record)),
        (_("作出决定机关"), decided_by(db.session, record)),
        (_("决定时间"), format_instant(record.decided_at) if record.decided_at else ""),
        (_("怎样修复"), _how_repaired(record)),
        (_("公示到期"), format_instant(record.published_until) if record.published_until else _("不公示")),
    ]


def _how_repaired(record: CreditRecord) -> str:
    """From when on, and by what, its subject may have it repaired; empty for a good one."""
    if record.weight == "good":
        return ""
    day, duty = record.repairable_from.astimezone(clock.BEIJING).date(), catalogued(record.rule.duty)
    return _("%(day)s 起可以申请,须先:%(duty)s,并公开作出信用承诺", day=day.isoformat(), duty=duty)


def _whole(record: CreditRecord) -> list[Fact]:
    """What its subject and the office are told."""
    source = url_of(record.source_identifier)
    named = link(source, record.source_identifier) if source else record.source_identifier

    def at(instant: datetime | None) -> str:
        return format_instant(instant) if instant else ""

    return [
        (_("当事人"), _subject(record)),
        (_("轻重"), weight_name(record)),
        (_("依据"), catalogued(record.basis)),
        (_("所在清单"), catalogued(record.rule.listed)),
        (_("来源"), named),
        (_("信用规则版本"), record.credit_policy),
        (_("生效后计分"), str(record.points)),
        (_("生效后限制"), limits_of(record)),
        (_("修复前要履行的义务"), catalogued(record.rule.duty)),
        (_("提出时间"), at(record.proposed_at)),
        (_("告知时间"), at(record.notified_at)),
        (_("陈述申辩期限"), at(record.answer_until)),
        (_("决定时间"), at(record.decided_at)),
        (_("期限至"), at(record.ends_at)),
        (_("公示到期"), at(record.published_until) or (_("不公示") if record.ends_at else "")),
        (_("可以申请修复"), at(record.repairable_from) if record.counts and record.weight != "good" else ""),
    ]


def _subject(record: CreditRecord) -> Any:
    named = f"{record.subject.identifier} {record.subject.name}"
    readable = record.subject.readable_by(db.session, current_actor())
    return (
        link(case_url("organisation", record.subject.identifier), named) if readable else record.subject.name
    )


def weight_name(record: CreditRecord) -> str:
    return bilingual({"zh": record.term.zh, "en": record.term.en})


def limits_of(record: CreditRecord) -> str:
    """The activities it stops, in words."""
    return _("、").join(_(ACTIVITIES[each]) for each in record.limits) or _("无")


def _served(record: CreditRecord) -> list[dict[str, Any]]:
    """Each paper's way to its subject: what, when, the letters with when each left, who opened it."""
    numbers = [each["id"] for row in record.served for each in row["letters"]]
    sent = dict(db.session.execute(select(Letter.id, Letter.done_at).where(Letter.id.in_(numbers))).all())

    def instant(kept: str | None) -> datetime | None:
        return datetime.fromisoformat(kept) if kept else None

    return [
        {
            "title": PAPERS[row["act"]],
            "at": instant(row["at"]),
            "letters": [
                (each["address"], instant(each["sent"]) or sent.get(each["id"])) for each in row["letters"]
            ],
            "opened_at": instant(row["opened_at"]),
            "opened_by": row["opened_by"],
        }
        for row in record.served
    ]


@bp.route("/credit/records/new", methods=["GET", "POST"])
@login_required
def propose() -> Any:
    """A regulator proposes a record by hand."""
    form = ProposeForm()
    form.prepare()
    rules = policy.current()
    return form_page(
        form,
        _("提出信用记录"),
        records.propose_by_hand,
        lambda identifier: case_url("credit_record", identifier),
        _with_files,
        lead=_("提出之后先告知当事人、听取陈述申辩,再由另一位工作人员决定;决定之前不公开、不计分。"),
        back=url_for("credit.own_records"),
        template="credit/propose.html",
        beside=lambda: [
            (
                bilingual({"zh": kind.zh, "en": kind.en}),
                bilingual({"zh": rules.weights[kind.weight].zh, "en": rules.weights[kind.weight].en}),
                kind,
            )
            for kind in rules.kinds.values()
        ],
    )


def _before_deciding(record: CreditRecord) -> list[Fact]:
    """What is to be read before a decision: the facts, and what its subject said."""
    repairing = record.state == "repairing"
    kept = {number for part in record.statements for number in part.files}
    handed = [file for file in _files(record) if file.identifier not in kept]
    own = [file for file in handed if file.organisation_id == record.subject_id]
    return [
        (_("拟认定的事实"), beside.words(record.facts)),
        (_("依据"), catalogued(record.basis)),
        (_("证据"), beside.files(file for file in handed if file not in own)),
        (_("陈述和申辩"), _said(record) or _("没有提交")),
        (_("陈述申辩期限"), _time_left(record)),
        (_("信用承诺"), beside.words(record.commitment) if repairing else ""),
        (_("修复前要履行的义务"), catalogued(record.rule.duty) if repairing else ""),
        (_("履行义务的证明"), beside.files(own) if repairing else ""),
    ]


def _files(record: CreditRecord) -> list[Document]:
    """What was handed in, by whomever."""
    return [file for file in of_case(db.session, "credit_record", record.identifier) if not file.issued]


def _stated(record: CreditRecord) -> list[dict[str, Any]]:
    """Each part of what its subject stated: its words, its files, when and from whom it came."""
    handed = {file.identifier: file for file in _files(record)} if record.statements else {}
    return [
        {
            "words": part.statement,
            "files": beside.files(handed[number] for number in part.files if number in handed),
            "when": " · ".join(filter(None, (format_instant(part.stated_at), part.stated_by))),
        }
        for part in record.statements
    ]


def _said(record: CreditRecord) -> Markup:
    """The same beside a form."""
    when = Markup('<span class="hint">{}</span>')
    return Markup("<br><br>").join(
        beside.lines([beside.words(part["words"]), part["files"], when.format(part["when"])])
        for part in _stated(record)
    )


def _time_left(record: CreditRecord) -> str:
    """What of its subject's time is left, while it runs and there is no decision yet."""
    if record.decided_at or record.answer_until is None or record.answer_until <= clock.now():
        return ""
    until = format_instant(record.answer_until)
    if record.waived_at is not None:
        return _("到 %(until)s,当事人已经表示不再补充", until=until)
    return _("到 %(until)s,此前当事人还可以补充", until=until)


def _told(record: CreditRecord) -> list[Fact]:
    """What its subject reads before it answers or asks."""
    return [
        (_("拟认定的事实"), beside.words(record.facts)),
        (_("依据"), catalogued(record.basis)),
        (_("已经提交的陈述"), _said(record) if record.state in ("notified", "heard") else ""),
        (_("修复前要履行的义务"), catalogued(record.rule.duty) if record.state == "in_force" else ""),
    ]


register_case(
    bp,
    CreditRecord,
    url="/credit/records",
    page=show_record,
    acts={
        "notify": ActPage(records.notify, beside=_before_deciding),
        "commend": ActPage(records.commend, CommendForm, beside=_before_deciding),
        "drop": ActPage(records.drop_record, beside=_before_deciding),
        "defend": ActPage(
            records.defend, DefendForm, _with_files, beside=_told, beside_heading=_l("告知的内容")
        ),
        "defend_partly": ActPage(
            records.defend_partly, DefendForm, _with_files, beside=_told, beside_heading=_l("告知的内容")
        ),
        "waive": ActPage(records.waive, beside=_told, beside_heading=_l("告知的内容")),
        "recuse": ActPage(records.recuse),
        "uphold": ActPage(records.uphold, UpholdForm, beside=_before_deciding),
        "ask_repair": ActPage(records.ask_repair, AskRepairForm, _with_files, beside=_told),
        "withdraw": ActPage(records.withdraw),
        "repair": ActPage(records.repair, beside=_before_deciding),
        "refuse_repair": ActPage(records.refuse_repair, beside=_before_deciding),
        "revoke": ActPage(records.revoke),
        "suspend": ActPage(records.suspend, SuspendForm, _with_files),
        "resume": ActPage(records.resume),
    },
    timed={"lapse": records.lapse, "expire": records.expire, "refer": records.refer},
    public=True,
)
