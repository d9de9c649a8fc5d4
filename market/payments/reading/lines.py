"""What is read of a statement, whatever its form."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from models.payments.payment import payments_named_in, reference
from models.spelling import plain

MOST_REMARK = 200


@dataclass(frozen=True, slots=True)
class Line:
    """Money that came in (above zero) or went out (below), in fen.

    A line with a `problem` could not be read whole: it waits for a person, with what stands there as its
    remark.
    """

    day: date
    amount: int
    counterparty: str
    counterparty_account: str
    remark: str
    bank_reference: str
    problem: str = ""
    returned: bool = False  # the bank calls it something that came back


@dataclass(frozen=True, slots=True)
class Parsed:
    """A statement: its account, its lines and its balances.

    The account is empty where it does not say; lines stand oldest first; balances are in fen (None where it
    says none). Beside them: how many lines of other accounts were left out, and at how many places a balance
    does not follow from the one beside it.
    """

    lines: list[Line]
    account: str = ""
    opening: int | None = None
    closing: int | None = None
    left_out: int = 0
    gaps: int = 0


_REVERSED = re.compile("退汇|退票|冲正|冲账|抹账|红字|撤销|转账失败|returned|revers", re.IGNORECASE)
_REFUND = re.compile("退回|退款|退还")  # of what goes out: our own refunds are called so


def line(
    day: date,
    amount: int,
    *,
    counterparty: str = "",
    counterparty_account: str = "",
    remark: str = "",
    bank_reference: str = "",
    problem: str = "",
    returned: bool = False,
) -> Line:
    """A line as it is kept: one way of writing, no longer than its columns."""
    said, name, account, number = (
        plain(each).strip() for each in (remark, counterparty, counterparty_account, bank_reference)
    )
    return Line(
        day,
        amount,
        name[:200],
        account[:40],
        _kept(said),
        number[:40],
        problem,
        returned or bool(_REVERSED.search(said) or (amount > 0 and _REFUND.search(said))),
    )


def _kept(remark: str) -> str:
    """As much of a remark as is kept; a reference that stands further behind comes first."""
    short = remark[:MOST_REMARK]
    if len(remark) > MOST_REMARK and payments_named_in(short) != (named := payments_named_in(remark[:5_000])):
        short = " ".join([*map(reference, named[0]), remark])[:MOST_REMARK]
    return short


def _steps(lines: list[Line], balances: list[int | None]) -> tuple[int, int, int]:
    """How many pairs of balances there are, and how many follow.

    From the one above, and from the one below.
    """
    pairs = list(zip(lines, balances, strict=True))
    both = [
        (one, before, two, after)
        for (one, before), (two, after) in pairwise(pairs)
        if before is not None and after is not None and not (one.problem or two.problem)
    ]
    return (
        len(both),
        sum(after == before + two.amount for _one, before, two, after in both),
        sum(before == after + one.amount for one, before, _two, after in both),
    )


def follow(lines: list[Line], balances: list[int | None]) -> tuple[int, int]:
    """How many balances follow from one beside them, in the order in which more do; and of how many."""
    every, up, down = _steps(lines, balances)
    return max(up, down), every


def other_way(lines: list[Line]) -> list[Line]:
    """The lines as they were if what came in had gone out."""
    return [replace(each, amount=-each.amount) for each in lines]


def oldest_first(lines: list[Line], balances: list[int | None]) -> tuple[list[Line], int | None, int | None]:
    """The lines in the order in which the money moved, and the balances before and after them.

    A file is from new to old where its balances follow so, or, where they say nothing, its days do.
    """
    pairs = list(zip(lines, balances, strict=True))
    _every, up, down = _steps(lines, balances)
    falling = sum(one.day > two.day for one, two in pairwise(lines))
    rising = sum(one.day < two.day for one, two in pairwise(lines))
    if (down, falling) > (up, rising) if down != up else falling > rising:
        pairs.reverse()
    ordered = [each for each, _balance in pairs]
    if not pairs:
        return ordered, None, None
    (first, opening), closing = pairs[0], pairs[-1][1]
    return ordered, None if opening is None or first.problem else opening - first.amount, closing
