"""How things are said: times, limits, shares, prices, events. Templates know these as filters."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction
from typing import Any

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_wtf.file import FileField
from wtforms import HiddenField, PasswordField, RadioField, SelectMultipleField
from wtforms.widgets import ListWidget

from models import clock, money, pricing, workdays
from models.accounts import Organisation, User
from models.agencies.checks import CHECKS
from models.base import Json
from models.batches import BatchRow
from models.catalogue import NOTICE, ServiceItem
from models.clock import BEIJING
from models.contracts.templates import PLACES
from models.credit.evidence import ScoreLine
from models.english import english
from models.errors import Problem
from models.filekinds import LABELS
from models.measures import words_of
from models.ratings.coverage import Coverage
from models.regions import full_name, name_in_english, short_name

_BRACES = re.compile(r"\{(\w+)\}")


def problem_text(problem: Problem) -> str:
    """A problem in the reader's language."""
    message: str = _(problem.message, **{key: _param(value) for key, value in problem.params.items()})
    return message


def _param(value: Any) -> Any:
    if isinstance(value, Problem):
        return problem_text(value)
    if isinstance(value, list):
        return _("、").join(_param(each) for each in value)
    return bilingual(value) if isinstance(value, dict) else _said(value) if isinstance(value, str) else value


def _said(text: str) -> str:
    """A word of a problem: the interface's, the catalogue's, or what somebody wrote."""
    return catalogued(_(text)) if text else text


def stored_problem_text(kept: Json) -> str:
    """A problem that was kept, in the reader's language."""
    message = kept["message"]
    return str(_(message, **{key: _kept_param(value) for key, value in kept["params"].items()}))


def _kept_param(value: Any) -> Any:
    if isinstance(value, list):
        return _("、").join(str(_kept_param(each)) for each in value)
    return stored_problem_text(value) if isinstance(value, dict) and "message" in value else _param(value)


def describe_result(row: BatchRow) -> str:
    """What became of a row: where a comparison found differences, their names."""
    return (
        _("、").join(_(CHECKS[name]) if name in CHECKS else name for name in row.result.split(" "))
        if row.result
        else ""
    )


def format_instant(instant: datetime | None) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}" if instant else "—"


def credit_code(organisation: Organisation) -> str:
    """An organisation's code; one whose check character is wrong is marked."""
    return (
        organisation.uscc
        if organisation.code_sound
        else _("%(code)s(校验位不符,以监管部门核查为准)", code=organisation.uscc)
    )


def person_words(user: User) -> str:
    """A person by name, with the organisations it belongs to."""
    belongs = _("、").join(each.organisation.name for each in user.memberships)
    return _("%(name)s(%(organisation)s)", name=user.name, organisation=belongs) if belongs else user.name


def format_stored_instant(text: str) -> str:
    """An instant kept as text, as people read it."""
    return format_instant(datetime.fromisoformat(text))


def format_stored_share(text: str) -> str:
    """A fraction kept as text, as a percentage."""
    return format_share(float(Fraction(text)))


def format_to_the_millisecond(instant: datetime) -> str:
    """To the millisecond, for receipts."""
    local = instant.astimezone(BEIJING)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def time_left(instant: datetime | None) -> str:
    """How long a limit still runs, in working days, as people say it."""
    if instant is None:
        return ""
    now = clock.now()
    if instant < now:
        late = workdays.between(instant, now)
        return _("已逾期 %(days)s", days=working_days(late)) if late else _("已逾期")
    days = workdays.between(now, instant)
    if days == 0:
        same_day = instant.astimezone(BEIJING).date() == now.astimezone(BEIJING).date()
        return _("今天 %(time)s", time=f"{instant.astimezone(BEIJING):%H:%M}") if same_day else _("即将到期")
    said = _("还剩 %(days)s", days=working_days(days))
    unsure = workdays.provisional(instant.astimezone(BEIJING).date())
    return _("%(left)s(当年放假安排公布前暂定)", left=said) if unsure else said


def urgency(instant: datetime | None) -> str:
    """`late`, `soon` (two working days or fewer) or `calm`: the colour of a limit."""
    if instant is None:
        return "calm"
    now = clock.now()
    return "late" if instant < now else "soon" if workdays.between(now, instant) <= 2 else "calm"


