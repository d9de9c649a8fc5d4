"""Linked organisations.

Which of those that answer one tender, and of them with its buyer, stand under one person, or share an
account, a telephone or an address.

Different units under one head, or in a relation of control or management, do not bid in one procurement
(招标投标法实施条例第三十四条, 政府采购法实施条例第十八条). Which ties count, and what follows, is the
policy's. Names are all there is to compare people by, beside one account that manages both: the market knows
nobody's identity number. A representative is named by a register or a licence; what the holder of an account
is called that holder alone has said, so such a tie is told and nothing follows from it: else anybody takes a
rival's name to have its bid void. What names nobody (`无`, `管理员`, account `0`) links nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import policy, spelling
from models.accounts import Membership, Organisation, User
from models.agencies.checks import UNDECIDED, Check
from models.agencies.entry import AgencyProfile
from models.events import Event
from models.i18n import N_

BUYER = "buyer"  # not a tie of its own: that the other end of one is the buyer
SAID = (
    "said"  # nor is this one: that the others rest on what somebody calls themselves, so that nothing follows
)
TIES = {
    BUYER: N_("与项目业主有关联"),
    "representative": N_("同一法定代表人"),
    "owner": N_("同一管理员"),
    "account": N_("同一收款账户"),
    "phone": N_("同一电话"),
    "address": N_("同一地址"),
    SAID: N_("仅据自填的姓名,只作提示"),
}

PEOPLE = ("representative", "owner")
AT_ONCE = 10_000  # asked about in one statement: SQLite takes some 32,000 values
LEAST_DIGITS = 7  # of a telephone without its area, and of any bank's account
# What people type where somebody or something should be named.
NOTHING = frozenset(
    {
        "无",
        "暂无",
        "没有",
        "未填",
        "未填写",
        "未知",
        "不详",
        "待定",
        "待补",
        "待补充",
        "待填",
        "空",
        "略",
        "同上",
        "保密",
        "某",
        "某某",
        "测试",
        "系统",
        "系统管理员",
        "管理员",
        "超级管理员",
        "平台管理员",
        "账号管理员",
        "单位管理员",
        "办公室",
        "综合办",
        "综合办公室",
        "行政",
        "行政部",
        "财务",
        "财务部",
        "人事部",
        "业务部",
        "前台",
        "客服",
        "经办人",
        "联系人",
        "法定代表人",
        "法人代表",
        "法人",
        "负责人",
        "经理",
        "总经理",
        "董事长",
        "admin",
        "administrator",
        "root",
        "user",
        "owner",
        "office",
        "test",
        "none",
        "null",
        "nil",
        "na",
        "tbd",
        "unknown",
    }
)
_TITLES = (
    "法定代表人|法定代表|法人代表|法人|企业负责人|负责人|经营者|投资人|执行事务合伙人|联系人|管理员|经办人|姓名|执行董事|副?董事长|董事|副?总经理|副?经理|总裁|"
    "副?理事长|副?会长|副?院长|副?所长|副?主任|校长|厂长|社长|实际控制人|股东"
)
_BRACKETS = re.compile(r"[(\[【〔〈<](.*?)[)\]】〕〉>]")
_TITLE_BEFORE = re.compile(rf"^(?:(?:{_TITLES})(?:姓名)?\s*[::;,、/\-—兼为是]*\s*)+(?=\w\W*\w|$)")
_TITLE_AFTER = re.compile(rf"(?<=\w\w)[\s,、:\-—]*(?:(?:{_TITLES})[兼、/]?)*(?:{_TITLES}|先生|女士)$")
_NOBODY = re.compile(
    rf".?|.*[{re.escape(spelling.MASKS)}\ue000-\uf8ff].*|.*〇〇.*|\w?某{{1,2}}|\W*[^\x00-\x7f]+x+|x+",
    re.DOTALL,
)
_WHOLE = r"(?:(?:00)?86)?(?:0?1[3-9]\d{9}|0\d{2,3}\d{7,8})"
_EXTENSION = re.compile(r"(?:转|分机|#|EXT|X).*$")
_BEHIND_DASH = re.compile(
    r"^(\+?(?:(?:00)?86-?)?(?:0?1[3-9]\d{9}|\(?0\d{2,3}\)?-?\d{7,8}|[2-9]\d{6,7}|400-?\d{3}-?\d{4}))-\d{1,6}$"
)


@dataclass(frozen=True)
class Group:
    """Organisations that are linked, in the order they were asked about, and by which ties.

    The last of which may be SAID.
    """

    agencies: tuple[int, ...]
    ties: tuple[str, ...]


def linked(session: Session, agencies: Iterable[int], policy_version: str) -> list[Group]:
    """The groups of linked ones among these organisations, by the ties that count in this policy.

    Two statements. A person is one person in whichever part: the representative of one who manages another
    links the two, by both ties. Those that rest on what somebody calls themselves come last.
    """
    keys = list(dict.fromkeys(agencies))
    marks = _counting(session, keys, policy_version)
    shown = _joined(keys, [mark for mark in marks if not mark.said])
    known = {group.agencies for group in shown}
    return shown + [
        Group(group.agencies, (*group.ties, SAID))
        for group in _joined(keys, marks)
        if group.agencies not in known
    ]


def linked_to(
    session: Session, agencies: Iterable[int], others: Iterable[int], policy_version: str
) -> set[int]:
    """Those of the agencies that something shown links, each by itself, with one of the others."""
    keys, others = list(agencies), set(others)
    marks = [mark for mark in _counting(session, [*keys, *others], policy_version) if not mark.said]
    return {
        key
        for key in keys
        if any(
            key in group.agencies
            for group in _joined([key, *others], [mark for mark in marks if mark.key in {key, *others}])
        )
    }


class Mark(NamedTuple):
    """What an organisation is compared by.

    For which tie, and whether nothing but its holder's word stands behind it.
    """

    key: int
    tie: str
    value: str
    said: bool = False


def _counting(session: Session, keys: list[int], policy_version: str) -> list[Mark]:
    """Their marks of the ties that count in a version of the policy."""
    ties = set(policy.get(policy_version).words("linked.ties"))
    return [mark for mark in _marks(session, keys) if mark.tie in ties and mark.value]


def _joined(keys: list[int], marks: list[Mark]) -> list[Group]:
    bearers: dict[tuple[str, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for mark in marks:
        bearers["person" if mark.tie in PEOPLE else mark.tie, mark.value][mark.key].add(mark.tie)
    groups: list[tuple[set[int], set[str]]] = []
    for together in bearers.values():
        if len(together) > 1:
            members, ties = set(together), _shared(list(together.values()))
            for group in [group for group in groups if group[0] & members]:
                members, ties = members | group[0], ties | group[1]
                groups.remove(group)
            groups.append((members, ties))
    place = {key: number for number, key in enumerate(keys)}
    found = [
        Group(tuple(sorted(members, key=place.__getitem__)), tuple(tie for tie in TIES if tie in ties))
        for members, ties in groups
    ]
    return sorted(found, key=lambda group: place[group.agencies[0]])


def _shared(borne: list[set[str]]) -> set[str]:
    """The ties two have in the same part; all of them where each has another."""
    same = {tie for number, one in enumerate(borne) for other in borne[:number] for tie in one & other}
    return same or set().union(*borne)


def shared(session: Session, pairs: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int, str], str]:
    """What each of these pairs has in common by this tie now, as it is compared; none where nothing is left.

    Of a manager the name. Two statements.
    """
    asked = list(pairs)
    borne: dict[tuple[int, str], set[str]] = defaultdict(set)
    for mark in _marks(session, sorted({key for one, other, _tie in asked for key in (one, other)})):
        if not mark.value.startswith("#"):
            borne[mark.key, mark.tie].add(mark.value)
    found = {(one, other, tie): borne[one, tie] & borne[other, tie] - {""} for one, other, tie in asked}
    return {pair: min(values) for pair, values in found.items() if values}


def _marks(session: Session, keys: list[int]) -> Iterable[Mark]:
    """All that is known of these, in two statements for each piece of so many."""
    for begin in range(0, len(keys), AT_ONCE):
        yield from _marks_of(session, keys[begin : begin + AT_ONCE])


def _marks_of(session: Session, keys: list[int]) -> Iterable[Mark]:
    known = select(
        Organisation.id,
        Organisation.legal_representative,
        Organisation.phone,
        Organisation.address,
        AgencyProfile.registered_address,
        AgencyProfile.account_number,
    ).outerjoin(AgencyProfile, AgencyProfile.agency_id == Organisation.id)
    for key, representative, phone, address, registered, account in session.execute(
        known.where(Organisation.id.in_(keys))
    ):
        yield Mark(key, "representative", person(representative))
        yield from (Mark(key, "phone", number) for number in phones(phone))
        yield Mark(key, "account", _account(account or ""))
        yield from (
            Mark(key, "address", _said(spelling.name(place or ""))) for place in (address, registered)
        )
    owners = (
        select(Membership.organisation_id, Membership.user_id, User.name)
        .join(Membership.user)
        .where(Membership.role == "owner")
    )
    for key, account_of, name in session.execute(owners.where(Membership.organisation_id.in_(keys))):
        yield Mark(key, "owner", f"#{account_of}")
        yield Mark(key, "owner", person(name), said=True)


def asserted(session: Session, keys: Iterable[int]) -> set[int]:
    """Those of these agencies whose word for what they are compared by nobody has checked.

    They said it themselves since they were let in, or were let in on their word. Two statements.
    """
    own = select(Organisation.id).join(
        Event, (Event.case_type == "organisation") & (Event.case_identifier == Organisation.identifier)
    )
    changed = own.where(Organisation.id.in_(keys), Event.kind == "organisation.change")
    on_its_word = select(Check.agency_id).where(
        Check.agency_id.in_(keys), Check.kind == "commitment", Check.state.in_(UNDECIDED)
    )
    return {*session.scalars(changed), *session.scalars(on_its_word)}


def person(text: str) -> str:
    """What a person's name is compared by, without what was written around it.

    As in `张三（法人）` and `法定代表人：张三`. Empty for what names nobody.
    """
    told = spelling.plain(text).strip()
    ways = (
        _BRACKETS.sub("", told).strip(),
        *(found[1].strip() for found in _BRACKETS.finditer(told)),
    )  # 法定代表人(李明) has the name within
    found = next(
        filter(None, (spelling.name(_TITLE_AFTER.sub("", _TITLE_BEFORE.sub("", way))) for way in ways)), ""
    )
    return "" if _NOBODY.fullmatch(found) else _said(found)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, whatever is written around them."""
    return spelling.same_name(one, other) or (person(one) != "" and person(one) == person(other))


