"""Forms in which money is paid, shown, received and read from the bank's statements."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from market.forms import NEEDED, Form, MoneyField, choices, text, upload
from market.payments.gateways import OnlineGateway, ways


class PayForm(Form):
    bank_reference = text(_l("银行流水号"), 60)
    file = upload(_l("付款凭证"))


class SendForm(Form):
    bank_reference = text(_l("银行流水号"), 60, description=_l("转账时请在附言里写上本页的付款编号,对账单即可自动核对。"))


class InvoiceForm(Form):
    number = text(_l("发票号码"), 40, description=_l("20 位数字(数电发票);旧式发票填代码加号码,共 18 或 20 位。"))
    amount = MoneyField(_l("价税合计(元)"), [InputRequired(str(NEEDED.message))])
    tax = MoneyField(_l("其中税额(元)"), [InputRequired(str(NEEDED.message))])
    issued_on = DateField(_l("开票日期"), [NEEDED])
    file = upload(_l("发票文件"))


class StatementForm(Form):
    file = FileField(
        _l("银行对账单"), [FileRequired(_l("请选择文件。"))], render_kw={"accept": ".csv,.xlsx,.xml"},
        description=_l("CSV、XLSX 或 CAMT.053(XML)。同一笔流水重复导入不会重复入账。"),
    )  # fmt: skip


LINE_WAYS = {
    "payment": _l("是这一笔付款或付出"),
    "aside": _l("不是平台的款,记为待查款"),
    "back": _l("待查款的退回,或银行手续费"),
}


class LineForm(Form):
    way = RadioField(_l("这一笔是"), [InputRequired(_l("请选择一项。"))], choices=choices(LINE_WAYS.items()))
    identifier = StringField(_l("付款或付出编号"), [Optional(), Length(max=40)], description=_l("例如 M-2026-000123;金额必须完全相同。"))
    reason = TextAreaField(_l("依据"), [Length(max=200)], description=_l("怎么知道的,例如与付款单位电话核实。会留痕。"))

    def __init__(self) -> None:
        super().__init__()
        settled = [(f"swept:{way.name}", _("%(gateway)s 结算到托管账户", gateway=_(way.label))) for way in ways() if isinstance(way, OnlineGateway)]
        self.way.choices = [*choices(LINE_WAYS.items()), *settled]
