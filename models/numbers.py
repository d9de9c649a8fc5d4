"""Numbers as people and their programs write them.

The one place where such a text becomes a number: length and size are bounded before anything is reckoned
with, and there are no exponents (`1e9999999` is nine characters, and a number of ten million digits).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

import cn2an

from models.errors import RuleViolation
from models.i18n import N_
from models.spelling import plain as plainly

MOST_TEXT = 60  # characters of one number
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<currency>(?:人民币|(?i:RMB|CNY)|¥)?)\s*(?P<second>[+-]?)"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})?(?:\.(?P<part>[0-9]{1,18}))?\s*(?P<unit>[^\d.,+-]*)"
)
_HUGE = re.compile(r"[+-]?[0-9][0-9,]{18,}")
_SET_APART = ("<super>", "<sub>", "<circle>", "<fraction>")  # NFKC makes 102 of 10²
_AS_READ = str.maketrans("−–‒萬億圓塊個", "---万亿圆块个")
SIZES = {
    "": 1,
    "千": 1_000,
    "万": 10_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
    "w": 10_000,
    "W": 10_000,
}
_YUAN = re.compile(r"(?P<size>千|万|百万|千万|亿|w|W)?(?:元|圆|块)?(?:人民币|(?i:RMB|CNY))?(?:整|正)?")
_MIXED = re.compile(r"(?<![0-9.,])([0-9]{1,3})\s*亿\s*零?([0-9]{1,4})((?:\.[0-9]{1,6})?\s*万)")
_COINS = re.compile(
    r"(?<![0-9.,])([0-9][0-9,]{0,22})\s*[元圆块]\s*零?(?:([0-9])\s*角\s*(?:零?([0-9])\s*分)?|([0-9]{1,2})\s*分)\s*[整正]?"
)
_ONES = "零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
_SPELLED = re.compile(  # 五千万, 十二点五; not the 百万 of 3百万
    rf"(?<![0-9.])(?P<whole>[{_ONES}十拾][{_ONES}十拾百佰千仟万亿]*)(?:点(?P<part>[{_ONES}]+))?(?![0-9])"
)
_POWERS = {
    "w": 10_000,
    "W": 10_000,
    **{
        char: 10**power
        for chars, power in (("十拾", 1), ("百佰", 2), ("千仟", 3), ("万", 4), ("亿", 8))
        for char in chars
    },
}
_CUT_SHORT = re.compile(rf"[百佰千仟万亿][{_ONES[2:]}]$")  # 三万五, said of 三万五千
_ABOUT = re.compile(rf"[{_ONES[2:]}]{{2,3}}")  # 三五天: three to five
_TENTHS = re.compile(rf"([{_ONES[2:]}])([{_ONES[2:]}])\s*折")
_PARTS = re.compile(r"([0-9]{1,2})\s*/\s*([1-9][0-9]{0,2})")
_SHARES = {"": Fraction(1), "%": Fraction(1, 100), "‰": Fraction(1, 1000), "折": Fraction(1, 10)}


@dataclass(frozen=True)
class Unit:
    """What a whole number counts: the words that may stand behind it, and how it is asked for."""

    words: frozenset[str]
    how: str


BARE = Unit(frozenset(), N_("请填写整数,例如 20。"))
# A bare 天 is what the label says it is; 日历天, weeks and months are others, and no rule makes them these.
WORKING_DAYS = Unit(
    frozenset(
        {"工作日", "个工作日", "天", "日", "day", "days", "working day", "working days", "business days"}
    ),
    N_("请写工作日数,例如 15;日历天、周、月要先换算。"),
)
MONTHS = Unit(frozenset({"月", "个月", "month", "months"}), N_("请填写月数,是整数,例如 12。"))
PERCENT = Unit(frozenset({"%"}), N_("请填写百分数,例如 20。"))
POINTS = Unit(frozenset({"分", "points"}), N_("请填写分数,是整数,例如 20。"))
WEIGHT = Unit(POINTS.words | PERCENT.words, BARE.how)
PEOPLE = Unit(frozenset({"人", "名", "位", "个人", "people"}), N_("请填写人数,例如 2。"))
SQUARE_METRES = Unit(frozenset({"平方米", "平米", "sq m"}), N_("请填写平方米数,是整数,例如 120。"))
ROW = Unit(frozenset({"行"}), N_("请填写行号,例如 1。"))


class TooLarge(ValueError):
    """A number, and no market's."""


