"""Forms about people and organisations."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from market.forms import Form, text
from models.accounts import KINDS
from models.regions import published

NEEDED = InputRequired(_l("请填写这一项。"))


def region_choices(area: str = "63") -> list[tuple[str, str]]:
    """The regions of a province to choose from, by full name."""
    return [(row["code"], row["full_name"]) for row in published() if row["code"].startswith(area)]


class SignInForm(Form):
    email = EmailField(_l("邮箱"), [NEEDED], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("密码"), [NEEDED], render_kw={"autocomplete": "current-password"})


class SignUpForm(Form):
    kind = RadioField(_l("单位类型"), [NEEDED], choices=[(k, _l(KINDS[k])) for k in ("enterprise", "agency")])
    organisation = text(_l("单位名称"))
    uscc = text(_l("统一社会信用代码"), 30, description=_l("18 位,见营业执照。"))
    region_code = SelectField(_l("所在地区"), [NEEDED], validate_choice=False)
    legal_representative = StringField(_l("法定代表人"), [Length(max=100)])
    address = StringField(_l("地址"), [Length(max=200)])
    phone = StringField(_l("联系电话"), [Length(max=40)])
    introduction = TextAreaField(_l("简介"), [Length(max=2000)])
    name = text(_l("您的姓名"), 100)
    email = EmailField(_l("邮箱"), [NEEDED, Length(max=254)], render_kw={"autocomplete": "username"})
    password = PasswordField(
        _l("密码"), [NEEDED, Length(max=200)], description=_l("至少 10 个字符。"), render_kw={"autocomplete": "new-password"}
    )
    committed = BooleanField(_l("我单位承诺:所填内容真实;公示全部收费并据此报价;守信执业,接受监督(中介机构必须勾选)。"))

    def prepare(self, *_: Any) -> None:
        self.region_code.choices = region_choices()
