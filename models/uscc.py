"""统一社会信用代码 (GB 32100-2015): 18 characters.

Who registered (1), what kind of body (1), where (6 digits), the body (9), a check character.

The first place is a digit or a letter: 1 机构编制, 2 外交, 3 司法行政, 5 民政, 9 市场监管, A 军队, N 农业农村
(village cooperatives), Y others. Offices have issued codes whose check character is wrong; such a code is the
body's all the same, so it may be taken where a person has looked.
"""

from __future__ import annotations

import re

from stdnum.cn import uscc as gb32100

from models import spelling
from models.errors import RuleViolation
from models.i18n import N_

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, Z, S and V
_FORM = re.compile(f"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
# What a spreadsheet leaves of 18 digits it took for a number: an exponent, a fraction of nothing, or zeros
# where it kept 15 digits.
_DAMAGED = re.compile(r"[0-9][0-9.]*E[+-]?[0-9]+|[0-9]+\.0*")
# What people and spreadsheets put around a whole code: the apostrophe that makes it text, a label, (副本), a
# full stop.
_WITHIN = re.compile(r"[^0-9A-Z]*([0-9A-Z]{18})(?:\([^()]*\)|\W)*")
_ZEROED = re.compile(r"[0-9]{15}000")


def spelled(text: str) -> str:
    """A code in the form it is kept and compared in, whatever it is.

    Full width, invisible characters, blanks and dashes do not count, nor does what stands around a whole one.
    """
    code = spelling.code(text).replace("-", "")
    within = _WITHIN.fullmatch(code)
    return within[1] if within else code


def damaged(text: str) -> bool:
    """Whether a text is what a spreadsheet made of a long number: an exponent, a fraction of nothing.

    A sound code whose one letter is an E is none.
    """
    return _DAMAGED.fullmatch(spelling.code(text)) is not None and not sound(spelled(text))


def read(text: str, *, as_printed: bool = False) -> str:
    """The code in its plain form, sound or not.

    RuleViolation at `uscc` for what a spreadsheet damaged, or what is no such code. Digits that end in zeros
    may be either: with `as_printed` somebody has compared them with the licence.
    """
    code = spelled(text)
    if damaged(text) or (not as_printed and _ZEROED.fullmatch(code) and not sound(code)):
        raise RuleViolation(
            N_("“%(value)s”像是被电子表格改过的统一社会信用代码:请把这一列设为文本,重新填写 18 位代码。"),
            "uscc",
            value=text.strip()[:30],
        )
    if not formed(code):
        raise RuleViolation(
            N_(
                "统一社会信用代码不正确:应为 18 位,由数字和大写字母组成(不含 I、O、Z、S、V),第 3 "
                "至 8 位是数字(GB 32100)。"
            ),
            "uscc",
        )
    return code


def formed(code: str) -> bool:
    """Whether a text has the form of a code."""
    return _FORM.fullmatch(code) is not None


def sound(code: str) -> bool:
    """Whether a code has the form, and the check character that follows from the rest."""
    return formed(code) and code[-1] == check_character(code)


def check_character(code: str) -> str:
    """The last place as it follows from the first 17."""
    return str(gb32100.calc_check_digit(code[:17]))


def check(text: str, *, as_printed: bool = False) -> str:
    """The code in its plain form.

    One whose check character is wrong is refused, RuleViolation at `uscc` saying how to go on; with
    `as_printed` somebody has compared it with the licence, and it is taken.
    """
    code = read(text, as_printed=as_printed)
    if not as_printed and not sound(code):
        raise RuleViolation(
            N_(
                "统一社会信用代码的校验位不相符(GB 32100),多半是抄错了。照执照核对:"
                "如果执照上就是这样印的,请勾选“执照上就是这样印的”。"
            ),
            "uscc",
        )
    return code
