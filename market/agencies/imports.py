"""Agencies and fees by the table: every row is checked first and reported on.

When all are in order they come in, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ParamSpec, TypeVar

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market import permissions, quotas, tables
from market.agencies.terms import terms_of, written_days, written_sum
from market.batches import WORKS, Work
from market.extensions import db
from market.transaction import action
from models import batches, clock, days, events, identifiers, permission, printable, spelling, uscc
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import FORMS, AgencyProfile, publish_schedule
from models.agencies.checks import check_code
from models.agencies.fees import check_promise, check_terms
from models.agencies.register import term_end
from models.base import Json
from models.batches import Batch, BatchRow
from models.catalogue import current_items
from models.pricing import METHODS
from models.regions import find, full_name
from models.text import N_, NotAllowed, RuleBroken
from models.workflow import start

P = ParamSpec("P")
T = TypeVar("T")
MOST = 5_000
AGENCIES: tables.Columns = {
    "uscc": ("统一社会信用代码", "uscc"),
    "name": ("机构名称", "name"),
    "region": ("地区", "region"),
    "legal_form": ("组织类型", "legal form"),
    "legal_representative": ("法定代表人", "legal representative"),
    "phone": ("联系电话", "phone"),
    "registered_address": ("登记地址", "registered address"),
    "address": ("办公地址", "address"),
    "established_on": ("成立日期", "established on"),
    "licence_until": ("营业期限至", "licence until"),
    "registered_capital": ("注册资本(元)", "registered capital"),
    "scope": ("经营范围", "scope"),
    "introduction": ("简介", "introduction"),
}
FEES: tables.Columns = {
    "uscc": ("统一社会信用代码", "uscc"),
    "item": ("事项编号", "item"),
    "method": ("计价方式", "method"),
    "standard": ("引用收费标准", "standard"),
    "price": ("价格(元)", "price"),
    "table": ("档位或点", "table"),
    "discount": ("折扣", "discount"),
    "floor": ("最低收费(元)", "floor"),
    "cap": ("最高收费(元)", "cap"),
    "days": ("承诺工期(工作日)", "days"),
    "note": ("说明", "note"),
    "effective_from": ("生效日期", "effective from"),
}
PRINTED = {
    "legal_representative": 200,
    "registered_address": 200,
    "address": 200,
    "scope": 2000,
}  # what stands on papers, and the most it holds
SHAPES = {"agencies": (AGENCIES, ("uscc", "name", "region")), "fees": (FEES, ("item", "days"))}


def kinds_for(actor: Actor) -> list[str]:
    """What this actor may bring in by the table."""
    return [
        kind for kind, ask in permissions.IMPORTS.items() if permission.may(ask, actor, permissions.market())
    ]


def upload_table(actor: Actor, *, kind: str, file_name: str, content: bytes, submission: str = "") -> str:
    """Take a table in for checking.

    Returns the batch's identifier; RuleBroken at `file` where it is no such table. It is read before the
    transaction begins.
    """
    _check_allowed(actor, kind)
    columns, needed = SHAPES[kind]
    db.session.rollback()
    rows = tables.read(content, columns, needed, most=MOST)
    if not rows:
        raise RuleBroken(N_("表里没有数据行。"), "file")
    quotas.count(actor, content)
    return _take_table(actor, kind=kind, file_name=file_name, rows=rows, submission=submission)


@action
def _take_table(
    session: Session, actor: Actor, *, kind: str, file_name: str, rows: list[dict[str, str]]
) -> str:
    _check_allowed(actor, kind)
    codes = [uscc.spelled(row["uscc"]) for row in rows]
    subjects = (
        codes
        if kind == "agencies"
        else [f"{code} {spelling.code(row['item'])}".strip() for code, row in zip(codes, rows, strict=True)]
    )
    pairs: list[tuple[str, Json]] = [
        (subject, dict(row)) for subject, row in zip(subjects, rows, strict=True)
    ]
    return batches.begin(session, actor, kind, file_name or kind, pairs).identifier


def _day(text: str, field: str) -> date | None:
    try:
        return days.day(text) if text else None
    except ValueError as error:
        raise RuleBroken(N_("请填写日期,例如 2026-12-01。"), field) from error


class Findings:
    """What is wrong with a row, all of it: each value is read by itself, and what cannot be is noted."""

    def __init__(self) -> None:
        self.problems: list[Json] = []

    def read(self, reading: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `reading` gives; None, with the problem noted, where it raises RuleBroken."""
        try:
            return reading(*args, **kwargs)
        except RuleBroken as problem:
            self.note(problem)
            return None

    def note(self, problem: RuleBroken) -> None:
        self.problems.append(batches.told(problem))


