"""What fields and validators say when they refuse, in words of ours: WTForms' own talk of fields and values.

A validator's `message` is said as it is; this stands in for what it would say without one.
"""

from __future__ import annotations

from flask_babel import gettext as _

from models.i18n import N_

_TOO_LONG = N_("最多写 %(max)d 个字,现在是 %(length)d 个。")
_CHOOSE = N_("请从给出的选项里选择。")
_NEEDED = N_("请填写这一项。")
_OTHERWISE = N_("这一项填得不对,请照说明修改。")

# By what WTForms would say; its placeholders may be used, of a length that of what was typed too.
WORDS = {
    "This field is required.": _NEEDED,
    "Invalid input.": _OTHERWISE,
    "Field must be at least %(min)d character long.": N_("至少写 %(min)d 个字,现在是 %(length)d 个。"),
    "Field cannot be longer than %(max)d character.": _TOO_LONG,
    "Field must be exactly %(max)d character long.": N_("应为 %(max)d 个字,现在是 %(length)d 个。"),
    "Field must be between %(min)d and %(max)d characters long.": N_(
        "请写 %(min)d 到 %(max)d 个字,现在是 %(length)d 个。"
    ),
    "Number must be at least %(min)s.": N_("请填写不小于 %(min)s 的数。"),
    "Number must be at most %(max)s.": N_("请填写不大于 %(max)s 的数。"),
    "Number must be between %(min)s and %(max)s.": N_("请填写 %(min)s 到 %(max)s 之间的数。"),
    "Invalid Choice: could not coerce.": _CHOOSE,
    "Invalid choice(s): one or more data inputs could not be coerced.": _CHOOSE,
    "Not a valid choice.": _CHOOSE,
    "'%(value)s' is not a valid choice for this field.": N_("“%(value)s”不在给出的选项里,请重新选择。"),
    "Not a valid date value.": N_("请填写日期,例如 2026-12-01。"),
    "Not a valid datetime value.": N_("请填写日期和时间,例如 2026-12-01 17:00。"),
    "Not a valid integer value.": N_("请填写整数,例如 20。"),
    "Not a valid decimal value.": N_("请填写数字,例如 12.5。"),
    "Not a valid float value.": N_("请填写数字,例如 12.5。"),
}


class InWords:
    """What WTForms takes for its translations."""

    def gettext(self, message: str) -> str:
        return _(WORDS.get(message, _OTHERWISE))

    def ngettext(self, singular: str, _plural: str, _n: int) -> str:
        return self.gettext(singular)
