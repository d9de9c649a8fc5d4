"""Money: integer fen (1/100 CNY), never a float."""

from __future__ import annotations

from fractions import Fraction

from models import numbers

FEN = 100
MOST = 10_000_000_000_00  # 10 billion yuan: above this a sum is a slip of the hand


def parse(text: str, *, signed: bool = False, exact: bool = False) -> int:
    """Fen from what a person writes: `12345.6`, `12,345.60`, `¥ 12,345.60`, `80万元`.

    See `numbers.yuan`, also for `signed` and `exact`.

    Raises ValueError for anything else: words, misplaced commas, a part of a fen, or more than 10 billion
    yuan.
    """
    try:
        fen = numbers.yuan(text, signed=signed, exact=exact) * FEN
    except ValueError as error:
        raise ValueError(f"not an amount: {text[:30]!r}") from error
    if fen.denominator != 1 or abs(fen) > MOST:
        raise ValueError(f"not an amount: {text[:30]!r}")
    return int(fen)


def show(fen: int) -> str:
    """Fen as people read them: `¥ 12,345.60`."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥ {abs(fen) // FEN:,}.{abs(fen) % FEN:02d}"


def plain(fen: int) -> str:
    """Fen as an exact decimal for files and forms: `12345.60`."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // FEN}.{abs(fen) % FEN:02d}"


def round_fen(value: Fraction) -> int:
    """A fraction of fen to whole fen, halves away from zero (as invoices are rounded)."""
    whole, rest = divmod(abs(value.numerator), value.denominator)
    rounded = whole + (2 * rest >= value.denominator)
    return -rounded if value < 0 else rounded


def share(fen: int, rate: Fraction) -> int:
    """`rate` of `fen`, to whole fen."""
    return round_fen(fen * rate)


_NUMERALS, _PLACES, _GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿")


def capital(fen: int) -> str:
    """Fen as contracts and vouchers write them out.

    1234560 is `壹万贰仟叁佰肆拾伍元陆角`, a whole sum of yuan ends in `整`.

    After 《支付结算办法》 annex 1 (正确填写票据和结算凭证的基本规定): zeros between digits are one 零, none
    before 万 or 元. ValueError for a sum below zero or of a trillion yuan and more.
    """
    if not 0 <= fen < 10**14:
        raise ValueError(f"cannot be written out: {fen}")
    yuan, (jiao, cents) = fen // FEN, divmod(fen % FEN, 10)
    groups = [yuan // 10 ** (4 * place) % 10_000 for place in range(3)]
    said = ""
    for place in (2, 1, 0):
        if groups[place]:
            gap = said and (groups[place] < 1000 or not groups[place + 1])
            said += ("零" if gap else "") + _group(groups[place]) + _GROUPS[place]
    said += "元" if yuan else ""
    if not fen % FEN:
        return (said or "零元") + "整"
    if not jiao:
        return f"{said}{'零' if yuan else ''}{_NUMERALS[cents]}分"
    return f"{said}{_NUMERALS[jiao]}角{_NUMERALS[cents] + '分' if cents else ''}"


def _group(number: int) -> str:
    """Up to four digits, zeros between them as one 零."""
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap else "") + _NUMERALS[digit] + _PLACES[place]
            gap = False
        else:
            gap = bool(said)
    return said
