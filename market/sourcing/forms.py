"""Forms of a request and the answers to it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from market.forms import NEEDED, BeijingTimeField, ChecklistField, Form, MoneyField, choices, text
from market.options import region_choices
from market.words import item_name
from models import money
from models.accounts import Organisation
from models.actors import Actor
from models.catalogue import ServiceItem
from models.sourcing import FUNDS, MODES, OPENNESS, Quote, Request


class RequestForm(Form):
    on_behalf_of = SelectField(_l("代表"), coerce=int)
    item_code = SelectField(_l("服务事项"), [NEEDED])
    region_code = SelectField(_l("项目所在地区"), [NEEDED])
    project = text(_l("项目名称"))
    description = TextAreaField(_l("需求说明"), [Length(max=4000)], description=_l("规模、现状、已有资料、时间要求。"))
    amount = MoneyField(_l("计费基数(元)"), description=_l("如估算投资额、评估值;按固定价的事项可不填。"))
    count = IntegerField(_l("数量"), [Optional(), NumberRange(1, 1_000_000)])
    factor = StringField(_l("行业"), [Length(max=40)], description=_l("收费标准有行业系数时填写,如 化工。"))
    budget = MoneyField(_l("预算上限(元)"), description=_l("可不设;设了就公布,高于它的报价不被接受。"))
    mode = RadioField(_l("选取方式"), [NEEDED], choices=choices((k, _l(v)) for k, v in MODES.items()), default="inquiry")
    funds = RadioField(_l("资金来源"), [NEEDED], choices=choices((k, _l(v)) for k, v in FUNDS.items()), default="private")
    openness = RadioField(_l("范围"), [NEEDED], choices=choices((k, _l(v)) for k, v in OPENNESS.items()), default="open")
    invited = ChecklistField(
        _l("邀请机构"),
        description=_l("列出已公示本事项收费的机构;选了事项并存为草稿后可勾选。公开征集时,选中的机构会收到通知。"),
        validate_choice=False,
    )
    deadline = BeijingTimeField(_l("截止时间"), [NEEDED])

    def prepare(self, actor: Actor, items: list[ServiceItem], agencies: list[Organisation]) -> None:
        self.on_behalf_of.choices = choices(
            (key, _("本单位") if key == actor.organisation_id else name) for key, name in actor.buyers().items()
        )
        by_department: dict[str, list[tuple[str, str]]] = {}
        for item in items:
            by_department.setdefault(_(item.department), []).append((item.code, item_name(item)))
            if item.code == self.item_code.data and item.measure == "amount":
                self.amount.label.text = f"{item.measure_label}({_('元')})"
            elif item.code == self.item_code.data and item.measure == "count":
                self.count.label.text = item.measure_label
        self.item_code.choices = [c for line, pairs in by_department.items() for c in choices(pairs, line)]
        self.region_code.choices = choices(region_choices())
        self.invited.choices = choices((a.identifier, a.name) for a in agencies)

    def request_values(self) -> dict[str, Any]:
        """The values as create_request and edit_request take them."""
        values = self.values()
        quantity = {name: values.pop(name) for name in ("amount", "count", "factor")}
        return {**values, "quantity": {k: v for k, v in quantity.items() if v}}

    def fill(self, request: Request) -> None:
        """Show a draft as it stands."""
        for name in ("region_code", "project", "description", "budget", "mode", "funds", "openness", "deadline"):
            getattr(self, name).data = getattr(request, name)
        self.item_code.data, self.on_behalf_of.data = request.item.code, request.buyer_id
        for name, value in request.quantity.items():
            getattr(self, name).data = value
        self.invited.data = [i.agency.identifier for i in request.invitations]


class OfferForm(Form):
    """A quote, a bid, or the next turn of a negotiation, which starts from the last one's terms."""

    price = MoneyField(_l("价格(元)"), [NEEDED])
    days = IntegerField(_l("工期(工作日)"), [NEEDED, NumberRange(1, 500)])
    note = TextAreaField(_l("说明"), [Length(max=500)])

    def prepare(self, case: Quote) -> None:
        if not self.is_submitted():
            self.price.data, self.days.data = case.price, case.days


class ContributeForm(Form):
    value = text(_l("您的参数"), description=_l("任意 1 到 200 个字符,会公布。"))


class AwardForm(Form):
    """The buyer chooses among quotes; of bids the cheapest wins, so there is nothing to choose."""

    agency = RadioField(_l("中选机构"), [Optional()])
    reasons = TextAreaField(_l("中选理由"), [NEEDED, Length(min=5, max=2000)], description=_l("会随中选结果公示。"))

    def offer(self, quotes: list[Quote]) -> None:
        """Let the buyer choose among these, cheapest first; without any, ask for the reasons alone."""
        if not quotes:
            del self.agency
            return
        said = [(q.agency.identifier, f"{q.agency.name} · {money.show(q.price)} · {_('%(n)s 日', n=q.days)}") for q in quotes]
        self.agency.choices = choices(said)