class Ambiguous(ValueError):
    """Two numbers, and nobody knows which: 三万五元 is said of 35,000 and of 30,005."""

    def __init__(self, said: str, readings: tuple[int, int]) -> None:
        super().__init__(f"two numbers: {said!r}")
        self.said, self.readings = said, readings


def refused(error: ValueError, how: str, field: str | None = None, **params: object) -> RuleViolation:
    """What is said of a text that is no number: why, if we know it, else `how` it is written."""
    if isinstance(error, TooLarge):
        return RuleViolation(N_("数字太大。"), field)
    if isinstance(error, Ambiguous):
        one, other = (f"{reading:,}" for reading in error.readings)
        return RuleViolation(
            N_("“%(said)s”可以是 %(one)s,也可以是 %(other)s,请用数字写。"),
            field,
            said=error.said,
            one=one,
            other=other,
        )
    return RuleViolation(how, field, **params)


@dataclass(frozen=True)
class _Written:
    value: Fraction
    places: int  # digits behind the point
    sign: str
    currency: str
    unit: str


def _as_read(text: str) -> str:
    """In plain characters; empty for what is no number anyhow."""
    if len(text) > MOST_TEXT or any(unicodedata.decomposition(c).startswith(_SET_APART) for c in text):
        return ""
    return plainly(text).strip().translate(_AS_READ)


def _spelled(text: str) -> str:
    """With digits for what is spelled out. ValueError for a numeral that is none."""
    return _SPELLED.sub(_in_digits, _as_read(text)) or text


def _in_digits(spelled: re.Match[str]) -> str:
    """Digits for a numeral, and ValueError for one that is none, or cannot be told from another.

    What stands behind it counts: a power no larger than its own (五万w) makes it none, and anything at all
    one that was cut short (三万五) ambiguous.
    """
    said, behind = spelled["whole"], spelled.string[spelled.end() :].strip()
    own = max(_POWERS.get(char, 0) for char in said)
    if _ABOUT.fullmatch(said) or (behind and _POWERS.get(behind[0], own + 1) <= own):
        raise ValueError(f"not a number: {spelled[0]!r}")
    whole = _value(said)
    if _CUT_SHORT.search(said) and (behind or spelled["part"]):
        raise Ambiguous(spelled.string, (whole, _value(said[:-1]) + _value(said[-1])))
    part = "".join(str(_value(digit)) for digit in spelled["part"] or "")
    return f"{whole}.{part}" if part else str(whole)


def _value(numeral: str) -> int:
    try:
        return int(cn2an.cn2an(numeral, "normal"))
    except (ValueError, KeyError) as error:
        raise ValueError(f"not a number: {numeral!r}") from error


def _written(text: str) -> _Written:
    match = _NUMBER.fullmatch(_as_read(text))
    if match is None and _HUGE.fullmatch(plainly(text[:1_000]).strip()):
        raise TooLarge(f"not a number of this world: {text[:MOST_TEXT]!r}")
    if match is None or not (match["whole"] or match["part"]) or (match["sign"] and match["second"]):
        raise ValueError(f"not a number: {text[:MOST_TEXT]!r}")
    part, sign = match["part"] or "", match["sign"] or match["second"]
    value = Fraction(int((match["whole"] or "0").replace(",", "") + part), 10 ** len(part))
    return _Written(
        -value if sign == "-" else value, len(part), sign, match["currency"], match["unit"].strip()
    )


