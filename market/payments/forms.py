"""Forms in which money is paid, shown, received and read from the bank's statements."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from market.extensions import db
from market.forms import NEEDED, Form, MoneyField, WholeField, choices, printed, reasoned, text, upload
from market.gateways import OnlineGateway, gateways
from market.payments.actions.payouts import as_shown, known
from market.payments.reading import ROLES, guessed
from models import numbers
from models.agencies.account_changes import AccountChange
from models.errors import Problem
from models.payments.payment import Payment
from models.payments.payouts import Payout


class PayForm(Form):
    bank_reference = text(_l("银行流水号"), Payment.bank_reference)
    file = upload(_l("付款凭证"))


class SendForm(Form):
    bank_reference = text(
        _l("银行流水号"),
        Payout.bank_reference,
        description=_l("转账时请在附言里写上本页的付款编号,对账单即可自动核对。"),
    )
    shown = HiddenField()

    def prepare(self, payout: Payout) -> None:
        """Take along what the page shows of where it goes, and enter the account it is likely to go to."""
        self._payout = payout
        if self.is_submitted():
            return
        self.shown.data = as_shown(db.session, payout)
        if "number" in self and (found := known(db.session, payout)) is not None:
            told = found.account
            self["holder"].data, self["bank_name"].data = told.holder, told.bank
            self["number"].data = told.number

    def refuse(self, problem: Problem, message: str) -> None:
        """What has changed is shown beside the form now, and goes along the next time."""
        super().refuse(problem, message)
        if problem.field == "shown":
            self.shown.data = as_shown(db.session, self._payout)


class SendKnownForm(SendForm):
    """Of a payout to an account of which the bank's statement names no bank."""

    bank_name = StringField(
        _l("开户银行"),
        [Length(max=200), printed],
        description=_l("对账单上没有写这个账户的开户银行;知道的请写下。"),
    )


class SendToForm(SendForm):
    """Of a payout to an account the payee has to tell: prefilled where we know another than came back."""

    holder = text(_l("户名"), AccountChange.account_name)
    bank_name = text(_l("开户银行"), AccountChange.bank_name)
    number = text(
        _l("账号"),
        AccountChange.account_number,
        description=_l("与收款单位核实后填写;只有收款单位、资金托管机构和监管部门看得到。"),
    )


class InvoiceForm(Form):
    number = text(_l("发票号码"), description=_l("20 位数字(数电发票);旧式发票填代码加号码,共 18 或 20 位。"))
    amount = MoneyField(_l("价税合计(元)"), [InputRequired(str(NEEDED.message))])
    tax = MoneyField(_l("其中税额(元)"), [InputRequired(str(NEEDED.message))])
    issued_on = DateField(_l("开票日期"), [NEEDED])
    file = upload(_l("发票文件"))


