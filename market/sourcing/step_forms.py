"""The forms of the steps in which a tender's draft is told: see models/sourcing/steps.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from market.formatting import catalogued, item_name, measure_words
from market.forms import (
    NEEDED,
    BeijingTimeField,
    ChecklistField,
    Form,
    MoneyField,
    WholeField,
    choices,
    fits,
    printed,
    upload,
)
from market.options import region_field
from models import clock, measures, numbers
from models.actors import Actor
from models.base import Json
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.contacts import ContactPerson
from models.pricing import Quantity
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.modes import FUNDS, MODES
from models.sourcing.scoring import PRICE_FORMULAS, Criteria, QualityLine
from models.sourcing.tenders import Tender

SAY_MORE = _l("规模、现状、已有资料、时间要求。")
BUDGET_HINT = _l("可不设;设了就公布,高于它的报价不被接受。随机抽取时它就是报酬,必填。")


def funds_field() -> RadioField:
    """Whose money pays for it."""
    return RadioField(_l("资金来源"), [NEEDED], choices=choices((k, _l(v)) for k, v in FUNDS.items()))


class WhatForm(Form):
    """What is to be done, where, and for whom; of whoever said by which way to choose, with whose money."""

    on_behalf_of = SelectField(_l("代表"), coerce=int)
    item_code = SelectField(_l("服务事项"), [NEEDED])
    region_code = region_field(_l("项目所在地区"), [NEEDED])
    project = StringField(
        _l("项目名称"),
        [Length(max=200), printed],
        description=_l("给各家机构看的名字,例如“格尔木光伏基地”。不填就用地区和事项的名字。"),
    )
    again_of = SelectField(
        _l("是不是重新采购"),
        description=_l("同一事项近期有采购没有形成合同的,发布前要说明;说明随需求公开。"),
        validate_choice=False,
    )
    description = TextAreaField(_l("需求说明"), [fits(Tender.description)], description=SAY_MORE)
    funds = funds_field()
    file = upload(_l("附件"), needed=False, several=True)

    def prepare(self, actor: Actor, items: list[ServiceItem], earlier: list[Tender]) -> None:
        """`earlier`: the buyer's tenders this one may repeat."""
        said = [
            (
                each.identifier,
                _("是 %(tender)s 的重新采购:%(project)s", tender=each.identifier, project=each.project),
            )
            for each in earlier
        ]
        self.again_of.choices = choices([("", _("请选择")), (NOT_AGAIN, _("不是重新采购")), *said])
        self.on_behalf_of.choices = choices(
            (key, _("本单位") if key == actor.organisation_id else name)
            for key, name in actor.buyers().items()
        )
        by_department: dict[str, list[tuple[str, str]]] = {}
        for item in items:
            by_department.setdefault(_(item.department), []).append((item.code, item_name(item)))
        self.item_code.choices = choices([("", _("请选择"))]) + [
            c for line, pairs in by_department.items() for c in choices(pairs, line)
        ]

    def fill(self, tender: Tender) -> None:
        """Show a draft as it stands."""
        for name in ("region_code", "project", "description"):
            getattr(self, name).data = getattr(tender, name)
        if not tender.region_code and tender.project == tender.item.name:
            self.project.data = ""  # nobody named it, and it is to be called by its place as well
        self.item_code.data, self.on_behalf_of.data = tender.item.code, tender.buyer_id
        self.again_of.data = tender.again_said


class SizeForm(Form):
    """How large the job is, by what its item is priced by."""

    amount = MoneyField(_l("计费基数(元)"), description=_l("可以写 5000万、1.2 亿。"))
    count = WholeField(_l("数量"), [Optional(), NumberRange(0, 1_000_000)])
    factor = SelectField(_l("行业"), description=_l("收费标准按行业调整。"))

    def offer(self, item: ServiceItem, told: Json) -> None:
        """Ask for what the item is priced by, in the item's words, and what was `told` before; no more."""
        for name in ("amount", "count"):
            if item.measure == name:
                self[name].label.text = measure_words(item)
                self[name].flags.required = True
                if name == "count":
                    self.count.counts(measures.unit_of(item.measure_label))
            elif not told.get(name):
                del self[name]
        factors = item.factors or [name for name in (told.get("factor"),) if name]
        if factors:
            self.factor.choices = choices(
                [("", _("不适用")), *((name, catalogued(name)) for name in factors)]
            )
        else:
            del self.factor

    def values(self) -> dict[str, Any]:
        values = super().values()
        quantity = {name: values.pop(name) for name in ("amount", "count", "factor") if name in values}
        return {
            **values,
            "quantity": {name: value for name, value in quantity.items() if value not in (None, "")},
        }

    def job(self) -> Quantity | None:
        """What was told so far, if a price can be worked out for it."""
        told = self.values()["quantity"]
        needed = [name for name in ("amount", "count") if name in self]
        return Quantity.of(told) if all((told.get(name) or 0) > 0 for name in needed) else None

    def show(self, tender: Tender) -> None:
        """Fill in the size as it stands."""
        for name, value in tender.quantity.items():
            if name in self:
                self[name].data = value

    fill = show


