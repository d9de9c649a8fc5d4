"""Forms of a contract's life.

What depends on the contract (its clauses, milestones, checklist) is built for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from market.formatting import notice_line
from market.forms import (
    FITS_REASON,
    NEEDED,
    ActForm,
    BeijingTimeField,
    ChecklistField,
    Form,
    MoneyField,
    NeededReasonForm,
    WholeField,
    choices,
    fits,
    printed,
    problems_at_field,
    reasoned,
    text,
    upload,
)
from market.reauthentication import reauthentication_field
from models import numbers
from models.base import Json
from models.contracts.agreement import Contract
from models.contracts.deliverables import (
    FAULTS,
    REASONS,
    Deliverable,
    DeliverableVersion,
    ReviewOutcome,
    check_list,
)
from models.contracts.disputes import DISPUTE_FAULTS, OUTCOMES, Dispute
from models.contracts.materials import Materials
from models.contracts.templates import MOST_MILESTONES, ContractTemplate


class SignForm(Form):
    """Whoever signs shows once more who it is: the key is used by nobody else (电子签名法 13(2))."""

    understood = BooleanField(
        _l("我已阅读全文和上面的提示,理解免除或者限制责任、违约责任、争议解决等条款,有权代表本单位签署。"),
        [InputRequired(_l("请先阅读并勾选。"))],
    )
    password = reauthentication_field(_l("签署前再次确认是您本人。"))


class BringForm(Form):
    file = FileField(_l("签署后的 PDF"), [FileRequired(_l("请选择文件。"))], render_kw={"accept": ".pdf"})


class CertificateForm(Form):
    file = FileField(
        _l("证书文件(.p12、.pfx)"), [FileRequired(_l("请选择文件。"))], render_kw={"accept": ".p12,.pfx"}
    )
    password = PasswordField(
        _l("证书密码"),
        [Length(max=200)],
        description=_l("只用来打开这个文件,不保存。"),
        render_kw={"autocomplete": "off"},
    )
    again = reauthentication_field(_l("以后签署合同都用这个证书,请再次确认是您本人。"))


class RenewForm(Form):
    again = reauthentication_field(_l("以后签署合同都用新的密钥,请再次确认是您本人。"))


class _Milestones(Form):
    """Up to five rows, of which those without a name are none.

    The macro `milestones` shows them as a table.
    """

    milestone_places = tuple(range(1, MOST_MILESTONES + 1))

    def rows(self) -> list[Json]:
        """The rows filled in, as `plan` takes them."""
        found = []
        for place in self.milestone_places:
            name = (self[f"name_{place}"].data or "").strip()
            days, amount = self[f"days_{place}"].data, self[f"amount_{place}"].data
            if name or days or amount:
                found.append(
                    {
                        "name": name,
                        "days": days or 0,
                        "amount": amount or 0,
                        "reviewed": bool(self[f"reviewed_{place}"].data),
                    }
                )
        return found

    def show(self, rows: list[Json]) -> None:
        for place, row in enumerate(rows, 1):
            for name in ("name", "days", "amount", "reviewed"):
                self[f"{name}_{place}"].data = row[name]


def milestone_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for place in _Milestones.milestone_places:
        fields[f"name_{place}"] = StringField(_l("节点 %(n)s", n=place), [Length(max=100), printed])
        fields[f"days_{place}"] = WholeField(
            _l("节点 %(n)s 的工期(工作日)", n=place),
            [Optional(), NumberRange(0, 2000)],
            unit=numbers.WORKING_DAYS,
        )
        fields[f"amount_{place}"] = MoneyField(_l("节点 %(n)s 的价款(元)", n=place))
        fields[f"reviewed_{place}"] = BooleanField(_l("节点 %(n)s 送审批评审", n=place))
    return fields


def revise_form(contract: Contract) -> type[Form]:
    """The clauses that may be changed, and the milestones."""
    words = {
        f"text_{c['key']}": TextAreaField(c["title"], [NEEDED, Length(max=2000), printed], default=c["text"])
        for c in contract.clauses
        if not c["fixed"]
    }

    def prepare(form: Any, case: Contract) -> None:
        if not form.is_submitted():
            form.show(
                [
                    {"name": m.name, "days": m.days, "amount": m.amount, "reviewed": m.reviewed}
                    for m in case.milestones
                ]
            )

    return type("ReviseForm", (_Milestones,), {**words, **milestone_fields(), "prepare": prepare})


def revised(form: Any) -> dict[str, Any]:
    texts = {
        name.removeprefix("text_"): field.data or ""
        for name, field in form._fields.items()
        if name.startswith("text_")
    }
    return {"texts": texts, "milestones": form.rows()}


def _points(case: Deliverable | Materials, lines: Iterable[str]) -> list[tuple[str, str]]:
    """Lines of the item's notice, and how they read in the reader's language."""
    return [(line, notice_line(line, case.contract.tender.item)) for line in lines]


class _TickedForm(Form):
    """One on which every point of a list is ticked."""

    ticked: ChecklistField

    def ask(self, points: list[tuple[str, str]]) -> None:
        self.ticked.choices, self.ticked.flags.required = choices(points), bool(points)

    def validate_ticked(self, field: ChecklistField) -> None:
        with problems_at_field():
            check_list([choice.value for choice in field.choices], field.data or [])


class SubmitForm(_TickedForm):
    file = upload(_l("成果文件"), several=True, hint=_l("报告本身排在第一,图纸、附表等附在后面。"))
    ticked = ChecklistField(_l("逐项自查"), description=_l("清单各点都完成后再提交。"))
    note = StringField(_l("说明"), [fits(DeliverableVersion.note)])

    def prepare(self, case: Deliverable) -> None:
        self.ask(_points(case, case.contract.tender.item.checklist))


class AcceptForm(_TickedForm):
    ticked = ChecklistField(_l("逐项验收"), description=_l("有一项不符合就请退回修改,并写明理由。"))

    prepare = SubmitForm.prepare


def return_form(deliverable: Deliverable) -> type[Form]:
    """What is wrong, point by point."""
    said = _l("哪里不符合;符合的留空。")
    points = _points(deliverable, deliverable.contract.tender.item.checklist)
    fields = {
        f"point_{place}": StringField(words, [Length(max=300)], description=said)
        for place, (_line, words) in enumerate(points)
    }
    reason = TextAreaField(_l("总的意见"), [FITS_REASON])
    return type(
        "ReturnForm", (Form,), {**fields, "reason": reason, "points": [line for line, _words in points]}
    )


def returned(form: Any) -> dict[str, Any]:
    answers = {line: form[f"point_{place}"].data or "" for place, line in enumerate(form.points)}
    return {"answers": answers, "reason": form.reason.data or ""}


class SendBackForm(Form):
    codes = ChecklistField(
        _l("不通过的原因"),
        [InputRequired(_l("请至少选择一个原因。"))],
        choices=choices((key, _l(label)) for key, label in REASONS.items()),
    )
    fault = RadioField(
        _l("责任"),
        [InputRequired(_l("请选择一项。"))],
        choices=choices((k, _l(v)) for k, v in FAULTS.items()),
    )
    reason = TextAreaField(_l("退回意见"), [FITS_REASON], description=_l("逐条写明要改什么,机构据此修改。"))


class PassForm(Form):
    note = TextAreaField(_l("评审意见(可不填)"), [fits(ReviewOutcome.note)])


class SupplyForm(_TickedForm):
    ticked = ChecklistField(_l("本次提供的资料"), description=_l("公示清单所列各项;都备齐后提供。"))
    file = upload(_l("资料文件"), needed=False, several=True)

    def prepare(self, case: Materials) -> None:
        self.ask(_points(case, case.points))


class ExtensionForm(NeededReasonForm):
    days = WholeField(_l("延长几个工作日"), [NEEDED, NumberRange(1, 250)], unit=numbers.WORKING_DAYS)


class SuspensionForm(NeededReasonForm):
    until = BeijingTimeField(_l("恢复履行的日期"), [InputRequired(str(NEEDED.message))])


class TerminationForm(NeededReasonForm):
    to_agency = MoneyField(
        _l("托管余额中付给机构的金额(元)"),
        [InputRequired(str(NEEDED.message))],
        description=_l("其余退还业主。"),
    )


class VariationForm(_Milestones):
    """Other milestones from the one under way on."""

    vars().update(milestone_fields())
    reason = TextAreaField(_l("理由"), [FITS_REASON, reasoned], description=_l("会告知对方并留痕。"))


class ClaimForm(Form):
    claim = TextAreaField(
        _l("经过和主张"),
        [fits(Dispute.claim)],
        description=_l("写明对方没有履行哪一条、造成了什么、您的要求。"),
    )
    file = upload(_l("证据"), needed=False, several=True)


class AnswerForm(Form):
    answer = TextAreaField(_l("答辩"), [fits(Dispute.answer)])
    file = upload(_l("证据"), needed=False, several=True)


class EvidenceForm(Form):
    file = upload(_l("证据"), several=True)
    note = text(_l("证明什么"))


class DecideForm(Form):
    outcome = RadioField(
        _l("处理结果"),
        [InputRequired(_l("请选择一项。"))],
        choices=choices((k, _l(v)) for k, v in OUTCOMES.items()),
    )
    fault = RadioField(
        _l("责任"),
        [InputRequired(_l("请选择一项。"))],
        choices=choices((k, _l(v)) for k, v in DISPUTE_FAULTS.items()),
    )
    to_agency = MoneyField(
        _l("解除时,托管余额中付给机构的金额(元)"), description=_l("其余退还业主。继续履行的不填。")
    )
    reason = TextAreaField(_l("理由"), [FITS_REASON], description=_l("写明认定的事实和依据,会告知双方。"))


CHANGE_FORMS: dict[str, type[Form]] = {
    "variation": VariationForm,
    "extension": ExtensionForm,
    "suspension": SuspensionForm,
    "resumption": NeededReasonForm,
    "termination": TerminationForm,
}


def change_terms(kind: str, form: Any) -> Json:
    """What a proposed change says, as its case keeps it."""
    if kind == "variation":
        return {"milestones": form.rows()}
    if kind == "extension":
        return {"days": form.days.data}
    if kind == "suspension":
        return {"until": form.until.data.isoformat()}
    return {"to_agency": form.to_agency.data} if kind == "termination" else {}


def template_form(template: ContractTemplate, spare: int = 2) -> type[Form]:
    """Every clause of a template, a few empty ones to add, and its milestones as percentages."""
    fields: dict[str, Any] = {"title": text(_l("合同名称"), ContractTemplate.title)}
    for place in range(len(template.clauses) + spare):
        fields[f"title_{place}"] = StringField(_l("第 %(n)s 条标题", n=place + 1), [Length(max=100), printed])
        fields[f"text_{place}"] = TextAreaField(
            _l("第 %(n)s 条内容", n=place + 1), [Length(max=2000), printed]
        )
        fields[f"fixed_{place}"] = BooleanField(_l("第 %(n)s 条双方不能修改", n=place + 1))
    for place in range(1, MOST_MILESTONES + 1):
        fields[f"name_{place}"] = StringField(_l("节点 %(n)s", n=place), [Length(max=100), printed])
        fields[f"days_{place}"] = WholeField(
            _l("节点 %(n)s 的工期(百分比)", n=place), [Optional(), NumberRange(1, 100)], unit=numbers.PERCENT
        )
        fields[f"share_{place}"] = WholeField(
            _l("节点 %(n)s 的价款(百分比)", n=place), [Optional(), NumberRange(1, 100)], unit=numbers.PERCENT
        )
        fields[f"reviewed_{place}"] = BooleanField(_l("节点 %(n)s 送审批评审", n=place))
    fields["effective_from"] = DateField(
        _l("生效日期"), [Optional()], description=_l("不填则今天生效。已起草的合同不受影响。")
    )
    fields["reason"] = TextAreaField(
        _l("修改理由"), [fits(ContractTemplate.reason), reasoned], description=_l("会公开在修改记录里。")
    )
    return type("TemplateForm", (ActForm,), fields)
