"""What is asked for again names what came to nothing, whatever it is called and whoever may read it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, update

from harness.factories import World
from market.contracts.actions import signing
from market.extensions import db
from market.jobs import run_deadlines
from market.oversight.actions.overriding import override
from market.sourcing.actions import awards, bids, cancelling, drafting, tenders
from market.transaction import transaction
from models import workdays
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.sourcing.cancelling import NOT_AGAIN, fruitless, repeats
from models.sourcing.projects import same_project
from models.sourcing.tenders import Tender
from tests.sourcing.readable import opened
from tests.web import Visitor, sign_in


@pytest.mark.parametrize("named", [True, False], ids=["said so", "typed anew"])
def test_the_rerun_and_the_cancelled_name_each_other_in_public(
    app: Flask, world: World, time: Any, named: bool
) -> None:
    tender = opened(world, time)
    buyer, visitor = sign_in(app, world, "buyer"), Visitor(app)
    offered = buyer.get(f"/requests/{tender}").text
    assert f"/requests/{tender}/ask_cancel" in offered
    assert f'/requests/{tender}/cancel"' not in offered, "what cannot be done is not offered"
    page = buyer.get(f"/requests/{tender}/ask_cancel")
    assert "政府采购法第三十六条第一款第一项" in page.text
    assert "招标投标法实施条例第五十五条" in page.text
    assert buyer.submit(f"/requests/{tender}/ask_cancel", reason="对结果不满意").status == 422
    assert (
        buyer.submit(f"/requests/{tender}/ask_cancel", ground="document", reason="资格条件写错了一项").status
        == 303
    )
    assert "违反强制性规定" not in visitor.get(f"/requests/{tender}").text, (
        "a plea is not published before it is decided"
    )
    assert "待监管部门同意取消" in visitor.get(f"/requests/{tender}").text
    assert (
        sign_in(app, world, "regulator")
        .submit(f"/requests/{tender}/consent", reason="资格条件确有错误")
        .status
        == 303
    )
    if named:
        made = buyer.draft(
            f"/requests/new?from={tender}", budget="47,000", mode="random_draw", funds="state"
        ).location
        again = made.rsplit("/", 1)[-1]
        tenders.publish(world.actor("buyer"), again)
    else:
        again = world.tender(mode="random_draw", funds="state", budget=4_700_000, project=" 高标准农田 项目")
    later = visitor.get(f"/requests/{again}")
    for said in ("这是重新采购", tender, "违反强制性规定", "招标投标法实施条例第二十三条"):
        assert said in later.text, said
    assert later.soup.select_one(f'#again a[href="/requests/{tender}"]') is not None
    earlier = visitor.get(f"/requests/{tender}")
    for said in ("经监管部门同意取消", "违反强制性规定", "已重新采购"):
        assert said in earlier.text, said
    assert earlier.soup.select_one(f'#again a[href="/requests/{again}"]') is not None
    visitor.post("/language/en", {"back": "/"})
    assert "breaks mandatory rules" in visitor.get(f"/requests/{again}").text


def test_what_is_gone_is_not_asked_for_again(world: World, time: Any) -> None:
    tender = opened(world, time)
    cancelling.ask(world.actor("buyer"), tender, ground="gone", reason="项目被上级撤销立项")
    cancelling.consent(world.actor("regulator"), tender, reason="立项撤销文件属实")
    with pytest.raises(RuleViolation, match="任务取消"):
        world.tender(mode="random_draw", funds="state", budget=4_700_000)
    assert world.tender(
        mode="random_draw",
        funds="state",
        budget=4_700_000,
        project="另一个完全不同的项目",
        again_of=NOT_AGAIN,
    )


def test_one_left_undecided_is_named_too_when_the_same_is_asked_for_beside_it(
    world: World, time: Any
) -> None:
    tender = opened(world, time)
    again = opened(world, time, again_of=NOT_AGAIN)
    assert Tender.load(db.session, again).again_of == tender
    with pytest.raises(RuleViolation, match=f"{tender} 还没有结果"):
        awards.award(world.actor("buyer"), again, reasons="第二次抽取的更合适")
    awards.award(world.actor("buyer"), tender, reasons="按抽取结果确定")
    for _day in range(4):
        with pytest.raises(RuleViolation, match=f"{tender} 还没有结果"):
            awards.award(world.actor("buyer"), again, reasons="第二次抽取的更合适")
        time.instant = workdays.add(time.instant, 1)
        run_deadlines()
    contract = db.session.query(Contract).one()
    winner = next(name for name, said in world.identifiers.items() if said == contract.agency.identifier)
    for who in ("buyer", winner):
        signing.agree(world.actor(who), contract.identifier)
    assert awards.award(world.actor("buyer"), again, reasons="两次都要,先后确定")


@pytest.mark.parametrize("state", ["scoring", "evaluated"])
def test_nor_does_the_order_of_drafts_or_a_state_let_one_take_the_better(
    world: World, time: Any, state: str
) -> None:
    """Drafted first and published second; or the first put back to be scored."""
    draft = world.tender(
        mode="random_draw",
        funds="state",
        budget=4_700_000,
        publish=False,
        deadline=workdays.add(time.instant, 15),
    )
    first = opened(world, time)
    tenders.publish(world.actor("buyer"), draft)
    for name, price in (("agency", 4_100_000), ("second", 4_200_000), ("third", 4_300_000)):
        bids.submit(world.actor(name), draft, price=price, days=20)
    time.closing(draft)
    if state == "scoring":
        world.appoint_admin()
        override(
            world.actor("admin"),
            case_type="tender",
            identifier=first,
            target="scoring",
            reason="评审重新进行",
        )
    with pytest.raises(RuleViolation, match=f"{first} 还没有结果"):
        awards.award(world.actor("buyer"), draft, reasons="第二次抽取的更合适")


def test_to_name_a_harmless_one_does_not_hide_what_else_came_to_nothing(
    app: Flask, world: World, time: Any
) -> None:
    harmless = world.tender(project="别的小项目")
    cancelling.cancel(world.actor("buyer"), harmless, reason="不需要了,取消")
    ended = gone(world, time, again_of=NOT_AGAIN)
    again = world.tender(
        mode="random_draw", funds="state", budget=4_700_000, project="农田整治工程", again_of=harmless
    )
    found = Tender.load(db.session, again)
    assert (found.again_of, found.again_not) == (harmless, [ended])
    assert f"这不是以下未形成合同的采购的重新采购:{ended}" in Visitor(app).get(f"/requests/{again}").text


def test_what_a_publication_looks_at_does_not_grow_with_what_its_buyer_bought(
    world: World, time: Any
) -> None:
    """A hundred earlier tenders, of which a few came to nothing and none of which is this one."""
    for number in range(100):
        world.tender(project=f"第{number}片区整治", publish=False)
    with transaction() as session:
        session.execute(update(Tender).values(state="contracted", published_at=time.instant))
        few = select(Tender.id).where(Tender.id < 60).scalar_subquery()
        session.execute(update(Tender).where(Tender.id.in_(few)).values(state="failed"))
    db.session.expunge_all()
    again = Tender.load(db.session, world.tender(project="高标准农田项目", publish=False, again_of=NOT_AGAIN))
    before = len(db.session.identity_map)
    assert repeats(db.session, again) == []
    assert len(db.session.identity_map) == before
    assert len(fruitless(db.session, again)) == 50


@pytest.mark.parametrize("draft", [True, False])
def test_what_is_said_to_be_repeated_is_one_of_the_buyers_own(app: Flask, world: World, draft: bool) -> None:
    world.enterprise("other")
    foreign = world.tender(buyer="other")
    path = f"/requests/{world.tender(publish=False)}/edit/what" if draft else "/requests/new?key=k"
    for said in (foreign, "Q-0000-0000", "🦉" * 50):
        page = sign_in(app, world, "buyer").submit(
            path, again_of=said, item_code="WAT-01", region_code="632801", project="高标准农田项目"
        )
        assert page.status == 422, said


def test_another_version_of_the_item_is_the_same_item(world: World, time: Any) -> None:
    tender = gone(world, time)
    item = Tender.load(db.session, tender).item
    with transaction() as session:
        made = {
            column.key: getattr(item, column.key)
            for column in inspect(ServiceItem).columns
            if column.key not in ("id", "version")
        }
        session.add(ServiceItem(**made, version=item.version + 1))
    again = drafting.create(
        world.actor("buyer"), **world.asked(mode="random_draw", funds="state", budget=4_700_000)
    )
    with transaction() as session:
        newer = (
            select(ServiceItem.id)
            .where(ServiceItem.code == item.code, ServiceItem.version == item.version + 1)
            .scalar_subquery()
        )
        session.execute(update(Tender).where(Tender.identifier == again).values(item_id=newer))
    with pytest.raises(RuleViolation, match="任务取消"):
        tenders.publish(world.actor("buyer"), again)


def test_that_it_is_run_again_among_invited_is_theirs_to_know(app: Flask, world: World, time: Any) -> None:
    tender = world.tender()
    cancelling.cancel(world.actor("buyer"), tender, reason="改为邀请方式采购")
    again = drafting.create(
        world.actor("buyer"),
        again_of=tender,
        **world.asked(openness="invited", invited=[world.identifiers["agency"]]),
    )
    tenders.publish(world.actor("buyer"), again)
    for name, knows in (
        ("visitor", False),
        ("second", False),
        ("agency", True),
        ("buyer", True),
        ("regulator", True),
    ):
        assert (again in sign_in(app, world, name).get(f"/requests/{tender}").text) is knows, name


def gone(world: World, time: Any, **values: Any) -> str:
    tender = opened(world, time, **values)
    cancelling.ask(world.actor("buyer"), tender, ground="gone", reason="项目被上级撤销立项")
    cancelling.consent(world.actor("regulator"), tender, reason="立项撤销文件属实")
    return tender


AGAIN = (
    "高标准农田项目(第二次)",
    "高标准农田项目【二次】",
    "高标准农田(重新招标)项目",
    "高标准农田项目第3次",
    "高标准农田项目重新采购",
    "高标准农田项目-2",
    "高标准农田项目②",
    "重招:高标准农田项目",
    "再次招标 高标准农田项目",
    "高标准农田项目(第二次)(重招)",
    "高标准农田项目二次遴选",
    "高标准农田项目(废标重招)",
    "高标准农田项目（流标后重新采购）",
    "高标准农田项目二次公开选取",
    "流标后重新采购高标准农田项目",
    "高标准农田项目废标后二次招标",
    "高标准农田项目第二次竞争性磋商公告",
)


@pytest.mark.parametrize("project", AGAIN)
def test_a_mark_of_a_re_run_does_not_make_it_another_project(project: str) -> None:
    assert same_project("高标准农田项目", project)
    assert same_project(project, AGAIN[0])


@pytest.mark.parametrize(
    "names",
    [
        ("第二次全国国土调查", "第三次全国国土调查"),
        ("2025年度监测", "2026年度监测"),
        ("年度监测2025", "年度监测2026"),
        ("一期", "二期"),
        ("(2)", "(3)"),
        ("高标准农田监理01", "高标准农田监理02"),
        ("监理(01)", "监理(02)"),
    ],
)
def test_what_is_a_name_stays_one(names: tuple[str, str]) -> None:
    assert not same_project(*names)


def test_neither_a_mark_nor_another_place_nor_a_harmless_one_named_hides_what_is_gone(
    world: World, time: Any
) -> None:
    cancelled, buyer = gone(world, time), world.actor("buyer")
    asked = {"mode": "random_draw", "funds": "state", "budget": 4_700_000}
    harmless = world.tender(project="别的小项目", again_of=NOT_AGAIN)
    cancelling.cancel(buyer, harmless, reason="不需要了,取消")
    for values in (
        {"project": "高标准农田项目(第二次)"},
        {"region_code": "632802"},
        {"again_of": harmless},
        {"again_of": NOT_AGAIN},
    ):
        with pytest.raises(RuleViolation, match=cancelled):
            world.tender(**asked, **values)
    with pytest.raises(RuleViolation, match=cancelled):
        world.tender(**asked, project="换一个名称的项目", again_of=cancelled)


def test_what_is_found_outranks_what_was_said_and_both_are_shown(app: Flask, world: World, time: Any) -> None:
    tender, visitor = opened(world, time), Visitor(app)
    cancelling.ask(world.actor("buyer"), tender, ground="over_budget", reason="报价均超过预算,不能支付")
    cancelling.consent(world.actor("regulator"), tender, reason="情况属实,同意取消")
    harmless = world.tender(project="别的小项目", again_of=NOT_AGAIN)
    cancelling.cancel(world.actor("buyer"), harmless, reason="不需要了,取消")
    again = world.tender(
        mode="random_draw", funds="state", budget=4_700_000, again_of=harmless, project="高标准农田项目(二次)"
    )
    found = Tender.load(db.session, again)
    assert (found.again_of, found.again_said) == (tender, harmless)
    card = visitor.get(f"/requests/{again}").soup.select_one("#again").text
    assert tender in card
    assert harmless in card


def test_the_buyer_says_whether_it_repeats_what_came_to_nothing_and_everybody_reads_it(
    app: Flask, world: World, time: Any
) -> None:
    ended = world.tender(project="另一个名称的项目")
    cancelling.cancel(world.actor("buyer"), ended, reason="项目方案有调整")
    draft = world.tender(publish=False)
    with pytest.raises(RuleViolation, match=ended) as refused:
        tenders.publish(world.actor("buyer"), draft)
    assert refused.value.field == "again_of"
    buyer = sign_in(app, world, "buyer")
    assert f"是 {ended} 的重新采购" in buyer.get(f"/requests/{draft}/edit/what").text
    drafting.edit(world.actor("buyer"), draft, again_of=NOT_AGAIN, **world.asked())
    tenders.publish(world.actor("buyer"), draft)
    assert f"这不是以下未形成合同的采购的重新采购:{ended}" in Visitor(app).get(f"/requests/{draft}").text