def _one_of(text: str, known: dict[str, str], field: str) -> str:
    """The key of a choice written as its key or as its label."""
    found = next((key for key, label in known.items() if text in (key, label)), None)
    if found is None:
        raise RuleBroken(N_("“%(value)s”不在可选范围内。"), field, value=text[:30])
    return found


def _twice(session: Session, batch: Batch, rows: list[BatchRow]) -> set[str]:
    """Which of these rows' subjects stand in the table more than once."""
    query = select(BatchRow.subject).where(
        BatchRow.batch_id == batch.id, BatchRow.subject.in_([row.subject for row in rows])
    )
    return set(session.scalars(query.group_by(BatchRow.subject).having(func.count() > 1)))


# --- agencies


def _region(text: str, area: str) -> str:
    """The code of the region of this area a text means."""
    found = find(text, area)
    if not found:
        raise RuleBroken(N_("“%(value)s”不是本辖区的地区名称或代码。"), "region", value=text[:30])
    if len(found) > 1:
        named = "、".join(full_name(code) for code in found)
        raise RuleBroken(
            N_("“%(value)s”可能是%(regions)s,请写全称或代码。"), "region", value=text[:30], regions=named
        )
    return found[0]


def _named(text: str) -> str:
    if not (2 <= len(text) <= 200 and spelling.name(text)):
        raise RuleBroken(N_("请填写单位名称。"), "name")
    return printable.check(text, "name")


def _phone(text: str) -> str:
    if uscc.damaged(text):
        raise RuleBroken(
            N_("“%(value)s”像是被电子表格改过的号码:请把这一列设为文本,重新填写。"), "phone", value=text[:30]
        )
    return text[:40]


def _agency(row: Json, area: str, found: Findings) -> Json:
    """The values of a row, sums in fen, days as ISO texts; what is wrong is noted, each at its column."""
    forms = {key: form["zh"] for key, form in FORMS.items()}
    established = found.read(_day, row["established_on"], "established_on")
    until = found.read(term_end, row["licence_until"], "licence_until")
    return {
        **{name: found.read(printable.check, row[name][:most], name) for name, most in PRINTED.items()},
        "introduction": row["introduction"][:2000],
        "name": found.read(_named, row["name"]),
        "uscc": found.read(uscc.read, row["uscc"]),
        "phone": found.read(_phone, row["phone"]),
        "region_code": found.read(_region, row["region"], area),
        "legal_form": found.read(_one_of, row["legal_form"], forms, "legal_form")
        if row["legal_form"]
        else "",
        "established_on": established.isoformat() if established else None,
        "licence_until": until.isoformat() if until else None,
        "registered_capital": found.read(written_sum, row["registered_capital"], "registered_capital"),
    }


def _doubt(code: str) -> Json:
    """What is said of a row whose code has a wrong check character.

    It is taken, and somebody looks at the licence.
    """
    return batches.told(
        RuleBroken(
            N_("校验位不符(按前 17 位应为 %(right)s),多半是抄错了。入库后由监管部门对照执照核查。"),
            "uscc",
            right=uscc.check_character(code),
        )
    )


