"""How the people of the demonstration come in.

Authorities, agencies with their papers and fees, enterprises.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from market import batches
from market.accounts.actions import confirming, delegating, entering, members
from market.agencies.actions import checks as check_actions
from market.agencies.actions import entry, publishing, registry, serving
from market.demo.authority import authorise
from market.demo.evaluating import EXPERTS, NAMES
from market.demo.stage import Stage, Story
from market.demonstration import words
from market.demonstration.people import (
    ADMINS,
    AGENCIES,
    CUSTODIAN,
    DELEGATES,
    DEPARTMENTS,
    PASSWORD,
    PREFECTURE,
    REGULATOR,
    SECOND_OFFICIAL,
    Figure,
    code,
    counties,
    person,
    voucher,
)
from market.demonstration.register import ExampleRegister
from market.extensions import db
from market.spreadsheets import as_csv
from market.transaction import Beforehand
from models import clock, pricing, workdays
from models.accounts import Delegation, Organisation
from models.actors import SYSTEM, VISITOR, Actor
from models.agencies.checks import Check
from models.agencies.entry import FORMS, MATERIALS, AgencyProfile
from models.agencies.register import Registered
from models.base import Json
from models.catalogue import ServiceItem, current_items

PROVINCE, DISTRICT = "630000", "632800"
STAFF = {  # where the item itself asks for nobody
    "水利咨询": "注册土木工程师(水利水电)",
    "勘测规划": "注册测绘师",
    "地质工程": "注册土木工程师(岩土)",
    "安全评价": "安全评价师",
    "检测技术": "检测工程师",
    "工程监理": "注册监理工程师",
    "资产评估": "资产评估师",
    "林草生态": "林业工程师",
}


def authorities(stage: Stage) -> None:
    """The administrator, two regulators and an approving department for every line of work."""
    for email, name in zip(ADMINS, ("管理员", "值班管理员"), strict=True):
        members.appoint_admin(SYSTEM, email=email, name=name, password=PASSWORD)
    admin = stage.enter(ADMINS[0])
    departments = sorted({item.department for item in current_items(db.session)})
    listed: list[tuple[str, str, str, str, str | None]] = [
        (REGULATOR, "演示省政务服务监督管理局", "regulator", PROVINCE, None)
    ]
    listed.append((PREFECTURE, "演示州政务服务监督管理局", "regulator", DISTRICT, None))
    listed.append((CUSTODIAN, "演示银行资金托管部", "custodian", PROVINCE, None))
    for number, line in enumerate(departments):
        email = DEPARTMENTS.get(line, f"d{number:02d}@demo.gongxin.cn")
        listed.append((email, f"演示省{line}审批处", "department", PROVINCE, line))
        stage.departments[line] = email
    for number, (email, name, role, region, department) in enumerate(listed):
        members.set_up_authority(
            admin,
            email=email,
            name="经办人",
            password=PASSWORD,
            uscc=code("11630", number),
            organisation=name,
            region_code=region,
            authority_role=role,
            department=department,
        )
        confirming.show_address(email)
        stage.enter(email)
    members.add_member(
        stage.actors[CUSTODIAN], email="custodian2@demo.gongxin.cn", name="复核人", password=PASSWORD
    )
    confirming.show_address("custodian2@demo.gongxin.cn")
    members.add_member(stage.actors[REGULATOR], email=SECOND_OFFICIAL, name="复核人", password=PASSWORD)
    confirming.show_address(SECOND_OFFICIAL)
    stage.enter(SECOND_OFFICIAL)


def experts(stage: Stage) -> None:
    """Three people of a consultancy whom buyers ask to evaluate."""
    _registered(
        email=EXPERTS[0],
        name=NAMES[0],
        organisation="雪山评审咨询有限公司",
        uscc=code("91630", 901),
        legal_representative="杨国栋",
        region_code="630100",
    )
    owner = stage.enter(EXPERTS[0])
    for email, name in zip(EXPERTS[1:], NAMES[1:], strict=True):
        members.add_member(owner, email=email, name=name, password=PASSWORD)
        confirming.show_address(email)
        stage.enter(email)


def _registered(**person: Any) -> None:
    """An enterprise signs up, confirms its address, and is found in the register as it says."""
    identifier = members.sign_up(VISITOR, kind="enterprise", password=PASSWORD, **person)
    said = Registered(
        person["uscc"], person["organisation"], "active", person.get("legal_representative", "")
    )
    entering.judge(SYSTEM, identifier, said=Beforehand(said), source=ExampleRegister.name)


def agency_story(stage: Stage, agency: Figure, number: int, until: datetime) -> Story:
    """An agency enters, is checked, shows its papers, publishes its fees; a few then go astray."""
    random, everywhere = stage.random, number % 4 == 1
    yield stage.later(0)
    identifier = members.sign_up(
        VISITOR,
        email=agency.email,
        name=agency.person,
        password=PASSWORD,
        kind="agency",
        organisation=agency.name,
        uscc=agency.code,
        region_code=agency.region,
        introduction=words.introduction(
            random, agency, years := random.randrange(6, 19), everywhere=everywhere
        ),
    )
    actor = stage.enter(agency.email)
    items = [stage.item(code) for code in sorted(agency.items)]
    if number == AGENCIES - 1:  # is still at it
        entry.fill(actor, "licence", **_licence(agency, items, years))
        return
    _fill_in(actor, agency, number, items, years)
    trusted = number % 7 == 3
    (entry.commit if trusted else entry.submit)(actor, committed=True)
    if clock.now() > until - timedelta(days=6):
        return
    if trusted:
        yield stage.later(4)
        check = db.session.scalars(
            select(Check.identifier).join(Check.agency).where(Organisation.identifier == identifier)
        ).one()
        check_actions.clear(stage.actors[REGULATOR], check, reason="现场核查,材料与承诺相符。")
    else:
        yield stage.later(1)
        entry.verify(stage.actors[REGULATOR], identifier)
    yield stage.later(0)
    authorise(stage, actor)
    if number % 4:  # the others are found where their seat is
        around = [f"{agency.region[:4]}00", DISTRICT]
        serving.declare(actor, areas=[PROVINCE] if everywhere else around)
    for kind in sorted({item.required_qualification for item in items if item.qualification_mandatory}):
        expiring = number % 11 == 5
        ends = until.date() + timedelta(days=40) if expiring else date(2027 + number % 4, 6, 30)
        publishing.add_qualification(
            actor,
            kind=kind,
            number=f"青{agency.trade[:1]}证{number:03d}-{len(kind):02d}",
            level=random.choice(("甲级", "乙级")),
            issuer="演示发证机关",
            valid_from=date(2024, 1, 1) + timedelta(days=number),
            valid_until=ends,
        )
    if number % 19 == 18:
        return  # has not published its fees, and so is never asked
    for item in items:
        publishing.publish_fees(
            actor, item_code=item.code, terms=terms_for(random, item), days=random.randrange(15, 40)
        )
    if number % 5 == 2:
        yield stage.later(random.randrange(60, 140))
        lowered = terms_for(random, items[0])
        publishing.publish_fees(actor, item_code=items[0].code, terms=lowered, days=20, note="年度调整")
    if agency.character.gone:
        yield until - timedelta(days=random.randrange(6, 20))
        entry.suspend(
            stage.actors[REGULATOR], identifier, reason="登记住所查无此机构,暂停承接业务,等待核查。"
        )


def _licence(agency: Figure, items: list[ServiceItem], years: int) -> dict[str, Any]:
    form = "partnership" if agency.name.endswith("事务所") else "company"
    scope = ";".join(re.sub(r"\([^)]*\)", "", item.name) for item in items)
    return {
        "legal_form": form,
        "established_on": date(clock.today().year - years, 3, 1),
        "licence_until": None,
        "registered_capital": 300_000_000,
        "scope": scope,
    }


def _fill_in(actor: Actor, agency: Figure, number: int, items: list[ServiceItem], years: int) -> None:
    """The steps of an entry: licence, people, premises, account, papers."""
    licence, place = _licence(agency, items, years), f"演示路 {number + 1} 号"
    entry.fill(actor, "licence", **licence)
    entry.fill(actor, "representative", legal_representative=agency.person, phone=f"0971-55{number:05d}")
    entry.fill(
        actor,
        "premises",
        registered_address=place,
        address=place,
        premises="leased",
        premises_area=80 + number,
        premises_until=date(2029, 6, 30),
    )
    entry.fill(
        actor,
        "bank",
        bank_name="演示银行西宁分行",
        account_name=agency.name,
        account_number=f"62280000{number:08d}",
    )
    needed = {
        item.required_practitioner: item.practitioners_least for item in items if item.practitioners_least
    } or {STAFF.get(agency.trade, "咨询工程师(投资)"): 1}
    for kind, least in needed.items():
        for place_ in range(least + number % 2):
            entry.add_practitioner(
                actor,
                name=person(Random(f"{number} {kind} {place_}")),
                kind=kind,
                number=f"青{number:03d}{place_}",
                valid_from=date(2024, 1, 1),
                valid_until=date(2028 + number % 3, 12, 31),
            )
    for kind in FORMS[licence["legal_form"]]["materials"]:
        entry.hand_in_material(
            actor,
            kind=kind,
            file_name=f"{MATERIALS[kind]['zh']}.pdf",
            content=voucher(f"{agency.name} {kind}"),
        )


# What things usually cost, in yuan: a job; a unit (a mu, a point that is tested); of a sum, its share.
JOBS = {
    "EIA-03": 58_000,
    "WAT-01": 46_000,
    "WAT-02": 78_000,
    "WAT-03": 62_000,
    "LND-02": 48_000,
    "LND-03": 36_000,
    "LND-06": 120_000,
    "FOR-01": 42_000,
    "FOR-02": 30_000,
    "DRC-01": 55_000,
    "DRC-02": 95_000,
    "DRC-03": 68_000,
    "SAF-01": 72_000,
    "SAF-02": 50_000,
    "SAF-03": 60_000,
    "HEA-01": 54_000,
    "LEG-01": 18_000,
}
UNITS = {
    "EIA-02": 650,
    "LND-01": 120,
    "LND-05": 90,
    "CON-05": 260,
    "CON-06": 380,
    "CON-08": 75,
    "FIR-01": 180,
    "MET-01": 150,
    "HEA-02": 220,
    "SUR-01": 110,
}
RATES = {"CON-01": 0.0016, "CON-03": 0.0032, "FIN-01": 0.0012, "FIN-02": 0.0024, "FIN-03": 0.0008}


def terms_for(random: Random, item: ServiceItem) -> Json:
    """Plausible published terms for an item, by what it is priced by."""
    level = random.uniform(0.8, 1.2)
    if item.standard and item.fee_standard:
        name, table = next(iter(item.standard["tables"].items()))
        least = max(0.6, float(pricing.band(item.fee_standard)[0]))
        return {
            **table,
            "standard": f"{item.fee_standard}/{name}",
            "discount": f"{random.uniform(least, 0.98):.2f}",
        }
    if item.measure == "amount":
        rates = [f"{RATES[item.code] * share * level:.5f}" for share in (1, 0.6, 0.3)]
        return {
            "method": "progressive",
            "bands": [[1000_0000_00, rates[0]], [5000_0000_00, rates[1]], [None, rates[2]]],
            "floor": 3_000_00,
        }
    if item.measure == "count":
        return {"method": "per_unit", "price": round(UNITS[item.code] * level) * 100, "floor": 1_500_00}
    return {"method": "fixed", "price": round(JOBS[item.code] / 100 * level) * 100_00}


def register_story(stage: Stage, until: datetime) -> Story:
    """The regulator compares the market with an export of the business register.

    It asks about what differs.
    """
    yield until - timedelta(days=9)
    yield stage.later(0)
    regulator, ours = stage.actors[REGULATOR], [agency.code for agency in stage.agencies]
    pairs = (
        select(Organisation, AgencyProfile)
        .join(AgencyProfile, AgencyProfile.agency_id == Organisation.id)
        .where(Organisation.uscc.in_(ours))
    )
    db.session.rollback()
    table: list[list[Any]] = [["统一社会信用代码", "名称", "登记状态", "法定代表人", "登记地址", "经营范围"]]
    for agency, profile in db.session.execute(
        pairs.where(Organisation.state.in_(("verified", "suspended"))).order_by(Organisation.id)
    ):
        table.append(
            [
                agency.uscc,
                agency.name,
                "存续",
                agency.legal_representative,
                profile.registered_address,
                profile.scope,
            ]
        )
    table[3][4], table[7][2], table[12][5] = "演示路 300 号", "注销", "技术咨询服务"
    batch = registry.compare_with_register(regulator, file_name="登记机关导出.csv", content=as_csv(table))
    while batches.step(batch):
        pass
    db.session.rollback()
    found = (
        select(Check.kind, Check.identifier, Check.agency_id)
        .join(Check.agency)
        .where(Check.kind != "commitment", Organisation.uscc.in_(ours))
    )
    checks = {kind: (identifier, subject) for kind, identifier, subject in db.session.execute(found)}
    (address, mover), (revoked, _) = checks["address"], checks["revoked"]
    yield stage.later(1)
    check_actions.ask(regulator, address, reason="登记地址已变更,平台资料未更新,请说明并更新。")
    check_actions.ask(regulator, revoked, reason="登记机关显示贵机构已注销,请说明。")
    yield stage.later(2)
    moved = next(actor for actor in stage.actors.values() if actor.organisation_id == mover)
    check_actions.answer(moved, address, statement="上月迁址,登记已变更,平台资料漏更新,已安排更新。")


def enterprise_story(stage: Stage, buyer: Figure, number: int, until: datetime) -> Story:
    """An enterprise signs up; the first ones lend their purchasing to a delegate each."""
    yield stage.later(0)
    _registered(
        email=buyer.email,
        name=buyer.person,
        organisation=buyer.name,
        uscc=buyer.code,
        region_code=buyer.region,
        legal_representative=buyer.person,
        phone=f"0970-33{number:05d}",
    )
    actor = stage.enter(buyer.email)
    authorise(stage, actor)
    if number < len(DELEGATES):
        delegate = DELEGATES[number]
        yield until - timedelta(days=30)
        _registered(
            email=delegate,
            name=("受托人", "采购经办")[number],
            organisation=("格桑采购咨询有限公司", "湟水招采服务有限公司")[number],
            uscc=code("91630", (900, 910)[number]),
            region_code=counties()[number],
        )
        lent = stage.enter(delegate)
        delegating.delegate(
            actor,
            email=delegate,
            scope=["tender", "quote"],
            most=50_000_000,
            until=workdays.add(until, 200),
        )
        delegating.accept(
            lent, db.session.scalars(select(Delegation.id).where(Delegation.user_id == lent.user_id)).one()
        )
        stage.enter(delegate)
