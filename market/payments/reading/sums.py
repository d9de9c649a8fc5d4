"""The sums of a bank's table and which way each went: by its sign, its column, or what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from market.payments.reading import cells
from market.payments.reading.headings import Layout
from market.payments.reading.lines import Line, follow, other_way
from models.errors import RuleViolation
from models.i18n import N_


class NotUnderstood(RuleViolation):
    """A table whose columns nobody knows, or none of whose rows can be read.

    Somebody may say what its columns are.
    """


class _Odd(Exception):
    def __init__(self, said: str) -> None:
        self.said = said


@dataclass(frozen=True)
class _Row:
    number: int
    cells: list[str]
    account: str
    wider: bool = (
        False  # than the heading: a comma in a sum, and everything behind it stands in another column
    )


def _directed(layout: Layout, found: list[_Row]) -> Layout:
    """The layout with the column that says of every sum which way it went, wherever it stands.

    Without one that does not.
    """
    if "amount" not in layout.places:
        return layout
    taken = {
        place
        for role, places in layout.places.items()
        if role not in ("direction", "remark")
        for place in places
    }
    lines = [row.cells for row in found if _read(layout.cell(row.cells, "amount"))]
    kept = layout.places.get("direction", [])
    signed = all(cells.signed(layout.cell(row, "amount")) for row in lines)  # then the sign tells the way
    others = (
        place
        for place in range(0 if signed else max(map(len, lines), default=0))
        if place not in taken and place not in kept
    )
    for place in (*kept, *others):
        said = [row[place] if place < len(row) else "" for row in lines]
        if lines and all(map(cells.direction, said)) and (place in kept or not {"+", "-"} & set(said)):
            return replace(layout, places={**layout.places, "direction": [place]})
    known = any(cells.direction(row[place]) for place in kept for row in lines if place < len(row))
    return (
        layout
        if known or not kept
        else replace(
            layout, places={role: places for role, places in layout.places.items() if role != "direction"}
        )
    )


def _check_ways(
    layout: Layout, found: list[_Row], lines: list[Line], balances: list[int | None], by_a_person: bool
) -> None:
    """NotUnderstood where the way money went would be guessed, or the balances say the opposite."""
    so, steps = follow(lines, balances)
    otherwise, _steps = follow(other_way(lines), balances)
    if "direction" in layout.places or "went_out" in layout.places:
        if otherwise > so:
            raise NotUnderstood(N_("按现在的收入和支出,余额的变化正好相反:请核对各列是什么。"), "file")
        return
    if not any(cells.signed(layout.cell(row.cells, "amount")) for row in found) and (
        not so == steps > otherwise if steps else lines and not by_a_person
    ):
        raise NotUnderstood(N_("只有一列金额,看不出哪些是收入、哪些是支出:请指明收支标志在哪一列。"), "file")


def _signs(layout: Layout, found: list[_Row]) -> list[_Signs]:
    """The ways to read the signs of these rows, the likelier one first; the balances tell which it is."""
    directed = "direction" in layout.places
    if not directed and "went_out" not in layout.places:
        return [_Signs(layout), _Signs(replace(layout, flipped=not layout.flipped))]
    role = "went_out" if "went_out" in layout.places else "amount"
    out = [
        row
        for row in found
        if not directed or cells.direction(layout.cell(row.cells, "direction")) == cells.OUT
    ]
    sums = [_read(layout.cell(row.cells, role)) or 0 for row in out]
    if not any(each < 0 for each in sums):
        return [_Signs(layout)]
    likelier = not any(each > 0 for each in sums)
    return [_Signs(layout, below_is_out=likelier), _Signs(layout, below_is_out=not likelier)]


@dataclass(frozen=True)
class _Signs:
    """What a minus means before a sum of what went out: that it went out, as where every such sum has one.

    Or that something was taken back (红字), as where only some have.
    """

    layout: Layout
    below_is_out: bool = False

    def amount(self, row: list[str]) -> int:
        """Fen; _Odd for what cannot be read or says two things."""
        said = self.layout.cell
        if "came_in" in self.layout.places and "went_out" in self.layout.places:
            came_in, went_out = _needed(said(row, "came_in")), _needed(said(row, "went_out"))
            if bool(came_in) == bool(went_out):
                raise _Odd(N_("第 %(number)s 行:收入和支出应只填一项。"))
            return came_in or (went_out if self.below_is_out and went_out < 0 else -went_out)
        amount = _needed(said(row, "amount"))
        if not amount:
            raise _Odd(N_("第 %(number)s 行没有金额。"))
        if "direction" not in self.layout.places:
            return -amount if self.layout.flipped else amount
        way = cells.direction(said(row, "direction"))
        if not way:
            raise _Odd(N_("第 %(number)s 行看不出是收入还是支出:%(text)s。"))
        if way == cells.IN:
            return amount
        return amount if self.below_is_out and amount < 0 else -amount


def _read(text: str) -> int | None:
    try:
        return cells.fen(text)
    except ValueError:
        return None


def _needed(text: str) -> int:
    found = _read(text)
    if found is None:
        raise _Odd(N_("第 %(number)s 行的金额看不懂:%(text)s。"))
    return found
