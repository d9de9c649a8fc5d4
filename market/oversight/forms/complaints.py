"""What is asked for with complaints and reports."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from market.formatting import bilingual
from market.forms import (
    FITS_REASON,
    NEEDED,
    ChecklistField,
    Form,
    WholeField,
    choices,
    fits,
    printed,
    reasoned,
    upload,
)
from market.options import item_options
from models import policy
from models.oversight.answers import MARKS
from models.oversight.complaints import Complaint
from models.oversight.kinds import grounds, violations
from models.oversight.typical_cases import TypicalCase
from models.oversight.violation_reports import ReportHelper, ViolationReport

WANTS = {"settle": _l("投诉:请部门调解我和对方的纠纷"), "report": _l("举报:请部门查处违法行为")}


class PaperForm(Form):
    """One paper: a complaint, a report, or both."""

    wants = ChecklistField(
        _l("您想要什么"), [NEEDED], description=_l("两样都要的,一起填,会分成两件办理,互不影响。")
    )
    about = StringField(
        _l("合同或者中选结果的编号(投诉填)"),
        [Length(max=40)],
        description=_l("您是其中一方才能投诉;投诉要先登录。"),
    )
    claim = TextAreaField(_l("投诉的经过和要求(投诉填)"), [Length(max=2000), printed])
    subject = StringField(
        _l("被举报的单位(举报填)"),
        [Length(max=200)],
        description=_l("单位编号、统一社会信用代码或者全称。"),
    )
    kind = SelectField(_l("举报类别(举报填)"), [Optional()])
    item = SelectField(_l("涉及的事项"), [Optional()], description=_l("知道的话请选,便于转到主管部门。"))
    facts = TextAreaField(
        _l("违法的事实(举报填)"),
        [Length(max=2000), printed],
        description=_l("什么时间、什么地点、谁做了什么。被举报单位看不到这里写的话。"),
    )
    named = RadioField(_l("是否实名(举报填)"), [Optional()], default="no")
    name = StringField(_l("姓名"), [Length(max=200)], description=_l("只有办理的人看得到。"))
    contact = StringField(_l("电话或者邮箱"), [Length(max=200)], description=_l("只有办理的人看得到。"))
    file = upload(_l("证据"), needed=False, several=True)

    def prepare(self, preset: dict[str, str]) -> None:
        """What can be chosen, and what a link to this page has filled in."""
        self.wants.choices = choices([(key, str(label)) for key, label in WANTS.items()])
        kinds = [(kind.key, bilingual(kind.names)) for kind in violations().values()]
        self.kind.choices = choices([("", _("请选择")), *kinds])
        self.item.choices = choices([("", _("不清楚")), *item_options()])
        self.named.choices = [("no", _("匿名(分量轻一些,办理没有别的不同)")), ("yes", _("实名"))]
        if not self.is_submitted():
            self.subject.data, self.about.data = preset.get("subject", ""), preset.get("about", "")
            self.kind.data = preset.get("kind") if preset.get("kind") in violations() else ""
            self.wants.data = [preset["wants"]] if preset.get("wants") in WANTS else []

    def values(self) -> dict[str, Any]:
        found = super().values()
        return found | {
            "named": found["named"] == "yes",
            "kind": found["kind"] or "",
            "item": found["item"] or "",
        }


class FollowForm(Form):
    """The number and the code of a report."""

    number = StringField(_l("举报编号"), [NEEDED, Length(max=40)])
    code = StringField(
        _l("查询码"), [NEEDED, Length(max=40)], description=_l("提交举报时显示的 16 个字母和数字。")
    )


class RefuseForm(Form):
    """A ground of the list, and the answer."""

    what: ClassVar[str] = "refuse_report"
    ground = SelectField(_l("情形"), [NEEDED])
    reply = TextAreaField(
        _l("答复"),
        [NEEDED, Length(max=2000), printed],
        description=_l("会告知来人,写进文书;不要写出举报人。"),
    )

    def prepare(self, _case: Any = None) -> None:
        listed = [
            (key, f"{bilingual(each.names)}({each.source})") for key, each in grounds(self.what).items()
        ]
        self.ground.choices = choices([("", _("请选择")), *listed])


class RefuseComplaintForm(RefuseForm):
    what = "refuse_complaint"


class EndForm(RefuseForm):
    what = "end_mediation"


class AuthorityForm(Form):
    """Another authority, and why."""

    authority = StringField(_l("监管部门"), [NEEDED, Length(max=200)], description=_l("部门编号或者全称。"))
    reason = TextAreaField(_l("理由"), [FITS_REASON, reasoned])


class TellForm(Form):
    asked = TextAreaField(
        _l("要它说明什么"),
        [fits(ViolationReport.asked), printed],
        description=_l("用自己的话写,不要照抄举报,不要写出举报人。"),
    )


class ExplainForm(Form):
    explanation = TextAreaField(_l("说明"), [fits(ViolationReport.explanation), printed])
    file = upload(_l("材料"), needed=False, several=True)


class FindingsForm(Form):
    findings = TextAreaField(_l("查到的情况和意见"), [fits(ReportHelper.findings), printed])
    file = upload(_l("材料"), needed=False, several=True)


class FindForm(Form):
    """What was found, what is to be done, and by when."""

    reply = TextAreaField(
        _l("处理结果"),
        [NEEDED, Length(max=2000), printed],
        description=_l("会告知举报人和被举报单位,并写进信用记录;不要写出举报人。"),
    )
    remedy = TextAreaField(_l("整改要求"), [fits(ViolationReport.remedy), printed])
    days = WholeField(_l("整改期限(自然日)"), [NEEDED, NumberRange(1, 365)])

    def prepare(self, case: ViolationReport) -> None:
        if not self.is_submitted():
            self.days.data = policy.get(case.policy_version).number("complaint.mend_days")


class ClearForm(Form):
    reply = TextAreaField(
        _l("核查结果"), [NEEDED, Length(max=2000), printed], description=_l("会告知举报人和被举报单位。")
    )


class MendingForm(Form):
    mending = TextAreaField(_l("整改了什么"), [fits(ViolationReport.mending), printed])
    file = upload(_l("证明"), needed=False, several=True)


class TypicalForm(Form):
    """A typical case in words of its own."""

    heading = StringField(_l("标题"), [NEEDED, fits(TypicalCase.heading), printed])
    text = TextAreaField(
        _l("案情、处理和提示"),
        [fits(TypicalCase.text), printed],
        description=_l("不得写出任何自然人;单位名称只在它的信用记录公示期间可以写。"),
    )
    named = BooleanField(_l("写明单位名称(信用记录正在公示的才可以)"))


class RespondForm(Form):
    answer = TextAreaField(_l("答复"), [fits(Complaint.answer), printed])
    file = upload(_l("证据"), needed=False, several=True)


class AgreementForm(Form):
    agreement = TextAreaField(_l("调解协议"), [fits(Complaint.agreement), printed])


class RateForm(Form):
    """A mark for the answer, with words."""

    mark = RadioField(_l("评分"), [NEEDED], coerce=int)
    words = TextAreaField(_l("您的话"), [Length(max=1000)])

    def prepare(self, _case: Any = None) -> None:
        self.mark.choices = [(key, f"{key} · {_(words)}") for key, words in MARKS.items()]
