"""The business register, and where an agency's entry does not agree with it (一数一源: entered once, compared daily)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date

from models.accounts import Organisation
from models.agencies.entry import AgencyProfile
from models.base import Json
from models.text import N_, RuleBroken

STANDINGS = {"active": N_("存续"), "revoked": N_("吊销"), "cancelled": N_("注销"), "moved_out": N_("迁出")}
FIELDS = {
    "uscc": N_("统一社会信用代码"),
    "name": N_("名称"),
    "standing": N_("登记状态"),
    "legal_representative": N_("法定代表人"),
    "registered_address": N_("登记地址"),
    "scope": N_("经营范围"),
    "licence_until": N_("营业期限至"),
}


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of one organisation. `licence_until` of None is without end; an empty text is not told."""

    uscc: str
    name: str
    standing: str
    legal_representative: str = ""
    registered_address: str = ""
    scope: str = ""
    licence_until: date | None = None

    @classmethod
    def of(cls, row: dict[str, object]) -> Registered:
        """From a row of an export or an answer; RuleBroken naming the field that cannot be."""
        said = {name: "" if row.get(name) is None else str(row[name]).strip() for name in FIELDS}
        for name in ("uscc", "name"):
            if not said[name]:
                raise RuleBroken(N_("缺少“%(field)s”。"), field=FIELDS[name])
        standing = next((key for key, label in STANDINGS.items() if said["standing"] in (key, label)), "")
        if not standing:
            raise RuleBroken(N_("看不懂登记状态“%(value)s”。"), value=said["standing"][:20])
        until = said["licence_until"].split(" ")[0].split("T")[0].replace("/", "-")
        try:
            ends = date.fromisoformat(until) if until and until not in ("长期", "无固定期限") else None
        except ValueError as error:
            raise RuleBroken(N_("看不懂日期“%(value)s”。"), value=until[:20]) from error
        return cls(said["uscc"].upper(), said["name"], standing, said["legal_representative"], said["registered_address"], said["scope"], ends)

    def stored(self) -> Json:
        return {**asdict(self), "licence_until": self.licence_until.isoformat() if self.licence_until else None}


def _plain(text: str) -> str:
    """A text without what two clerks write differently: width of characters, spaces, punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()


def _activities(scope: str) -> set[str]:
    """The single activities of a scope, in no order; what stands in brackets is a remark."""
    bare = re.sub(r"[((][^()()]*[))]", "", unicodedata.normalize("NFKC", scope))
    return {_plain(part) for part in re.split(r"[;;、,,。]", bare)} - {""}


def differences(agency: Organisation, profile: AgencyProfile, registered: Registered | None, today: date) -> dict[str, list[Json]]:
    """Kind of check to its evidence, where an agency's entry and the register do not agree.

    A field the register does not tell is not compared. In a scope only what the agency claims and the register does not
    have is a difference: one that does less than it is registered for harms nobody.
    """
    if registered is None:
        return {"unregistered": [_row("uscc", agency.uscc, "")]}
    found: dict[str, list[Json]] = {}
    if registered.standing != "active":
        found["revoked"] = [_row("standing", "active", registered.standing)]
    if registered.licence_until is not None and registered.licence_until < today:
        ours = profile.licence_until.isoformat() if profile.licence_until else ""
        found["expired"] = [_row("licence_until", ours, registered.licence_until.isoformat())]
    compared = (
        ("name", "name", agency.name, registered.name),
        ("representative", "legal_representative", agency.legal_representative, registered.legal_representative),
        ("address", "registered_address", profile.registered_address, registered.registered_address),
    )
    for kind, field, ours, theirs in compared:
        if theirs and _plain(ours) != _plain(theirs):
            found[kind] = [_row(field, ours, theirs)]
    if registered.scope and _activities(profile.scope) - _activities(registered.scope):
        found["scope"] = [_row("scope", profile.scope, registered.scope)]
    return found


def _row(field: str, ours: str, theirs: str) -> Json:
    return {"field": field, "ours": ours, "theirs": theirs}
