"""Forms in which an agency publishes its fees and qualifications."""

from __future__ import annotations

from fractions import Fraction

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from market.forms import NEEDED, Form, MoneyField, choices, text
from market.words import item_name
from models import money
from models.base import Json
from models.catalogue import ServiceItem
from models.pricing import METHODS, standards


class FeeForm(Form):
    """Bands and points are written a line each: `upper limit, rate` or `base, price`, sums in yuan."""

    item_code = SelectField(_l("服务事项"), [NEEDED])
    method = SelectField(_l("计价方式"), [NEEDED])
    standard = SelectField(_l("引用收费标准"), description=_l("引用后按标准的档位或点计价,再乘以下面的折扣。"))
    price = MoneyField(_l("价格(元)"), description=_l("固定价的总价,或按数量计价的单价。"))
    table = TextAreaField(
        _l("档位或点"),
        [Length(max=4000)],
        description=_l("每行一档:上限(元), 费率,如 1000000, 0.015;最后一档上限写 *。插入法每行:计费额(元), 收费(元)。"),
    )
    discount = StringField(_l("折扣"), [Length(max=10)], description=_l("按计算价的几成收取,如 0.85;不填为 1。"))
    floor = MoneyField(_l("最低收费(元)"))
    cap = MoneyField(_l("最高收费(元)"))
    days = IntegerField(_l("承诺工期(工作日)"), [NEEDED, NumberRange(1, 500)])
    note = StringField(_l("说明"), [Length(max=200)])
    effective_from = DateField(_l("生效日期"), [Optional()], description=_l("不填则今天生效。"))

    def prepare(self, items: list[ServiceItem]) -> None:
        self.item_code.choices = choices((i.code, f"{i.code} {item_name(i)}") for i in items)
        self.method.choices = choices((key, _l(label)) for key, label in METHODS.items())
        tables = [(f"{s['id']}/{t}", f"{s['title']} {s['document']} {t}") for s in standards().values() for t in s["tables"]]
        self.standard.choices = choices([("", _l("不引用")), *tables])

    def validate_discount(self, field: StringField) -> None:
        try:
            Fraction(field.data or "1")
        except (ValueError, ZeroDivisionError):
            raise ValidationError(_l("请填写小数,例如 0.85。")) from None

    def validate_table(self, field: TextAreaField) -> None:
        try:
            self.rows()
        except (ValueError, ZeroDivisionError):
            raise ValidationError(_l("有一行看不懂:每行两个数,用逗号隔开。")) from None

    def rows(self) -> list[list[object]]:
        """The written lines, sums in fen, rates as given."""
        rows: list[list[object]] = []
        for line in filter(str.strip, (self.table.data or "").splitlines()):
            left, right = (part.strip() for part in line.rsplit(",", 1))
            base = None if left == "*" else money.parse(left)
            if self.method.data == "interpolated":
                rows.append([base, money.parse(right)])
            else:
                Fraction(right)
                rows.append([base, right])
        return rows

    def terms(self) -> Json:
        """The terms as pricing takes them."""
        identifier, _, table = (self.standard.data or "").partition("/")
        if identifier:
            terms = dict(standards()[identifier]["tables"][table])
        else:
            terms = {"method": self.method.data}
            if self.method.data == "progressive":
                terms["bands"] = self.rows()
            elif self.method.data == "interpolated":
                terms["points"] = self.rows()
            else:
                terms["price"] = self.price.data
        for name in ("floor", "cap"):
            if getattr(self, name).data is not None:
                terms[name] = getattr(self, name).data
        if self.discount.data:
            terms["discount"] = self.discount.data
        return terms


class QualificationForm(Form):
    kind = SelectField(_l("资质"), [NEEDED])
    number = text(_l("证书编号"), 40)
    level = StringField(_l("等级"), [Length(max=40)])
    issuer = text(_l("发证机关"))
    valid_from = DateField(_l("有效期起"), [NEEDED])
    valid_until = DateField(_l("有效期止"), [NEEDED])
    file = FileField(_l("证书扫描件"), description=_l("PDF、PNG、JPEG、DOCX 或 XLSX,不超过 20 MB。"))

    def prepare(self, items: list[ServiceItem]) -> None:
        kinds = sorted({i.required_qualification for i in items if i.qualification_mandatory})
        self.kind.choices = choices((kind, kind) for kind in kinds)
