"""Forms in which authorities keep the catalogue."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from market.formatting import catalogued
from market.forms import FITS_REASON, NEEDED, Form, WholeField, choices, printed, reasoned, text
from market.options import profession_choices
from models import numbers
from models.catalogue import DEPARTMENTS, KINDS, MEASURES, NOTICE, PRICING, ApprovalMatter, ServiceItem
from models.pricing import standards

_LINES = _l("每行一条。")


class ItemForm(Form):
    """One version of an item. The lists of its one-time notice are written a line each, in both languages."""

    name = text(_l("事项名称"), ServiceItem.name)
    name_en = text(_l("英文名称"))
    kind = SelectField(_l("服务类型"), [NEEDED], description=_l("决定用哪一种合同模板。"))
    department = SelectField(_l("主管部门"), [NEEDED])
    matters = SelectMultipleField(
        _l("用于办理的审批事项"),
        description=_l("清单中的事项必须对应审批事项;按住 Ctrl 可选多个。"),
        render_kw={"size": 8},
    )
    new_matters = TextAreaField(_l("新的审批事项"), [Length(max=1000)], description=_LINES)
    legal_basis = text(_l("法律依据"))
    commissioned = BooleanField(_l("须委托有资质的机构(否则企业可自行编制)"))
    required_qualification = SelectField(
        _l("机构资质"), description=_l("从已有的里选,机构登记的资质才对得上;没有的在下一栏写新的。")
    )
    new_qualification = StringField(_l("新的机构资质"), [Length(max=200), printed])
    qualification_mandatory = BooleanField(_l("资质为强制要求"))
    required_practitioner = SelectField(
        _l("从业人员资格"), description=_l("从列表里选;没有的在下一栏写新的。不要求的选“不要求”。")
    )
    new_practitioner = StringField(_l("新的从业人员资格"), [Length(max=200), printed])
    practitioners_least = WholeField(_l("至少几人"), [Optional(), NumberRange(0, 100)], unit=numbers.PEOPLE)
    time_limit_days = WholeField(
        _l("时限(工作日)"),
        [NEEDED, NumberRange(0, 500)],
        unit=numbers.WORKING_DAYS,
        description=_l("没有固定时限的填 0。"),
    )
    pricing = SelectField(_l("价格管理"), [NEEDED])
    fee_standard = SelectField(_l("参考收费标准"))
    measure = SelectField(_l("按什么计价"), [NEEDED])
    measure_label = StringField(_l("计费基数的名称"), [Length(max=200)])
    materials_zh = TextAreaField(
        _l("企业要准备的材料(中文)"), [Length(max=4000), printed], description=_LINES
    )
    materials_en = TextAreaField(_l("企业要准备的材料(英文)"), [Length(max=4000)], description=_LINES)
    outputs_zh = TextAreaField(_l("成果(中文)"), [Length(max=4000), printed], description=_LINES)
    outputs_en = TextAreaField(_l("成果(英文)"), [Length(max=4000)], description=_LINES)
    checklist_zh = TextAreaField(_l("验收清单(中文)"), [Length(max=4000), printed], description=_LINES)
    checklist_en = TextAreaField(_l("验收清单(英文)"), [Length(max=4000)], description=_LINES)
    effective_from = DateField(_l("生效日期"), [Optional()], description=_l("不填则今天生效。"))
    reason = TextAreaField(_l("修改理由"), [FITS_REASON, reasoned], description=_l("会公开在修改记录里。"))

    def prepare(self, matters: list[ApprovalMatter], items: list[ServiceItem]) -> None:
        """`items`: those of the list, whose requirements may be asked for again."""
        held = sorted({item.required_qualification for item in items} - {""})
        called = [(kind, catalogued(kind)) for kind in held]
        self.required_qualification.choices = choices([("", _l("请选择")), *called])
        self.required_qualification.flags.required = True  # or, where it is none of these, the field below
        self.required_practitioner.choices = choices([("", _l("不要求")), *profession_choices(items)])
        self.kind.choices = choices((key, _l(label)) for key, label in KINDS.items())
        self.department.choices = choices((name, _l(name)) for name in DEPARTMENTS)
        self.matters.choices = choices(
            (matter.code, f"{matter.code} {catalogued(matter.name)}") for matter in matters
        )
        self.pricing.choices = choices((key, _l(label)) for key, label in PRICING.items())
        self.measure.choices = choices((key, _l(label)) for key, label in MEASURES.items())
        known = [
            (standard["id"], f"{catalogued(standard['title'])} {catalogued(standard['document'])}")
            for standard in standards().values()
        ]
        self.fee_standard.choices = choices([("", _l("没有")), *known])

    def validate_required_qualification(self, field: SelectField) -> None:
        if not field.data and not (self.new_qualification.data or "").strip():
            raise ValidationError(_("请选择一项,或者写明新的资质;不要求资质的选“无强制资质”。"))

    @staticmethod
    def of(item: ServiceItem) -> dict[str, Any]:
        """What the form shows of a version."""
        lists = {
            f"{part}_{language}": "\n".join(item.notice[language][part])
            for part in NOTICE
            for language in ("zh", "en")
        }
        return {
            **{name: getattr(item, name) for name in _PLAIN},
            **lists,
            "matters": [matter.code for matter in item.matters],
            "fee_standard": item.fee_standard or "",
        }

    def values(self) -> dict[str, Any]:
        """As the actions take them: the lists as the notice, no standard as None."""
        said = super().values()
        lists = {
            language: {
                part: [line.strip() for line in said.pop(f"{part}_{language}").splitlines() if line.strip()]
                for part in NOTICE
            }
            for language in ("zh", "en")
        }
        for name, new in (
            ("required_qualification", said.pop("new_qualification")),
            ("required_practitioner", said.pop("new_practitioner")),
        ):
            said[name] = new.strip() or said[name] or ""
        said |= {
            name: said[name].strip()
            for name in (
                "name",
                "name_en",
                "legal_basis",
                "required_qualification",
                "required_practitioner",
                "measure_label",
            )
        }
        return {
            **said,
            "notice": lists,
            "fee_standard": said["fee_standard"] or None,
            "practitioners_least": said["practitioners_least"] or 0,
            "matters": said["matters"] or [],
        }


_PLAIN = (
    "name",
    "name_en",
    "kind",
    "department",
    "legal_basis",
    "commissioned",
    "required_qualification",
    "qualification_mandatory",
    "required_practitioner",
    "practitioners_least",
    "time_limit_days",
    "pricing",
    "measure",
    "measure_label",
)


class NewItemForm(ItemForm):
    code = text(_l("编号"), ServiceItem.code, description=_l("三个大写字母、短横和两位数字,例如 EIA-04。"))


class WithdrawForm(Form):
    withdrawn_on = DateField(
        _l("退出日期"), [Optional()], description=_l("不填则今天。正在进行的需求和合同不受影响。")
    )
    reason = TextAreaField(_l("退出理由"), [FITS_REASON, reasoned], description=_l("会公开在修改记录里。"))