def format_share(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%".replace(".0%", "%")


def format_days(seconds: float) -> str:
    """A time in calendar days: `12.5 天`."""
    return _("%(days)s 天", days=f"{seconds / 86_400:,.1f}")


def format_signed_share(share: float) -> str:
    """A difference: `−18.2%`, `+3.0%`, `0%`."""
    return "0%" if abs(share) < 0.0005 else f"{'−' if share < 0 else '+'}{abs(share) * 100:.1f}%"


def signed_money(fen: int) -> str:
    """A difference in fen: `+¥ 1,200.00`, `−¥ 300.00`, `¥ 0.00`."""
    return f"+{money.show(fen)}" if fen > 0 else money.show(fen)


def score_mean(value: float | None, unit: str) -> str:
    """The mean behind a line of a credit sheet: in stars, or a share."""
    if value is None:
        return "—"
    return f"{value:.2f} / 5" if unit == "stars" else format_share(value)


def plain_mean(line: ScoreLine, unit: str) -> str:
    """The records behind a line, each as much as any other: of how many all was well, or the mean stars."""
    if not line.evidence or line.plain is None or unit == "points":
        return "—"
    if unit == "stars":
        return score_mean(line.plain, unit)
    return f"{line.good}/{len(line.evidence)}"


def describe_price(terms: Json, item: ServiceItem | None = None) -> str:
    """Published terms on one line, with the unit its jobs are counted in where the item is told."""
    return pricing.describe(terms, _, measure_unit(item) if item is not None else "", catalogued)


def measure_name(item: ServiceItem) -> str:
    """What jobs of an item are measured by: an investment, an area; empty where nothing is measured."""
    return bilingual(words_of(item.measure_label).name) if item.measure != "none" else ""


def measure_unit(item: ServiceItem) -> str:
    """The unit jobs of an item are counted in; empty where they are not counted, or it is not known."""
    return bilingual(words_of(item.measure_label).unit) if item.measure == "count" else ""


def measure_words(item: ServiceItem) -> str:
    """What jobs of an item are measured by, with the unit: the label of a field that asks for it."""
    unit = _("元") if item.measure == "amount" else measure_unit(item)
    return _("%(name)s(%(unit)s)", name=measure_name(item), unit=unit) if unit else measure_name(item)


def job_words(job: pricing.Quantity, item: ServiceItem) -> str:
    """The size of a job as its item measures it: a sum, a number with its unit, or simply one."""
    if item.measure == "amount":
        return money.show(job.amount)
    if item.measure == "count":
        return f"{job.count:,} {measure_unit(item)}".strip()
    return _("一项")


def name_places(text: str) -> str:
    """A template's text with the names of what will be filled in, in place of their keys."""
    return _BRACES.sub(lambda found: f"〔{_(PLACES[found[1]])}〕" if found[1] in PLACES else found[0], text)


def part_words(part: pricing.Part, value: Any) -> str:
    """One value of published terms."""
    if value in (None, ""):
        return "—"
    if part.kind == "sum":
        return money.show(value)
    if part.kind == "rows":
        return ngettext("%(num)d 项", "%(num)d 项", len(value))
    if part.kind == "standard":
        return pricing.table_words(value, _, catalogued)
    return _(pricing.METHODS[value].label) if part.kind == "method" else str(value)


def in_english() -> bool:
    """Whether the reader reads English."""
    locale = get_locale()
    return bool(locale and locale.language == "en")


def coverage_words(found: Coverage) -> str:
    """How many were asked to rate and how many did: beside every mean, since silence counts."""
    if not found.ended:
        return _("还没有结束的合同")
    return _("%(ended)s 份已结束的合同评了 %(rated)s 份", ended=found.ended, rated=found.rated)


def working_days(days: int) -> str:
    return ngettext("%(num)d 个工作日", "%(num)d 个工作日", days)


def late_words(days: int) -> str:
    """How late something is: what is late by no whole working day is late all the same."""
    return working_days(days) if days else _("不足 1 个工作日")


def time_limit(item: ServiceItem) -> str:
    """How long an item's work may take; of what goes on as long as the project does there is no limit (0)."""
    if not item.time_limit_days:
        return _("没有固定时限,由双方约定")
    return working_days(item.time_limit_days)


def item_name(item: ServiceItem) -> str:
    return item.name_en if in_english() else item.name


def notice_line(line: str, item: ServiceItem) -> str:
    """A line of an item's notice (a material, a point of the checklist) in the reader's language."""
    both = (item.notice["zh"], item.notice["en"])
    said = {zh: en for part in NOTICE for zh, en in zip(both[0][part], both[1][part], strict=False)}
    return said.get(line, line) if in_english() else line


def catalogued(text: str) -> str:
    """A text of the catalogue or the rules in the reader's language.

    What whoever keeps the market wrote itself stays as it stands.
    """
    return english(text) if in_english() else text


def bilingual(texts: Json) -> str:
    """Of a text kept as `zh` and `en`, the reader's."""
    return str(texts["en" if in_english() else "zh"])


def region(code: str) -> str:
    """A region by its full name, without the part every place of this market shares."""
    if in_english():
        return name_in_english(code, current_app.config["AREA"])
    whole, shared = full_name(code), full_name(current_app.config["AREA"])
    return whole.removeprefix(shared) or whole


def region_briefly(code: str) -> str:
    """A region by its own name alone, where several stand in a row."""
    return name_in_english(code).partition(",")[0] if in_english() else short_name(code)


def kind_of_file(media_type: str) -> str:
    """What a file is, as people call it."""
    return _(LABELS[media_type]) if media_type in LABELS else media_type


def has_file(form: Any) -> bool:
    return any(isinstance(field, FileField) for field in form)


def retained_input_text(form: Any) -> str:
    """What of a form that comes back refused is still there.

    No browser is sent a password again, nor a file that was to be read and not to be kept.
    """
    secret = any(isinstance(field, PasswordField) for field in form)
    file = any(isinstance(field, FileField) and getattr(field, "lost", True) for field in form)
    if secret and file:
        return _("密码要重新填写,文件要重新选择;您填写的其他内容都还在。")
    return (
        _("密码要重新填写;您填写的其他内容都还在。")
        if secret
        else _("文件要重新选择;您填写的其他内容都还在。")
        if file
        else _("您填写的内容都还在。")
    )


def refused_fields(form: Any) -> list[Any]:
    """The fields with something wrong in them that can be seen, in their order."""
    return [field for field in form if field.errors and not isinstance(field, HiddenField)]


def first_input(field: Any) -> str:
    """The id of what stands first in a field: of several to choose from the first one."""
    one = isinstance(field, (RadioField, SelectMultipleField)) and isinstance(field.widget, ListWidget)
    return f"{field.id}-0" if one and field.choices else str(field.id)
