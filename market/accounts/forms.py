"""Forms about people and organisations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from market.formatting import problem_text
from market.forms import (
    NEEDED,
    BeijingTimeField,
    ChecklistField,
    Form,
    MoneyField,
    PersonForm,
    choices,
    fits,
    new_password,
    printed,
    text,
)
from market.options import as_printed, offer_as_printed, region_field
from market.reauthentication import reauthentication_field
from models import CASES, passwords, spelling, uscc
from models.accounts import KINDS, SCOPE, Organisation, User
from models.errors import RuleViolation


class SignInForm(Form):
    email = EmailField(_l("邮箱"), [NEEDED], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("密码"), [NEEDED], render_kw={"autocomplete": "current-password"})


class MemberForm(PersonForm):
    """A new member of staff, with a first password to hand over."""


class PasswordForm(Form):
    current = PasswordField(
        _l("现在的密码"), [NEEDED, Length(max=200)], render_kw={"autocomplete": "current-password"}
    )
    password = new_password(_l("新密码"))


class ProveForm(Form):
    """An act that only the person itself may do: the password once more."""

    current = PasswordField(
        _l("现在的密码"), [NEEDED, Length(max=200)], render_kw={"autocomplete": "current-password"}
    )


def _code(label: Any, needed: list[Any], description: Any) -> StringField:
    return StringField(
        label,
        [*needed, Length(max=40)],
        description=description,
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false"},
    )


class AuthenticatorForm(ProveForm):
    code = _code(_l("验证码"), [NEEDED], _l("验证器现在显示的 6 位数字。"))


class NewPasskeyForm(ProveForm):
    name = StringField(_l("叫什么"), [Length(max=80)], description=_l("例如“办公室电脑”,以后好认。"))
    answer = HiddenField()


class CodeForm(Form):
    code = _code(_l("验证码"), [], _l("验证器现在显示的 6 位数字;验证器不在手边就填一个恢复码。"))
    answer = HiddenField()


class ForgottenForm(Form):
    email = EmailField(_l("邮箱"), [NEEDED, fits(User.email)], render_kw={"autocomplete": "username"})


class ResetForm(Form):
    password = new_password(_l("新密码"))


class PersonalActForm(ForgottenForm):
    """An administrator's act on somebody's account."""

    reason = StringField(_l("理由"), [NEEDED, Length(max=200)])


class DelegationForm(Form):
    email = EmailField(
        _l("受托人的邮箱"), [NEEDED], description=_l("还没有注册的人也可以:用这个邮箱注册并确认后生效。")
    )
    scope = ChecklistField(
        _l("委托事项"),
        [InputRequired(_l("请至少选择一项委托事项。"))],
        choices=choices((name, _l(CASES[name].workflow.label)) for name in SCOPE),
    )
    most = MoneyField(_l("金额上限(元)"), [NEEDED])
    until = BeijingTimeField(_l("委托到"), [NEEDED])
    again = reauthentication_field(_l("委托他人以本单位名义办理前,再次确认是您本人。"))

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "again"}


class SignUpForm(PersonForm):
    kind = RadioField(
        _l("单位类型"), [NEEDED], choices=choices((k, _l(KINDS[k])) for k in ("enterprise", "agency"))
    )
    organisation = text(_l("单位名称"), Organisation.name)
    uscc = text(_l("统一社会信用代码"), description=_l("18 位,见营业执照。"))
    as_printed = as_printed()
    region_code = region_field(_l("所在地区"), [NEEDED])
    legal_representative = StringField(_l("法定代表人"), [fits(Organisation.legal_representative), printed])
    address = StringField(_l("地址"), [fits(Organisation.address), printed])
    phone = StringField(_l("联系电话"), [fits(Organisation.phone)])
    introduction = TextAreaField(_l("简介"), [fits(Organisation.introduction)])
    claim = StringField(
        _l("入驻码"), [Length(max=40)], description=_l("单位已由监管部门批量登记的填写,其他不填。")
    )

    def prepare(self, *_: Any) -> None:
        offer_as_printed(self)

    def validate(self, extra_validators: dict[str, list[Any]] | None = None) -> bool:
        """Whatever the rules would refuse of the person and the code is said with the rest, at once."""
        good = super().validate(extra_validators)
        told = [str(each.data or "") for each in (self.name, self.email, self.organisation, self.uscc)]
        as_printed = bool(self.as_printed and self.as_printed.data)
        return all(
            (
                good,
                self._passes(self.email, spelling.email),
                self._passes(self.password, partial(passwords.check, about=told)),
                self._passes(self.uscc, partial(uscc.check, as_printed=as_printed)),
            )
        )

    def _passes(self, field: StringField, check: Callable[[str], Any]) -> bool:
        """Whether a rule takes what stands in a field.

        What is wrong with it otherwise was said there, or is now.
        """
        if field.errors:
            return False
        try:
            check(field.data or "")
        except RuleViolation as problem:
            self.refuse(problem, problem_text(problem))
            return False
        return True