def _check_agencies(
    session: Session, actor: Actor, batch: Batch, rows: list[BatchRow], fetched: None
) -> None:
    entered = set(
        session.scalars(select(Organisation.uscc).where(Organisation.uscc.in_([row.subject for row in rows])))
    )
    twice, area = _twice(session, batch, rows), actor.region_code or current_app.config["AREA"]
    for row in rows:
        found = Findings()
        if row.subject in twice:
            found.note(RuleBroken(N_("表里有两行是同一个统一社会信用代码。"), "uscc"))
        if row.subject in entered:
            found.note(
                RuleBroken(N_("这个统一社会信用代码已经入驻,请联系本单位管理员把您加为成员。"), "uscc")
            )
        ready = _agency(row.content, area, found)
        row.problems = found.problems
        if not row.problems:
            sound = uscc.sound(ready["uscc"])
            row.content = {
                **row.content,
                "ready": ready,
                "warnings": [] if sound else [_doubt(ready["uscc"])],
            }
            row.result = "" if sound else "code"


def _check_allowed(actor: Actor, kind: str) -> None:
    """Also when it comes to loading: powers may have been lost since."""
    if kind not in permissions.IMPORTS:
        raise NotAllowed(N_("您不能导入这类表格。"))
    permission.check(permissions.IMPORTS[kind], actor, permissions.market())


def _load_agencies(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow]) -> None:
    """Every row becomes an application that waits for its first person, who names its claim code at sign-up.

    One that has entered since it was checked is left out, and the row says so.
    """
    _check_allowed(actor, batch.kind)
    entered = set(
        session.scalars(
            select(Organisation.uscc).where(
                Organisation.uscc.in_([row.content["ready"]["uscc"] for row in rows])
            )
        )
    )
    for row in rows:
        if row.content["ready"]["uscc"] in entered:
            row.problems = [
                batches.told(
                    RuleBroken(
                        N_("核对之后 %(uscc)s 已经入驻,这一行没有入库。"),
                        "uscc",
                        uscc=row.content["ready"]["uscc"],
                    )
                )
            ]
    sound = [row for row in rows if not row.problems]
    for row, name in zip(
        sound, identifiers.issue_many(session, "A", len(sound)) if sound else [], strict=True
    ):
        ready = row.content["ready"]
        agency = Organisation(
            identifier=name,
            uscc=ready["uscc"],
            name=ready["name"],
            kind="agency",
            region_code=ready["region_code"],
            address=ready["address"],
            phone=ready["phone"],
            legal_representative=ready["legal_representative"],
            introduction=ready["introduction"],
            claimed=False,
        )
        start(session, agency, actor, "enter", data={"batch": batch.identifier})
        dates = {
            name: date.fromisoformat(ready[name]) if ready[name] else None
            for name in ("established_on", "licence_until")
        }
        session.add(
            AgencyProfile(
                agency_id=agency.id,
                legal_form=ready["legal_form"],
                scope=ready["scope"],
                registered_address=ready["registered_address"],
                registered_capital=ready["registered_capital"],
                **dates,
            )
        )
        check_code(session, agency, batch.source)
        row.result = agency.identifier
    batch.changed += len(sound)


# --- fees


def _terms(row: Json, found: Findings) -> Json | None:
    """The terms of a row; None where something is wrong with them, which is noted."""
    standard, noted = row["standard"], len(found.problems)
    method = "" if standard else found.read(_one_of, row["method"], METHODS, "method")
    sums = {name: found.read(written_sum, row[name], name) for name in ("price", "floor", "cap")}
    if len(found.problems) > noted:
        return None
    return found.read(
        terms_of, method=method or "", standard=standard, table=row["table"], discount=row["discount"], **sums
    )