_BETWEEN = re.compile(r"[:\uff1a\ufe55\ufe13\s]")  # a colon of any width, or blanks


class QualityField(TextAreaField):
    """Quality lines, one a row: a name and its weight. `lines` is [{"name", "weight"}]."""

    lines: list[Json]

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.lines = []
        for row in (self.data or "").splitlines():
            name, _space, weight = _BETWEEN.sub(" ", row).strip().rpartition(" ")
            if row.strip():
                self.lines.append({"name": name.strip()[:60], "weight": _weight_of(name, weight)})

    def show(self, lines: Sequence[QualityLine]) -> None:
        self.data = "\n".join(f"{line.name} {line.weight}" for line in lines)


def _weight_of(name: str, written: str) -> int:
    try:
        weight = numbers.whole(written, numbers.WEIGHT)
    except ValueError:
        weight = -1
    if not name.strip() or not 0 <= weight <= 999:
        raise ValueError(str(_l("每行写一项名称和权重,例如:技术方案 30。")))
    return weight


_weight = [Optional(), NumberRange(0, 100)]


class ChoiceForm(Form):
    """Whose money it is, how much at the most, and how one is chosen."""

    funds = funds_field()
    budget = MoneyField(_l("预算上限(元)"), description=BUDGET_HINT)
    mode = RadioField(_l("选取方式"), [NEEDED])
    price_weight = WholeField(
        _l("价格权重"), _weight, unit=numbers.WEIGHT, default=40, description=_l("各项权重合计 100。")
    )
    price_formula = RadioField(_l("价格分怎么算"), [Optional()], default="lowest_ratio")
    days_weight = WholeField(
        _l("工期权重"),
        _weight,
        unit=numbers.WEIGHT,
        default=10,
        description=_l("最短工期得满分,其他按 最短 ÷ 工期 计。"),
    )
    credit_weight = WholeField(
        _l("信用权重"),
        _weight,
        unit=numbers.WEIGHT,
        default=20,
        description=_l("按信用等级得分,比例见规则。"),
    )
    quality = QualityField(
        _l("质量评分项"),
        [Length(max=1000)],
        default=lambda: _("技术方案 30"),
        description=_l("每行一项:名称和权重。由评审人各自打分,互不可见,取平均。"),
    )

    def prepare(self) -> None:
        self.mode.choices = choices((k, f"{_(mode.label)} — {_(mode.how)}") for k, mode in MODES.items())
        self.price_formula.choices = choices(
            (k, f"{_(f.label)} — {_(f.says)}") for k, f in PRICE_FORMULAS.items()
        )

    @property
    def scored(self) -> bool:
        """Whether the mode that is chosen by now is scored by criteria."""
        return self.mode.data in MODES and MODES[self.mode.data].scored

    def values(self) -> dict[str, Any]:
        values = super().values()
        weights = {name: values.pop(f"{name}_weight") or 0 for name in ("price", "days", "credit")}
        formula, _text = values.pop("price_formula"), values.pop("quality")
        criteria = Criteria(
            price_weight=weights["price"],
            price_formula=formula or "",
            days_weight=weights["days"],
            credit_weight=weights["credit"],
            quality=tuple(QualityLine(**line) for line in self.quality.lines),
        )
        return {**values, "criteria": criteria.to_json()}

    def fill(self, tender: Tender) -> None:
        """Show a draft as it stands; what nobody chose yet is not chosen."""
        self.budget.data = tender.budget
        for name in ("funds", "mode"):
            if tender.knows("choice") or tender.knows(name):
                self[name].data = getattr(tender, name)
        if tender.criteria:
            for name in ("price_weight", "price_formula", "days_weight", "credit_weight"):
                self[name].data = getattr(tender.criteria, name)
            self.quality.show(tender.criteria.quality)


