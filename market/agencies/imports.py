"""Agencies and fees by the table: every row is checked first and reported on.

When all are in order they come in, a piece at a time.
"""

from __future__ import annotations

from datetime import date

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market import permissions, quotas, spreadsheets
from market.agencies import cells
from market.agencies.cells import Findings
from market.agencies.shapes import SHAPES
from market.batches import WORKS, Work
from market.extensions import db
from market.transaction import action
from models import batches, clock, events, identifiers, permission, pricing, printable, spelling, uscc
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.checks import check_code
from models.agencies.entry import FORMS, AgencyProfile
from models.agencies.fees import check_begins, check_promised, check_terms, publish_schedule
from models.agencies.register import term_end
from models.base import Json
from models.batches import Batch, BatchRow
from models.catalogue import current_items
from models.credit import restrictions
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.pricing import METHODS, Written
from models.regions import find, full_name
from models.workflow import start

MOST = 5_000
PRINTED = {
    "legal_representative": 200,
    "registered_address": 200,
    "address": 200,
    "scope": 2000,
}  # what stands on papers, and the most it holds


def kinds_for(actor: Actor) -> list[str]:
    """What this actor may bring in by the table."""
    return [
        kind for kind, ask in permissions.IMPORTS.items() if permission.may(ask, actor, permissions.market())
    ]


def upload_table(actor: Actor, *, kind: str, file_name: str, content: bytes, submission: str = "") -> str:
    """Take a table in for checking.

    Returns the batch's identifier; RuleViolation at `file` where it is no such table. It is read before the
    transaction begins.
    """
    _check_allowed(actor, kind)
    shape = SHAPES[kind]
    db.session.rollback()
    rows = spreadsheets.read(content, shape.headings, shape.needed, most=MOST)
    if not rows:
        raise RuleViolation(N_("表里没有数据行。"), "file")
    quotas.count(actor, len(content))
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
        raise RuleViolation(N_("“%(value)s”不是本辖区的地区名称或代码。"), "region", value=text[:30])
    if len(found) > 1:
        named = "、".join(full_name(code) for code in found)
        raise RuleViolation(
            N_("“%(value)s”可能是%(regions)s,请写全称或代码。"), "region", value=text[:30], regions=named
        )
    return found[0]


def _named(text: str) -> str:
    if not (2 <= len(text) <= 200 and spelling.name(text)):
        raise RuleViolation(N_("请填写单位名称。"), "name")
    return printable.check(text, "name")


def _phone(text: str) -> str:
    if uscc.damaged(text):
        raise RuleViolation(
            N_("“%(value)s”像是被电子表格改过的号码:请把这一列设为文本,重新填写。"), "phone", value=text[:30]
        )
    return text[:40]


def _agency(row: Json, area: str, found: Findings) -> Json:
    """The values of a row, sums in fen, days as ISO texts; what is wrong is noted, each at its column."""
    forms = {key: form["zh"] for key, form in FORMS.items()}
    established = found.read(cells.day, row["established_on"], "established_on")
    until = found.read(term_end, row["licence_until"], "licence_until")
    return {
        **{name: found.read(printable.check, row[name][:most], name) for name, most in PRINTED.items()},
        "introduction": row["introduction"][:2000],
        "name": found.read(_named, row["name"]),
        "uscc": found.read(uscc.read, row["uscc"]),
        "phone": found.read(_phone, row["phone"]),
        "region_code": found.read(_region, row["region"], area),
        "legal_form": found.read(cells.one_of, row["legal_form"], forms, "legal_form")
        if row["legal_form"]
        else "",
        "established_on": established.isoformat() if established else None,
        "licence_until": until.isoformat() if until else None,
        "registered_capital": found.read(cells.sum_in_fen, row["registered_capital"], "registered_capital"),
    }


def _doubt(code: str) -> Json:
    """What is said of a row whose code has a wrong check character.

    It is taken, and somebody looks at the licence.
    """
    return batches.serialize_problem(
        RuleViolation(
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
            found.note(RuleViolation(N_("表里有两行是同一个统一社会信用代码。"), "uscc"))
        if row.subject in entered:
            found.note(
                RuleViolation(N_("这个统一社会信用代码已经入驻,请联系本单位管理员把您加为成员。"), "uscc")
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
                batches.serialize_problem(
                    RuleViolation(
                        N_("核对之后 %(uscc)s 已经入驻,这一行没有入库。"),
                        "uscc",
                        uscc=row.content["ready"]["uscc"],
                    )
                )
            ]
    sound = [row for row in rows if not row.problems]
    for row, name in zip(
        sound,
        identifiers.issue_many(session, Organisation, len(sound), "agency") if sound else [],
        strict=True,
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
    labels = {name: method.label for name, method in METHODS.items()}
    method = "" if standard else found.read(cells.one_of, row["method"], labels, "method")
    sums = {name: found.read(cells.sum_in_fen, row[name], name) for name in ("price", "floor", "cap")}
    if len(found.problems) > noted:
        return None
    written = Written(
        method=method or "", standard=standard, table=row["table"], discount=row["discount"], **sums
    )
    return found.read(pricing.read, written)


def _check_fees(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow], fetched: None) -> None:
    items = {item.code: item for item in current_items(session)}
    agencies = _agencies_of(session, actor, [row.content["uscc"] for row in rows])
    twice = _twice(session, batch, rows)
    for row in rows:
        said, found = {**row.content, "item": spelling.code(row.content["item"])}, Findings()
        if row.subject in twice:
            found.note(RuleViolation(N_("表里有两行是同一个事项。"), "item"))
        agency = agencies.get(uscc.spelled(said["uscc"]))
        if agency is None:
            code = found.read(uscc.read, said["uscc"]) if said["uscc"] else ""
            if code is not None:
                found.note(RuleViolation(N_("没有找到这家机构;机构只能导入自己的收费。"), "uscc"))
        item = items.get(said["item"])
        if item is None:
            found.note(RuleViolation(N_("清单里没有这个服务事项。"), "item"))
        terms, effective = (
            _terms(said, found),
            found.read(cells.day, said["effective_from"], "effective_from"),
        )
        promised = found.read(cells.working_days, said["days"], "days")
        if promised is not None:
            found.read(check_promised, promised)
        found.read(check_begins, effective or clock.today())
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
    stops = restrictions.of(session, agencies.values())
    for row in rows:
        ready, agency = row.content["ready"], agencies[row.content["ready"]["agency"]]
        if row.content["item"] not in items:
            row.problems = [
                batches.serialize_problem(
                    RuleViolation(
                        N_("核对之后事项 %(code)s 退出了清单,这一行没有入库。"),
                        "item",
                        code=row.content["item"],
                    )
                )
            ]
            continue
        if refused := restrictions.refusal(
            stops[agency.id], agency, ("fees",), own=agency.id == actor.organisation_id
        ):
            row.problems = [batches.serialize_problem(refused)]
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


WORKS["agencies"] = Work(_check_agencies, _load_agencies)
WORKS["fees"] = Work(_check_fees, _load_fees)