def _check_fees(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow], fetched: None) -> None:
    items = {item.code: item for item in current_items(session)}
    agencies = _agencies_of(session, actor, [row.content["uscc"] for row in rows])
    twice = _twice(session, batch, rows)
    for row in rows:
        said, found = {**row.content, "item": spelling.code(row.content["item"])}, Findings()
        if row.subject in twice:
            found.note(RuleBroken(N_("表里有两行是同一个事项。"), "item"))
        agency = agencies.get(uscc.spelled(said["uscc"]))
        if agency is None:
            code = found.read(uscc.read, said["uscc"]) if said["uscc"] else ""
            if code is not None:
                found.note(RuleBroken(N_("没有找到这家机构;机构只能导入自己的收费。"), "uscc"))
        item = items.get(said["item"])
        if item is None:
            found.note(RuleBroken(N_("清单里没有这个服务事项。"), "item"))
        terms, effective = _terms(said, found), found.read(_day, said["effective_from"], "effective_from")
        promised = written_days(said["days"])
        found.read(check_promise, promised, effective or clock.today())
        if item is not None and terms is not None:
            found.read(check_terms, item, terms)
        row.problems = found.problems
        if agency is not None and not row.problems:
            ready = {
                "agency": agency.identifier,
                "terms": terms,
                "days": promised,
                "from": effective.isoformat() if effective else None,
            }
            row.content = {**said, "ready": ready}


def _agencies_of(session: Session, actor: Actor, codes: list[str]) -> dict[str, Organisation]:
    """Agencies by code: the actor's own (also under no code at all), or for an administrator any."""
    query = select(Organisation).where(Organisation.kind == "agency")
    if "admin" in actor.roles:
        return {
            a.uscc: a
            for a in session.scalars(
                query.where(Organisation.uscc.in_([uscc.spelled(code) for code in codes]))
            )
        }
    own = session.scalars(query.where(Organisation.id == actor.organisation_id)).one_or_none()
    return {own.uscc: own, "": own} if own else {}


def _load_fees(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow]) -> None:
    _check_allowed(actor, batch.kind)
    items = {item.code: item for item in current_items(session)}
    named = {row.content["ready"]["agency"] for row in rows}
    locked = (
        select(Organisation)
        .where(Organisation.identifier.in_(named))
        .order_by(Organisation.id)
        .with_for_update()
    )
    agencies = {agency.identifier: agency for agency in session.scalars(locked)}
    for row in rows:
        ready, agency = row.content["ready"], agencies[row.content["ready"]["agency"]]
        if row.content["item"] not in items:
            row.problems = [
                batches.told(
                    RuleBroken(
                        N_("核对之后事项 %(code)s 退出了清单,这一行没有入库。"),
                        "item",
                        code=row.content["item"],
                    )
                )
            ]
            continue
        item = items[row.content["item"]]
        begins = max(date.fromisoformat(ready["from"]) if ready["from"] else clock.today(), clock.today())
        schedule = publish_schedule(
            session, agency.id, item, ready["terms"], ready["days"], row.content["note"][:200], begins
        )
        row.result = f"{agency.identifier}·v{schedule.version}"
        events.record(
            session,
            actor,
            "organisation.fees",
            "organisation",
            agency.identifier,
            audience="public",
            data={"item": item.name, "code": item.code, "version": schedule.version},
        )
        batch.changed += 1


def columns_of(kind: str) -> list[tuple[str, str]]:
    """The columns of a kind's table, (name, heading), and which are needed marked with a star."""
    columns, needed = SHAPES[kind]
    return [(name, f"*{known[0]}" if name in needed else known[0]) for name, known in columns.items()]


def template_rows(kind: str) -> list[list[Any]]:
    """The table to fill in, with a line that shows how."""
    example = {
        "agencies": [
            "91630100MA0000000X",
            "示例环境技术有限公司",
            "青海省西宁市城东区",
            "公司(企业法人)",
            "张三",
            "0971-1234567",
            "西宁市城东区示例路 1 号",
            "西宁市城东区示例路 1 号",
            "2018-05-01",
            "",
            "1000000",
            "环境影响评价;环境监测",
            "",
        ],
        "fees": [
            "",
            "WAT-01",
            "差额定率累进",
            "",
            "",
            "10000000, 0.006 | 50000000, 0.0035 | *, 0.0018",
            "",
            "8000",
            "",
            "20",
            "",
            "",
        ],
    }[kind]
    return [[heading for _name, heading in columns_of(kind)], example]


WORKS["agencies"] = Work(_check_agencies, _load_agencies)
WORKS["fees"] = Work(_check_fees, _load_fees)
