"""What a list can be narrowed by: declared once, read from the address, drawn above it, refused in words.

A list whose filters say what there is not shows no row, and is not taken away: it would be another list than
the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market.extensions import db
from market.formatting import item_name, problem_text
from market.identity import current_actor
from market.options import MOST_TYPED, day_typed, item_options, region_doubt, region_named
from models import money, numbers
from models.accounts import Organisation
from models.catalogue import newest_items
from models.errors import RuleViolation
from models.i18n import N_
from models.workflow_table import Workflow

Options = Sequence[tuple[str, str]]  # each value, and what it is called


def wrong() -> dict[str, str]:
    """What is wrong with the filters of this page, by their names."""
    found: dict[str, str] = g.setdefault("wrong_filters", {})
    return found


def rendered(template: str, **context: Any) -> str | tuple[str, int]:
    """The page of a list; refused (422) where its filters say what there is not."""
    page = render_template(template, **context)
    return (page, 422) if wrong() else page


@dataclass(frozen=True)
class Filter:
    """One filter: its name in the address and what it is called; here one of words."""

    name: str
    label: Any
    shape = "words"
    default = ""

    def options(self) -> Options:
        """What it lets people choose from."""
        return ()

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        """What is meant by a text, and what that is called. LookupError where there is no such thing.

        Its argument, if any, says so in better words than the usual ones.
        """
        return typed, typed


@dataclass(frozen=True)
class Choice(Filter):
    """One of a list. `nothing` is what stands for no choice; with a `default` there is always one."""

    among: Callable[[], Options]
    nothing: Any = None
    default: str = ""
    shape = "choice"

    def options(self) -> Options:
        return self.among()

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        return typed, dict(options())[typed]


@dataclass(frozen=True)
class Tick(Choice):
    """A box to tick."""

    shape = "tick"


@dataclass(frozen=True)
class Linked(Choice):
    """What only a link asks for: shown by its name, and taken away again. `finds` knows what it is called."""

    among: Callable[[], Options] = tuple
    finds: Callable[[str], str | None] = lambda _typed: None
    shape = "linked"

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        said = self.finds(typed)
        if said is None:
            raise LookupError
        return typed, said


class _Item(Choice):
    """A service item by its code: those of today are offered, those of before are known."""

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        said = dict(options()).get(typed)
        return typed, said or item_name(newest_items(db.session, [typed])[typed])


class _Day(Filter):
    """A day, however it was typed: `20260101` is `2026-01-01`."""

    shape = "day"

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        began = day_typed(typed)
        if began is None:
            raise LookupError(_("“%(text)s”不是日期:请写成 2026-07-01 这样。", text=typed))
        day = began.date().isoformat()
        return day, day


class _Region(Filter):
    shape = "region"

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        if region_doubt(typed) is not None:
            raise LookupError(_("“%(text)s”不是本市场的一个地区,或者不止一个。", text=typed))
        return region_named(typed), typed


class _Money(Filter):
    """A sum in yuan; its value is fen."""

    shape = "money"

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        try:
            return str(money.parse(typed)), typed
        except ValueError as error:
            raise LookupError(problem_text(numbers.refused(error, money.HOW))) from None


@dataclass
class Asked:
    """A filter of a page: what was typed, what it means and is called, and what is wrong with it."""

    filter: Filter
    typed: str
    value: str = ""
    said: str = ""

    @cached_property
    def options(self) -> Options:
        """What can be chosen, that which was chosen among it."""
        offered = self.filter.options()
        known = not self.value or self.value in dict(offered)
        return offered if known else [*offered, (self.value, self.said)]


class Answer(dict[str, str]):
    """What a page was asked for, by filter, as far as there is such a thing; its `bar` is what is drawn."""

    bar: list[Asked]

    @property
    def any(self) -> bool:
        """Whether anything was asked for that is no default."""
        return any(each.typed not in ("", each.filter.default) for each in self.bar)

    def filled(self, **instead: str) -> Answer:
        """With what stands in the fields nobody filled in, by their names; nothing more is asked for."""
        answer = Answer(self)
        answer.bar = [
            each if each.typed else replace(each, value=instead.get(each.filter.name, each.value))
            for each in self.bar
        ]
        return answer


class Filters:
    """The filters of a list, in the order in which they stand."""

    def __init__(self, *filters: Filter) -> None:
        self.filters = filters

    def __iter__(self) -> Iterator[Filter]:
        return iter(self.filters)

    def asked(self, refuse: bool = False) -> Answer:
        """What this page is asked for; what is wrong with it is kept for the page, by the filter's name.

        `refuse`, of a file: RuleViolation with what is wrong, so that nothing is looked up for another list.
        """
        answer = Answer()
        answer.bar = [_read(each) for each in self.filters]
        answer.update({each.filter.name: each.value for each in answer.bar if each.value})
        least, most = answer.get("since"), answer.get("until")
        if least and most and least > most:
            wrong()["until"] = _("“到”的日期早于“从”的日期:请把两个日期对调或改正。")
        least, most = answer.get("least"), answer.get("most")
        if least and most and int(least) > int(most):
            wrong()["most"] = _("“到”的金额低于“从”的金额:请把两个金额对调或改正。")
        if refuse and wrong():
            raise RuleViolation(N_("筛选条件有误,没有导出:%(why)s"), why=" ".join(wrong().values()))
        return answer


def _read(each: Filter) -> Asked:
    typed = request.args.get(each.name, "").strip()[:MOST_TYPED]
    found = Asked(each, typed, each.default)
    if not typed:
        return found
    try:
        found.value, found.said = each.read(typed, each.options)
    except LookupError as unknown:
        words = str(unknown.args[0]) if type(unknown) is LookupError and unknown.args else ""
        wrong()[each.name] = words or _("没有这样的%(filter)s:“%(text)s”。", filter=each.label, text=typed)
    return found


def states(workflow: Workflow) -> Choice:
    """The states of a case type."""
    return Choice("state", _l("状态"), lambda: [(s.name, _(s.label)) for s in workflow.states.values()])


def labels(name: str, label: Any, among: Any, **about: Any) -> Choice:
    """The keys of a table of marked texts."""
    return Choice(name, label, lambda: [(key, _(words)) for key, words in among.items()], **about)


def only(name: str, words: Any) -> Choice:
    """All, or those alone of which these words are true: a box to tick."""
    return Tick(name, words, lambda: [("1", words)])


def item() -> Filter:
    return _Item("item", _l("事项"), item_options)


def region(label: Any = None) -> Filter:
    return _Region("region", label or _l("地区"))


def level() -> Choice:
    """Whether what lies in the parts of the region counts, too."""
    return Choice("level", _l("地区范围"), lambda: [("own", _("只看这一级"))], _l("含下级"))


def days() -> tuple[Filter, Filter]:
    """The first and the last day of a time."""
    return _Day("since", _l("从")), _Day("until", _l("到"))


def prices() -> tuple[Filter, Filter]:
    """The least and the most of a price, in fen."""
    return _Money("least", _l("价格从(元)")), _Money("most", _l("到(元)"))


def agency() -> Filter:
    """One agency, by its identifier."""
    return Linked("agency", _l("机构"), finds=_agency_called)


def _agency_called(identifier: str) -> str | None:
    """The name of an agency whose page the reader may see."""
    query = select(Organisation).where(Organisation.identifier == identifier, Organisation.kind == "agency")
    found = db.session.scalars(query).one_or_none()
    return found.name if found is not None and found.readable_by(db.session, current_actor()) else None
