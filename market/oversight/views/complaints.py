"""A report, a complaint, and the answer that was given, on their pages, with their acts."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from market import beside
from market.access_codes import code_of
from market.case_registry import ActPage, register_case
from market.case_views import case_link, case_page, files_of, link, pages_shown, url_of, visible
from market.extensions import db
from market.formatting import bilingual, catalogued, format_instant, region
from market.forms import Form
from market.identity import current_actor
from market.oversight.actions import answering, complaints, reports
from market.oversight.blueprint import bp
from market.oversight.forms import complaints as forms
from models.documents import Document, of_case, papers_of
from models.oversight.answers import MARKS, Answer, answers_of
from models.oversight.complaints import Complaint
from models.oversight.kinds import grounds
from models.oversight.violation_reports import ViolationReport, merged_with

Fact = tuple[str, Any]


def _with_files(form: Form) -> dict[str, object]:
    values = form.values()
    return files_of(values.pop("file")) | values


def _at(instant: Any) -> str:
    return format_instant(instant) if instant else ""


def _brought(report: ViolationReport) -> list[Document]:
    """The files of a report, and of those merged into it, that the reader may have."""
    actor = current_actor()
    files = [f for f in of_case(db.session, "violation_report", report.identifier) if not f.issued]
    return [file for file in files if report.file_open_to(file, actor)]


@bp.get("/violation-reports/<identifier>")
@login_required
def show_report(identifier: str) -> Any:
    """A report: to its handlers all of it, to the accused what it is asked and what was decided.

    Whoever reported, signed in, goes where it is followed with the code.
    """
    report: ViolationReport = visible(ViolationReport, identifier)
    roles = report.roles_of(current_actor())
    if not roles - {"reporter"}:
        return redirect(url_for("oversight.follow", identifier=identifier, code=code_of(identifier)), 303)
    inside = bool(roles & {"regulator", "helper", "admin"})
    return render_template(
        "oversight/report.html",
        **case_page(report),
        report=report,
        inside=inside,
        who=report.reporter_shown_to(current_actor()),
        facts=_facts(report, inside=inside),
        files=_brought(report),
        merged=merged_with(db.session, report) if inside else [],
        papers=papers_of(db.session, "violation_report", identifier) if inside else [],
        answers=answers_of(db.session, report) if inside else [],
        marks=MARKS,
    )


def _facts(report: ViolationReport, *, inside: bool) -> list[Fact]:
    handler = "regulator" in report.roles_of(current_actor())
    ground = grounds("refuse_report").get(report.ground or "")
    shown = pages_shown([report.record, report.sibling])
    return [
        (_("被举报单位"), case_link(report.subject, report.subject.name)),
        (_("类别"), bilingual(report.category.names)),
        (_("依据"), catalogued(report.category.source)),
        (_("办理部门"), report.office.name if report.office else _("没有主管部门")),
        (_("地区"), region(report.region_code)),
        (_("实名"), (_("实名") if report.named else _("匿名(分量轻一些)")) if inside else ""),
        (_("提交时间"), _at(report.filed_at)),
        (_("受理时间"), _at(report.accepted_at) if inside else ""),
        (_("延长期限"), _at(report.extended_at) if inside else ""),
        (_("并入"), case_link(report.merged_into) if inside and report.merged_into else ""),
        (_("同一来件分出的投诉"), _named(report.sibling, shown) if handler else ""),
        (_("说明期限"), _at(report.explain_until)),
        (_("情形"), bilingual(ground.names) if ground else ""),
        (_("答复时间"), _at(report.answered_at)),
        (_("整改要求"), beside.words(report.remedy)),
        (_("整改期限"), _at(report.mend_by)),
        (_("整改确认"), _at(report.mended_at)),
        (_("信用记录"), _named(report.record, shown)),
    ]


def _named(identifier: str, shown: dict[str, str]) -> Any:
    return link(shown[identifier], identifier) if identifier in shown else identifier


def _before_deciding(report: ViolationReport) -> list[Fact]:
    """What is to be read before a decision."""
    return [
        (_("举报的事实"), beside.words(report.facts)),
        (_("证据"), beside.files(_brought(report))),
        (_("要它说明什么"), beside.words(report.asked)),
        (_("被举报单位的说明"), beside.words(report.explanation)),
        (
            _("协办意见"),
            beside.lines(
                f"{each.authority.name}:{each.findings}" for each in report.helpers if each.findings
            ),
        ),
        (_("恶意举报的情形"), beside.words(report.abuse)),
    ]


def _told(report: ViolationReport) -> list[Fact]:
    return [
        (_("要您说明什么"), beside.words(report.asked)),
        (_("处理结果"), beside.words(report.reply)),
        (_("整改要求"), beside.words(report.remedy)),
        (_("整改期限"), _at(report.mend_by)),
    ]


_DECIDING: dict[str, Any] = {"beside": _before_deciding}
_ACCUSED: dict[str, Any] = {"beside": _told, "beside_heading": _l("告知的内容")}

register_case(
    bp,
    ViolationReport,
    url="/violation-reports",
    page=show_report,
    acts={
        "accept": ActPage(reports.accept, **_DECIDING),
        "refuse": ActPage(reports.refuse, forms.RefuseForm, **_DECIDING),
        "transfer": ActPage(reports.transfer, forms.AuthorityForm),
        "recuse": ActPage(reports.recuse),
        "tell": ActPage(reports.tell, forms.TellForm, **_DECIDING),
        "explain": ActPage(reports.explain, forms.ExplainForm, _with_files, **_ACCUSED),
        "find": ActPage(reports.find, forms.FindForm, **_DECIDING),
        "clear": ActPage(reports.clear, forms.ClearForm, **_DECIDING),
        "invite": ActPage(reports.invite, forms.AuthorityForm),
        "contribute": ActPage(reports.contribute, forms.FindingsForm, _with_files, **_DECIDING),
        "extend": ActPage(reports.extend),
        "note_abuse": ActPage(reports.note_abuse),
        "say_mended": ActPage(reports.say_mended, forms.MendingForm, _with_files, **_ACCUSED),
        "confirm_mended": ActPage(reports.confirm_mended, beside=lambda r: _mending(r)),
        "send_back": ActPage(reports.send_back, beside=lambda r: _mending(r)),
        "give_up": ActPage(reports.give_up),
        "publish_case": ActPage(reports.publish_case, forms.TypicalForm),
        "withdraw_case": ActPage(reports.withdraw_case),
    },
)


def _mending(report: ViolationReport) -> list[Fact]:
    return [
        (_("整改要求"), beside.words(report.remedy)),
        (_("整改了什么"), beside.words(report.mending)),
        (_("证据"), beside.files(_brought(report))),
    ]


@bp.get("/complaints/<identifier>")
@login_required
def show_complaint(identifier: str) -> Any:
    """A complaint, to both sides and the regulator of the area."""
    complaint: Complaint = visible(Complaint, identifier)
    handler = "regulator" in complaint.roles_of(current_actor())
    files = of_case(db.session, "complaint", identifier)
    return render_template(
        "oversight/complaint.html",
        **case_page(complaint),
        complaint=complaint,
        facts=_quarrel(complaint, handler=handler),
        files=[file for file in files if not file.issued],
        papers=papers_of(db.session, "complaint", identifier),
        answers=answers_of(db.session, complaint),
        marks=MARKS,
    )


def _quarrel(complaint: Complaint, *, handler: bool) -> list[Fact]:
    shown = pages_shown([complaint.sibling]) if handler else {}
    listed = grounds("refuse_complaint" if complaint.state == "refused" else "end_mediation")
    ground, url = listed.get(complaint.ground or ""), url_of(complaint.about)
    return [
        (_("投诉人"), complaint.claimant.name),
        (_("被投诉人"), complaint.respondent.name),
        (_("投诉事项"), link(url, complaint.about) if url else complaint.about),
        (_("办理部门"), complaint.office.name if complaint.office else _("没有主管部门")),
        (_("提交时间"), _at(complaint.filed_at)),
        (_("受理时间"), _at(complaint.accepted_at)),
        (_("调解最迟到"), _at(complaint.mediate_until)),
        (_("投诉人同意"), _at(complaint.claimant_agreed_at)),
        (_("被投诉人同意"), _at(complaint.respondent_agreed_at)),
        (_("情形"), bilingual(ground.names) if ground else ""),
        (_("办结时间"), _at(complaint.ended_at or complaint.answered_at)),
        (_("同一来件分出的举报"), _named(complaint.sibling, shown) if handler else ""),
    ]


def _both_sides(complaint: Complaint) -> list[Fact]:
    return [
        (_("投诉的经过和要求"), beside.words(complaint.claim)),
        (_("被投诉人的答复"), beside.words(complaint.answer)),
        (_("调解协议"), beside.words(complaint.agreement)),
        (
            _("证据"),
            beside.files(f for f in of_case(db.session, "complaint", complaint.identifier) if not f.issued),
        ),
    ]


_QUARREL: dict[str, Any] = {"beside": _both_sides}

register_case(
    bp,
    Complaint,
    url="/complaints",
    page=show_complaint,
    acts={
        "accept": ActPage(complaints.accept, **_QUARREL),
        "refuse": ActPage(complaints.refuse, forms.RefuseComplaintForm, **_QUARREL),
        "transfer": ActPage(complaints.transfer, forms.AuthorityForm),
        "recuse": ActPage(complaints.recuse),
        "respond": ActPage(complaints.respond, forms.RespondForm, _with_files, **_QUARREL),
        "propose": ActPage(complaints.propose, forms.AgreementForm, **_QUARREL),
        "agree": ActPage(complaints.agree, **_QUARREL),
        "decline": ActPage(complaints.decline, **_QUARREL),
        "end": ActPage(complaints.end, forms.EndForm, **_QUARREL),
        "take_back": ActPage(complaints.take_back),
    },
    timed={"lapse": complaints.lapse, "time_out": complaints.time_out},
)


@bp.get("/answers/<identifier>")
@login_required
def show_answer(identifier: str) -> Any:
    """The answer that was given, what was said of it, and what the level above makes of that."""
    answer: Answer = visible(Answer, identifier)
    return render_template("oversight/answer.html", **case_page(answer), answer=answer, facts=_said(answer))


def _said(answer: Answer) -> list[Fact]:
    return [
        (_("事项"), case_link(answer.about)),
        (_("答复部门"), answer.office.name if answer.office else ""),
        (_("答复"), beside.words(answer.reply)),
        (_("评分"), f"{answer.mark} · {_(MARKS[answer.mark])}" if answer.mark else ""),
        (_("评价的话"), beside.words(answer.words)),
        (_("评价时间"), _at(answer.rated_at)),
        (_("上级复查意见"), beside.words(answer.review)),
        (_("复查时间"), _at(answer.reviewed_at)),
    ]


register_case(
    bp,
    Answer,
    url="/answers",
    page=show_answer,
    acts={
        "rate": ActPage(answering.rate, forms.RateForm, beside=_said, beside_heading=_l("收到的答复")),
        "rate_low": ActPage(answering.rate, forms.RateForm, beside=_said, beside_heading=_l("收到的答复")),
        "uphold": ActPage(answering.uphold, beside=_said),
        "reopen": ActPage(answering.reopen, beside=_said),
    },
    timed={"lapse": answering.lapse},
)
