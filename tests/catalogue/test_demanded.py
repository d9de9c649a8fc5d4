"""Whether a report may be demanded: an enterprise asks the published list in its own words."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from models.catalogue import ApprovalMatter, current_items
from models.demands import ANSWERS, answer
from tests.web import Visitor

PAGE = "/demanded"


def _matter_of(code: str) -> str:
    """An approval for which this item may be demanded."""
    item = next(each for each in current_items(db.session) if each.code == code)
    matter = item.matters[0].code
    db.session.rollback()
    return matter


@pytest.mark.parametrize("said", ["水土保持方案", "shuibao", "soil and water conservation plan", "WAT-01"])
def test_what_is_listed_for_an_approval_may_be_demanded(app: Flask, world: World, said: str) -> None:
    page = Visitor(app).get(f"{PAGE}?matter={_matter_of('WAT-01')}&report={said}")
    assert page.status == 200
    assert page.soup.select_one(".badge-state.good").get_text(strip=True) == "可以要求"
    assert "/items/WAT-01" in page.text


def test_what_is_listed_for_another_approval_may_not(app: Flask, world: World) -> None:
    page = Visitor(app).get(f"{PAGE}?matter={_matter_of('EIA-01')}&report=水土保持方案")
    assert page.soup.select_one(".badge-state.bad").get_text(strip=True) == "办这项审批不得要求"
    assert "它只在办下列审批时可以要求" in page.text


def test_what_is_in_no_list_may_not(app: Flask, world: World) -> None:
    for query in ("report=建筑效果图", f"report=建筑效果图&matter={_matter_of('EIA-01')}"):
        page = Visitor(app).get(f"{PAGE}?{query}")
        assert page.soup.select_one(".badge-state.bad").get_text(strip=True) == "清单里没有,不得要求"
        assert "“建筑效果图”" in page.text


def test_who_cannot_say_for_which_approval_reads_for_which_it_may_be(app: Flask, world: World) -> None:
    page = Visitor(app).get(f"{PAGE}?report=水土保持方案")
    assert page.soup.select_one(".badge-state").get_text(strip=True) == "只在办下列审批时可以要求"
    (matter,) = db.session.scalars(
        select(ApprovalMatter.name).where(ApprovalMatter.code == _matter_of("WAT-01"))
    )
    assert matter in page.text


def test_nothing_asked_nothing_said(app: Flask, world: World) -> None:
    assert not Visitor(app).get(PAGE).soup.select(".badge-state")
    assert Visitor(app).get(f"{PAGE}?matter=XX&report=环评").status == 422


def test_every_answer_is_one_that_is_named(world: World) -> None:
    items = current_items(db.session)
    every = db.session.scalars(select(ApprovalMatter)).all()
    found = {
        each.key
        for matter in (None, *every)
        for asked in ([], items)
        for each in answer(matter, asked)
        if each.label
    }
    assert found == set(ANSWERS)
