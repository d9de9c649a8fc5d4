"""What filters and forms of several rooms let people choose from, and say of an organisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from wtforms import BooleanField, StringField

from market.extensions import db
from market.formatting import bilingual, item_name, region
from models import uscc
from models.agencies.certificates import professions
from models.catalogue import ServiceItem, current_items
from models.clock import BEIJING
from models.regions import covered, within
from search import places

MOST_TYPED = 60  # characters of what is typed into an address that are read


def _area() -> str:
    return str(current_app.config["AREA"])


def region_choices() -> list[tuple[str, str]]:
    """The regions this market serves, by code, as the reader calls them."""
    return [(code, region(code)) for code in covered(_area())]


def regions_meant(text: str) -> tuple[str, ...]:
    """The codes of the regions of this market a text may mean: a name, a code, its pinyin or initials."""
    return places.meant(text, _area()) if text.strip() else ()


def region_named(text: str) -> str:
    """The code of the region of this market a text means, a name or a code, of today or of before.

    The text itself where it means none, or does not say which.
    """
    found = regions_meant(text)
    return found[0] if len(found) == 1 else text


def region_asked() -> str:
    """The region a filter of this page asks for."""
    return region_named(request.args.get("region", "").strip()[:MOST_TYPED])


def in_region(column: Any, asked: Mapping[str, str]) -> ColumnElement[bool]:
    """The rows of the region a filter asks for (`region`, a code), those of its parts among them.

    Without those where `level` is `own`.
    """
    code = asked["region"]
    return column == code if asked.get("level") == "own" else within(column, code)


def period_asked(asked: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """From which instant and before which the days of a filter lie (`since`, `until`, days of Beijing).

    None where there is none, or what was typed is no day of these two centuries.
    """
    since, until = day_typed(asked.get("since", "")), day_typed(asked.get("until", ""))
    return since, until + timedelta(days=1) if until else None


def day_typed(text: str) -> datetime | None:
    """When a day of these two centuries that was typed begins in Beijing; None where it is no such day."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if 1900 <= day.year < 2100:
            return datetime.combine(day, time(), BEIJING)
    return None


def region_suggestions(counts: dict[str, int] | None = None) -> list[tuple[str, str]]:
    """What a region field offers while one types: a region, and how else it may be typed, or how many it has.

    With `counts` those without any are left out.
    """
    return [
        (name, f"{counts[code]}" if counts is not None else f"{places.sounded_out(code)} {code}")
        for code, name in region_choices()
        if counts is None or counts.get(code)
    ]


def region_doubt(text: str) -> list[tuple[str, str]] | None:
    """The regions (code and name) a text may mean that means none or several; None where it means one."""
    found = regions_meant(text)
    if len(found) == 1 or not text.strip():
        return None
    return [(code, region(code)) for code in found or places.near(text, _area())]


class RegionField(StringField):
    """A region of this market, typed: its name, its code, its pinyin or initials; its data are the code.

    A text that means none, or several, is refused with those it may have meant to choose from (`doubt`), and
    stays as it was typed. What another system calls by an old code is taken as what it means.
    """

    doubt: list[tuple[str, str]] = []

    def _value(self) -> str:
        typed = str(self.raw_data[0]) if self.raw_data else ""
        return typed if self.errors or not self.data else region(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """What was typed, and after it which of those it may have meant was chosen."""
        self.data, self.doubt = "", []
        if not valuelist or not valuelist[0].strip():
            return
        typed, chosen = valuelist[0].strip()[:MOST_TYPED], set(valuelist[1:])
        doubt = region_doubt(typed)
        if doubt is None:
            self.data = region_named(typed)
            return
        self.data = next((code for code, _name in doubt if code in chosen), "")
        if not self.data:
            self.doubt = doubt
            raise ValueError(
                str(_l("没有找到这个地区;请从下面选定,或换个写法:名称、拼音或行政区划代码。"))
                if not regions_meant(typed)
                else str(_l("这样写的地区不止一个,请从下面选定。"))
            )


def region_field(label: Any, validators: list[Any], **about: Any) -> RegionField:
    """A region of this market that one types."""
    how = _l("可写名称、拼音、首字母或代码,例如 格尔木、geermu、gem、632801。")
    return RegionField(label, validators, description=how, **about)


def as_printed() -> BooleanField:
    """Whether the licence bears a code whose check character is wrong."""
    return BooleanField(
        _l("执照上就是这样印的"), description=_l("已照执照逐位核对;校验位不符的代码会由监管部门核查。")
    )


def offer_as_printed(form: Any) -> None:
    """Ask that only of a code that could be one."""
    code = uscc.spelled(form.uscc.data or "")
    if not uscc.formed(code) or uscc.sound(code):
        del form.as_printed


def profession_choices(items: Iterable[ServiceItem]) -> list[tuple[str, str]]:
    """The certificates of people: those we know, and those these items ask for besides."""
    known = {each["zh"]: bilingual(each) for each in professions()}
    asked = {item.required_practitioner for item in items if item.required_practitioner}
    return [*known.items(), *((kind, kind) for kind in sorted(asked - known.keys()))]


def item_options() -> list[tuple[str, str]]:
    """The current service items, by code."""
    return [(item.code, item_name(item)) for item in current_items(db.session)]
