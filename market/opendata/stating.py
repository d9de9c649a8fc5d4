"""What an issued paper states, in the reader's language: it is kept in Chinese, as it was printed."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from flask_babel import ngettext

from market.formatting import catalogued, in_english, region
from models.regions import find

OURS = ("签署情况", "怎样入驻", "状态")  # facts whose values are texts of ours
_GRADED = re.compile(r"(\w\S*)\((\S+ ± \S+)\)")
_COMPLETED = re.compile(r"(\d+) 份,履行中 (\d+) 份")
_RATED = re.compile(r"(\d+) 份已结束的合同评了 (\d+) 份")
_PEOPLE = re.compile(r"(\d+) 名")


def stated(label: str, value: str) -> str:
    """A fact's value as its reader is told it; what people wrote, and whatever is not known, as it stands."""
    if not in_english():
        return value
    if label in OURS or value == "未评":
        return str(_(value))
    if label == "地区":
        found = find(value)
        return region(found[0]) if len(found) == 1 else value
    if label == "有效资质":
        return _("、").join(catalogued(each) for each in value.split("、"))
    return _counted(value)


def _counted(value: str) -> str:
    if found := _GRADED.fullmatch(value):
        return f"{found[1]} ({found[2]})"
    if found := _COMPLETED.fullmatch(value):
        return _("%(done)s 份,履行中 %(running)s 份", done=found[1], running=found[2])
    if found := _RATED.fullmatch(value):
        return _("%(ended)s 份已结束的合同评了 %(rated)s 份", ended=found[1], rated=found[2])
    if found := _PEOPLE.fullmatch(value):
        return ngettext("%(num)d 名", "%(num)d 名", int(found[1]))
    return value