def yuan(text: str, *, signed: bool = False, exact: bool = False) -> Fraction:
    """A sum in yuan, as people write it, in fen.

    `12,345.6`, `¥ 12,345.60`, `1,234.50元`, `80万元`, `10w`, `1.2亿`, `1亿2000万`, `五千万`, in full width
    too; with `signed` also `+1.00`, `-1.00` and the bookkeepers' `(1.00)`. ValueError for anything else, also
    for a third digit after the point without a 万 behind it, unless it is `exact`: from a program, whose
    `8000.00000` is no slip of the hand and which spells nothing out.
    """
    text = _as_read(text) or text if exact else _spelled(text)
    if coins := _COINS.search(text):  # 80元5角
        fen = f"{coins[2]}{coins[3] or 0}" if coins[2] else f"{coins[4]:0>2}"
        text = f"{text[: coins.start()]}{coins[1]}.{fen}{text[coins.end() :]}"
    if mixed := _MIXED.search(text):
        text = text.replace(mixed[0], f"{int(mixed[1]) * 10_000 + int(mixed[2])}{mixed[3]}")
    bracketed = signed and text[:1] == "(" and text[-1:] == ")"
    found = _written(text[1:-1] if bracketed else text)
    unit = _YUAN.fullmatch(re.sub(r"\s+", "", found.unit))
    size = SIZES[unit["size"] or ""] if unit else 0
    if (
        not size
        or (found.sign and (bracketed or not signed))
        or (size == 1 and found.places > 2 and not exact)
    ):
        raise ValueError(f"not an amount: {text[:MOST_TEXT]!r}")
    return found.value * size * (-1 if bracketed else 1)


def share(text: str) -> Fraction:
    """A share of something: `0.85`, `85%`, `12‰`, `8.5折`, `85折` and `八五折` (the same), `1/3`.

    ValueError for anything else, and for more than a hundred times the whole.
    """
    if match := _PARTS.fullmatch(plainly(text).strip() if len(text) <= MOST_TEXT else ""):
        return Fraction(int(match[1]), int(match[2]))
    tenths = _TENTHS.fullmatch(_as_read(text))
    found = _written(_in_tenths(*tenths.groups()) if tenths else _spelled(text))
    factor = _SHARES.get(found.unit)
    if found.unit == "折" and found.value > 10:  # 85折 is 8.5折, and what is between, more than the whole
        factor = Fraction(1, 100) if 20 <= found.value < 100 else None
    if factor is None or found.sign or found.currency or found.value * factor > 100:
        raise ValueError(f"not a share: {text[:MOST_TEXT]!r}")
    return found.value * factor


def _in_tenths(tenths: str, hundredths: str) -> str:
    """八五折 as `8.5折`. ValueError for 七八折 and 三五折, which are said of one or the other."""
    one, other = _value(tenths), _value(hundredths)
    if other == one + 1 or (one, other) == (3, 5):
        raise ValueError(f"about, and no number: {tenths}{hundredths}折")
    return f"{one}.{other}折"


def whole(text: str, unit: Unit = BARE) -> int:
    """A whole number: `20`, `1,000`, `3万`, with one of its unit's words `20 个工作日`, in full width too.

    ValueError for anything else, TooLarge for one of more than 18 digits.
    """
    found = _written(_spelled(text))
    behind = found.unit.lower()
    word = max((word for word in unit.words if behind.endswith(word)), key=len, default="")
    size = SIZES.get(behind.removesuffix(word).strip(), 0)
    if not size or found.currency or (found.value * size).denominator != 1:
        raise ValueError(f"not a whole number: {text[:MOST_TEXT]!r}")
    return int(found.value * size)


def plain(value: Fraction) -> str:
    """A share as a decimal, exactly: `0.015`; one without an end as its parts: `1/3`."""
    for places in range(40):
        scaled = value * 10**places
        if scaled.denominator == 1:
            text = str(abs(scaled.numerator)).rjust(places + 1, "0")
            return ("-" if value < 0 else "") + (f"{text[:-places]}.{text[-places:]}" if places else text)
    return str(value)