class WhomForm(Form):
    """Who is asked, and until when."""

    asks = False
    invited = ChecklistField(
        _l("请哪几家报价"),
        description=_l("公示了本事项收费的机构,信用高的在前;选中的会收到通知。"),
        validate_choice=False,
    )
    only_invited = BooleanField(
        _l("只请选中的机构报价"),
        description=_l(
            "勾选:只有选中的机构看得到、可以报价。不勾选就公开征集:别的机构也看得到,也可以来报价。"
        ),
    )
    deadline = BeijingTimeField(_l("截止时间"), [NEEDED])
    wanted_on = DateField(
        _l("希望哪天拿到成果"), [Optional()], description=_l("可不填;填了就告诉各家机构,供它们报工期。")
    )

    contact = SelectField(
        _l("联系人"), coerce=int, description=_l("双方可以联系时才告诉对方;密封采购到中选公示时。")
    )

    def prepare(
        self,
        agencies: Sequence[tuple[str, str]],
        people: Sequence[ContactPerson],
        *,
        asks: bool,
        hint: str = "",
    ) -> None:
        """`agencies`: identifiers and what is said of each; `people`: whom the buyer lists to be called.

        `asks`: somebody is to be asked by name, unless the buyer says that nobody is. `hint` is what the way
        of choosing asks of the deadline.
        """
        self.asks = asks and bool(agencies)
        self.deadline.description = _(hint) if hint else ""
        self.invited.choices = choices(agencies)
        if people:
            said = [(each.id, f"{each.name} · {each.purpose}") for each in people]
            self.contact.choices = choices([(0, _("不指定")), *said])
        else:
            del self.contact

    def ask_only(self, agencies: Sequence[str]) -> None:
        """Ask these, and nobody else: `agencies` are identifiers."""
        self.invited.data, self.only_invited.data = list(agencies), True

    def ask_nobody(self) -> None:
        """Ask nobody by name, whoever was ticked: it is announced to all."""
        self.invited.data, self.only_invited.data = [], False

    def validate_invited(self, field: ChecklistField) -> None:
        if self.asks and not field.data:
            raise ValidationError(
                _("还没有请任何一家,发布了也没有机构会收到通知。请选几家;不想点名的,按“不点名,公开征集”。")
            )

    def validate_only_invited(self, field: BooleanField) -> None:
        if field.data and not self.invited.data and not self.asks:
            raise ValidationError(_("只请选中的机构报价,就要选上几家。"))

    def validate_deadline(self, field: BeijingTimeField) -> None:
        if field.data is not None and field.data <= clock.now():
            raise ValidationError(_("截止时间已经过去。"))

    def validate_wanted_on(self, field: DateField) -> None:
        ends = self.deadline.data
        if field.data is not None and ends is not None and field.data <= ends.astimezone(BEIJING).date():
            raise ValidationError(_("希望交付的日期要在截止时间之后。"))

    def values(self) -> dict[str, Any]:
        values = super().values()
        only = values.pop("only_invited")
        return {**values, "openness": "invited" if only else "open"}

    def fill(self, tender: Tender, contact: ContactPerson | None, *, alone: bool) -> None:
        """Show a draft as it stands, whom it is to invite already among it, and who is its `contact`.

        Of one that was not told yet, the only contact there is; and whether those it names are asked `alone`.
        """
        if "contact" in self:
            listed = [choice.value for choice in self.contact.choices]
            only = not tender.knows("whom") and len(listed) == 2
            self.contact.data = contact.id if contact else listed[1] if only else 0
        self.invited.data = [each.agency.identifier for each in tender.invitations]
        said = tender.knows("whom") or tender.knows("openness")
        self.only_invited.data = tender.openness == "invited" if said else alone
        self.deadline.data, self.wanted_on.data = tender.deadline, tender.wanted_on


class TemplateForm(Form):
    name = StringField(_l("模板叫什么"), [fits(Tender.template_name)], description=_l("不填就不再留作模板。"))