def phones(text: str) -> list[str]:
    """The telephone numbers in a text, each without country code, trunk zero and extension.

    None that nobody could have.
    """
    parts = re.split(r"[/、,;,;]|或", spelling.reference(text))
    found = (
        _BEHIND_DASH.sub(r"\1", _EXTENSION.sub("", spelling.code(each)))
        for part in parts
        for each in _apart(part)
    )
    bare = (re.sub(r"^(0086|86(?=\d{10,11}$))?0*", "", re.sub(r"\D", "", each)) for each in found)
    return [number for number in bare if len(number) >= LEAST_DIGITS and len(set(number)) > 1]


def _apart(text: str) -> list[str]:
    """The numbers between which nothing but a blank stands.

    `139 0000 0000` is one, `13900000000 0971-1234567` two.
    """
    numbers = [""]
    for piece in text.split():
        so_far, more = (re.sub(r"\D", "", each) for each in (numbers[-1], piece))
        whole = re.fullmatch(_WHOLE, so_far) is not None or (
            len(so_far) >= LEAST_DIGITS and len(more) >= LEAST_DIGITS
        )
        if whole and more and re.match(r"[+(]?\d", piece):
            numbers.append(piece)
        else:
            numbers[-1] += piece
    return numbers


def _account(text: str) -> str:
    """The digits and letters of an account; empty for what is none."""
    bare = re.sub(r"[^0-9A-Z]", "", spelling.code(text))
    return bare if len(bare) >= LEAST_DIGITS and len(set(bare)) > 1 else ""


def _said(compared: str) -> str:
    """Empty for what says nothing: `无`, `0`, `xx`."""
    return (
        ""
        if compared in NOTHING or compared.isdigit() or (compared.isascii() and len(set(compared)) < 2)
        else compared
    )