class StatementForm(Form):
    file = FileField(
        _l("银行对账单"),
        [FileRequired(_l("请选择文件。"))],
        render_kw={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.xml,.htm,.html"},
        description=_l(
            "网银导出的 CSV、XLSX、XLS,或 CAMT.053(XML),不必改动。同一笔流水重复导入不会重复入账。"
        ),
    )


LINE_WAYS = {
    "payment": _l("是这一笔付款或拨付"),
    "returned": _l("是这笔拨付被银行退回,重新待拨付"),
    "returned_before": _l("是这笔拨付此前一次的退回,当时已登记过,只入账"),
    "aside": _l("不是平台的款,记为待查款"),
    "back": _l("待查款的退回,或银行手续费"),
}
OURS = ("payment", "returned", "returned_before")  # the ways that name a payment or payout of ours


class LineForm(Form):
    way = RadioField(_l("这一笔是"), [InputRequired(_l("请选择一项。"))], choices=choices(LINE_WAYS.items()))
    identifier = StringField(
        _l("付款或拨付编号"),
        [Length(max=40)],
        description=_l("前三种必填,例如 M-2026-000123;金额必须完全相同。"),
    )
    reason = TextAreaField(
        _l("依据"),
        [Length(max=200), reasoned],
        description=_l("怎么知道的,例如与付款单位电话核实。会留痕。"),
    )

    def __init__(self, offered: dict[str, str]) -> None:
        super().__init__(data=offered)
        settled = [
            (f"swept:{way.name}", _("%(gateway)s 结算到托管账户", gateway=_(way.label)))
            for way in gateways()
            if isinstance(way, OnlineGateway)
        ]
        self.way.choices = [*choices(LINE_WAYS.items()), *settled]
        self.identifier.flags.required = self.way.data in OURS

    def validate_identifier(self, field: StringField) -> None:
        if field.flags.required and not (field.data or "").strip():
            raise ValidationError(str(NEEDED.message))


READ_WAYS = {"in": _l("收入,金额和日期如下"), "out": _l("支出,金额和日期如下"), "none": _l("不是一笔流水")}


class ReadForm(Form):
    way = RadioField(_l("这一行是"), [InputRequired(_l("请选择一项。"))], choices=choices(READ_WAYS.items()))
    amount = MoneyField(_l("金额(元)"), description=_l("是收入或支出的必填。"))
    day = DateField(_l("日期"), [Optional()], description=_l("不填按对账单上的日期。"))
    reason = TextAreaField(
        _l("依据"), [Length(max=200)], description=_l("不是一笔流水的必填:怎么看出来的。会留痕。")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.amount.flags.required = self.way.data in ("in", "out")
        self.reason.flags.required = self.way.data == "none"

    def validate_reason(self, field: TextAreaField) -> None:
        if field.flags.required:
            reasoned(self, field)


DAY_ORDERS = {
    "": _l("看得出来,不用选"),
    "dmy": _l("日/月/年(27/11/2026)"),
    "mdy": _l("月/日/年(11/27/2026)"),
    "ymd": _l("年/月/日(26/11/27)"),
}
MOST_SHOWN = 40  # columns somebody may be asked about


class LayoutForm(Form):
    """Which columns of a table are what; made for so many of them by `layout_form`."""

    heading = WholeField(
        _l("表头在第几行"),
        [InputRequired(str(NEEDED.message))],
        unit=numbers.ROW,
        description=_l("表里左边的行号;没有表头填 0。"),
    )
    flipped = BooleanField(_l("只有一列金额、没有收支标志时:支出写成正数"))
    order = SelectField(
        _l("日期的写法"),
        choices=choices(DAY_ORDERS.items()),
        description=_l("像 03/04/2026 这样的日期,日和月分不清时才需要选。"),
    )

    def values(self) -> dict[str, Any]:
        places: dict[str, list[int]] = {}
        for place in range(MOST_SHOWN):
            role = self._fields[f"role_{place}"].data if f"role_{place}" in self._fields else ""
            if role:
                places.setdefault(role, []).append(place)
        return {
            "heading": self.heading.data,
            "places": places,
            "flipped": self.flipped.data,
            "order": self.order.data,
        }

    @property
    def roles(self) -> list[Field]:
        """The fields of the columns, in their order."""
        return [field for name, field in self._fields.items() if name.startswith("role_")]


def layout_form(rows: list[list[str]]) -> LayoutForm:
    """The form for a table of these rows, filled in as far as we know its headings."""
    width = min(max(map(len, rows)), MOST_SHOWN)
    offered = choices([("", _("不用")), *((role, _(label)) for role, label in ROLES.items())])
    fields = {
        f"role_{place}": SelectField(_l("第 %(n)s 列", n=place + 1), choices=offered)
        for place in range(width)
    }
    heading, known = guessed(rows)
    data = {
        "heading": heading + 1,
        **{f"role_{place}": role for role, places in known.items() for place in places},
    }
    made: LayoutForm = type("LayoutForm", (LayoutForm,), fields)(data=data)
    return made
