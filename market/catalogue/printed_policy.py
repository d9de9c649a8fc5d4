"""The policy's values in words, where it is printed: a reader knows neither our keys nor their values."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from market.formatting import catalogued
from models.actors import ROLES
from models.agencies.related_parties import TIES
from models.i18n import N_
from models.sourcing.modes import FUNDS

_VALUES = {
    "session.official_roles": ROLES,
    "session.second_factor_roles": ROLES,
    "linked.ties": TIES,
    "linked.buyer": {"show": N_("公开提示"), "void": N_("投标无效")},
    "linked.follows": {"later": N_("后投的无效"), "one": N_("合并计为一家"), "all": N_("都无效")},
    "cancelling.consent": {"opened": N_("投标拆封或抽取后"), "closed": N_("征集截止后")},
    "tender.tell_invited": {"always": N_("随时"), "closed": N_("征集截止后"), "never": N_("不公布")},
    "contract.unfit_follows": {"next": N_("业主可改选下一名"), "wait": N_("等其恢复")},
    "contract.unreviewed": {"pay": N_("按业主验收付款"), "end": N_("终止合同,分割款项")},
}
_PARTS = {**FUNDS, "none": N_("未评"), "unrated": N_("未评")}


def said(key: str, value: Any) -> str:
    """A value of this key as people say it; what is no word of ours (numbers, sources) as it stands."""
    if isinstance(value, list):
        return " · ".join(said(key, each) for each in value)
    words = _VALUES.get(key, {})
    return str(_(words[value])) if value in words else catalogued(str(value))


def part(name: str) -> str:
    """What a value is for, where a key has several: kinds of funds, grades."""
    return str(_(_PARTS[name])) if name in _PARTS else name
