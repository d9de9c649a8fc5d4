"""Money: integer fen (1/100 CNY), never a float."""

from __future__ import annotations

from fractions import Fraction

import cn2an

from models import numbers
from models.i18n import N_

FEN = 100
HOW = N_("请填写金额,例如 12,345.60、5000万 或 1.2 亿;最多两位小数,不超过 100 亿元。")
MOST = 10_000_000_000_00  # 10 billion yuan: above this a sum is a slip of the hand


def parse(text: str, *, signed: bool = False, exact: bool = False) -> int:
    """Fen from what a person writes: `12345.6`, `12,345.60`, `¥ 12,345.60`, `80万元`.

    See `numbers.yuan`, also for `signed` and `exact`.

    Raises ValueError (`numbers.refused` says it in words) for anything else: words, misplaced commas, a part
    of a fen, or more than 10 billion yuan.
    """
    try:
        fen = numbers.yuan(text, signed=signed, exact=exact) * FEN
    except numbers.Ambiguous:
        raise
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


def capital(fen: int) -> str:
    """Fen as contracts and vouchers write them out (大写金额).

    1234560 is `壹万贰仟叁佰肆拾伍元陆角`, a whole sum of yuan ends in `整`; after 《支付结算办法》 annex 1
    (正确填写票据和结算凭证的基本规定).

    ValueError for a sum below zero.
    """
    if fen < 0:
        raise ValueError(f"cannot be written out: {fen}")
    return str(cn2an.an2cn(plain(fen), "rmb"))
