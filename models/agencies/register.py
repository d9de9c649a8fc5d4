"""The business register, and where an agency's entry does not agree with it (一数一源.

Entered once, compared daily).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial

from models import days, spelling, uscc
from models.accounts import Organisation
from models.agencies.entry import AgencyProfile
from models.agencies.related_parties import same_person
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_
from models.regions import same_place

STANDINGS = {
    "active": N_("存续"),
    "revoked": N_("吊销"),
    "removed": N_("除名"),
    "cancelled": N_("注销"),
    "moved_out": N_("迁出"),
    "closed": N_("停业或清算"),
}
# What ends an organisation, or its business, wins wherever it is said, also behind a better word or in
# brackets: `存续（已迁出）`, `开业/停业`; the first of these counts. Whoever winds up is closed, not yet
# cancelled.
_WHEREVER = (
    ("revoked", re.compile("吊销|责令关闭|revoked")),
    ("removed", re.compile("除名|removed")),
    ("closed", re.compile("清算|破产|解散|(?:拟|正在|申请|简易)注销|注销(?:中|备案|公告)")),
    ("cancelled", re.compile("注销|撤销(?!变更|备案|冻结|异常)|废止|cancell?ed")),
    ("moved_out", re.compile("迁出|迁往|moved")),
    ("closed", re.compile("停业|歇业|休业|休止|关闭|停产|停办|停止|暂停|中止|终止|closed")),
)
_MOVED_HERE = re.compile("(?<=[(,;、。])(?:原|由|从|自)[^(),;、。]*迁出")  # a remark where it came from
# That it stands counts in the first words alone; what is behind them, or in brackets, says no more.
_STANDS = "(?:存续|在营|开业|在册|在业|正常|成立|迁入|有效|营业|仍注册|确立|设立|active)"
_ENDS = "(?:吊销|注销|撤销|除名|清算|破产|解散|迁出|停业|歇业|关闭|停止|暂停|中止|终止)"
_NOT = "(?:尚未|从未|并未|未|非|不|无|没有|没|禁止)(?:被|予|再|能|可|得|法|曾|有|存在|依法|按期|如期|实际)*"
# 未吊销 and 非正常 do not say what they deny.
_DENIED = re.compile(
    rf"{_NOT}(?:{_ENDS}(?:[、,/或和及]{_ENDS})*|{_STANDS}+)"
    r"|(?:inactive|deactivated|(?:not|non|no longer|never)[ -]*active)"
)
# Whoever is being founded, or meant to be, is not there yet; a term (营业期限届满, 有效期已过) and a paper
# (营业执照) are no standing.
_NOT_YET = re.compile(
    rf"(?:取消|放弃|筹备|筹建|准备|等待|待|拟|预|即将|将要|申请|曾经?|是否){_STANDS}+|{_STANDS}(?:登记)?(?:失败|未果|不成|未成|筹备|筹建|准备)"
    "|(?:设立|成立|开业)(?:登记)?中|(?:营业|经营|有效|存续)期(?!内)限?|营业执照"
)
_BETWEEN = re.compile(r"[()\[\]【】<>《》,;、。/:|\"'“”‘’\s-]+")
_LABEL = re.compile("(?:登记|经营|营业|企业|主体|单位|机构|公司|市场|工商|当前|目前)*状态")
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
    """What the register says of one organisation.

    `licence_until` of None is without end; an empty text is not told.
    """

    uscc: str
    name: str
    standing: str
    legal_representative: str = ""
    registered_address: str = ""
    scope: str = ""
    licence_until: date | None = None

    @classmethod
    def of(cls, row: dict[str, object]) -> Registered:
        """From a row of an export or an answer; RuleViolation naming the field that cannot be."""
        said = {name: "" if row.get(name) is None else str(row[name]).strip() for name in FIELDS}
        for name in ("uscc", "name"):
            if not said[name]:
                raise RuleViolation(N_("缺少“%(field)s”。"), field=FIELDS[name])
        standing = standing_of(said["standing"])
        if not standing:
            raise RuleViolation(N_("看不懂登记状态“%(value)s”。"), value=said["standing"][:20])
        ends = term_end(said["licence_until"])
        return cls(
            uscc.spelled(said["uscc"]),
            said["name"],
            standing,
            said["legal_representative"],
            said["registered_address"],
            said["scope"],
            ends,
        )

    def stored(self) -> Json:
        return {
            **asdict(self),
            "licence_until": self.licence_until.isoformat() if self.licence_until else None,
        }


def standing_of(text: str) -> str:
    """The key of the standing a register's words mean, "" for words that say none.

    Whoever began to wind up (注销备案, 拟注销) counts as closed, not yet as cancelled.
    """
    said = _DENIED.sub("", spelling.register_words(text))
    first = next(
        (part for part in _BETWEEN.split(_NOT_YET.sub("", said)) if part and not _LABEL.fullmatch(part)), ""
    )
    stands = "active" if re.search(_STANDS, first) else ""
    return next((key for key, means in _WHEREVER if means.search(_MOVED_HERE.sub("", said))), stands)


def term_end(text: str, field: str | None = None) -> date | None:
    """The last day of a term in a register's or a person's words, None without end.

    RuleViolation that says what to write, at a field.
    """
    try:
        return days.end(text)
    except ValueError as error:
        told = N_("看不懂期限“%(value)s”:请写最后一天,例如 2038-05-01;没有期限的写“长期”。")
        raise RuleViolation(told, field, value=text.strip()[:30]) from error


def _activities(scope: str) -> set[str]:
    """The single activities of a scope, in no order; what stands in brackets is a remark."""
    bare = re.sub(r"[((][^()()]*[))]", "", spelling.plain(scope))
    return {spelling.name(part) for part in re.split(r"[;;、,,。]", bare)} - {""}


def differences(
    agency: Organisation, profile: AgencyProfile, registered: Registered | None, today: date
) -> dict[str, list[Json]]:
    """Kind of check to its evidence, where an agency's entry and the register do not agree.

    A field the register does not tell is not compared. In a scope only what the agency claims and the
    register does not have is a difference: one that does less than it is registered for harms nobody.
    """
    if registered is None:
        return {"unregistered": [_row("uscc", agency.uscc, "")]}
    found: dict[str, list[Json]] = {}
    if registered.standing != "active":
        found["revoked"] = [_row("standing", "active", registered.standing)]
    if registered.licence_until is not None and registered.licence_until < today:
        ours = profile.licence_until.isoformat() if profile.licence_until else ""
        found["expired"] = [_row("licence_until", ours, registered.licence_until.isoformat())]
    province = f"{agency.region_code[:2]}0000" if agency.region_code else ""
    compared = (
        ("name", "name", agency.name, registered.name, spelling.same_name),
        (
            "representative",
            "legal_representative",
            agency.legal_representative,
            registered.legal_representative,
            same_person,
        ),
        (
            "address",
            "registered_address",
            profile.registered_address,
            registered.registered_address,
            partial(same_place, area=province),
        ),
    )
    for kind, field, ours, theirs, same in compared:
        if spelling.name(theirs) and not same(ours, theirs):
            found[kind] = [_row(field, ours, theirs)]
    if registered.scope and _activities(profile.scope) - _activities(registered.scope):
        found["scope"] = [_row("scope", profile.scope, registered.scope)]
    return found


UNLIKE = {
    "unregistered": N_("登记机关查不到这个统一社会信用代码"),
    "standing": N_("登记状态不是存续"),
    "name": N_("单位名称与登记的不一致"),
    "representative": N_("法定代表人与登记的不一致或没有填写"),
}


def unlike(organisation: Organisation, registered: Registered | None) -> list[str]:
    """In what an organisation does not agree with the register, as keys of `UNLIKE`.

    Empty where it does, and may be let in by it. What the register has is not told: whoever only knows a code
    should have to know the rest.
    """
    if registered is None:
        return ["unregistered"]
    found = [] if registered.standing == "active" else ["standing"]
    if not spelling.same_name(organisation.name, registered.name):
        found.append("name")
    if registered.legal_representative and not same_person(
        organisation.legal_representative, registered.legal_representative
    ):
        found.append("representative")
    return found


def _row(field: str, ours: str, theirs: str) -> Json:
    return {"field": field, "ours": ours, "theirs": theirs}
