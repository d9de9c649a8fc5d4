"""Keeping the catalogue.

Versions with dates and reasons, withdrawal, approval matters, and what an item costs.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.catalogue import actions as catalogue
from market.catalogue.forms import ItemForm
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain
from market.sourcing.actions import awards, closing, quotes, tenders
from models import policy
from models.catalogue import current_items, item_by_code, versions_of
from models.contracts.agreement import Contract
from models.errors import NotAllowed, NotFound, RuleViolation
from models.policy import KEYS
from models.sourcing.tenders import Tender
from search import Query
from tests.web import Visitor, sign_in


def version(**changes: Any) -> dict[str, Any]:
    """The present version of the tests' item as its form sends it, with these changes."""
    db.session.rollback()
    item = item_by_code(db.session, "WAT-01")
    assert item is not None
    said = ItemForm.of(item)
    lists = {
        f"{part}_{language}": said.pop(f"{part}_{language}")
        for part in ("materials", "outputs", "checklist")
        for language in ("zh", "en")
    }
    notice = {
        language: {
            part: lists[f"{part}_{language}"].splitlines() for part in ("materials", "outputs", "checklist")
        }
        for language in ("zh", "en")
    }
    return {
        **said,
        "fee_standard": None,
        "notice": notice,
        "new_matters": "",
        "effective_from": None,
        "reason": "按新规范调整",
        **changes,
    }


def test_what_has_no_fixed_limit_says_so(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "visitor")
    page = visitor.get("/items/CON-02").text
    assert "没有固定时限,由双方约定" in page
    assert "0 个工作日" not in page.replace("20 个工作日", "")
    assert "还没有机构公示收费" in page
    assert "0 家" not in page
    assert "20 个工作日" in visitor.get("/items/WAT-01").text


def test_a_revision_takes_effect_on_its_day_and_running_cases_keep_theirs(
    app: Flask, world: World, time: Any
) -> None:
    running = world.tender()
    catalogue.revise_item(
        world.actor("department"), "WAT-01", **version(time_limit_days=12, effective_from=date(2026, 3, 10))
    )
    assert "2026-03-10 起生效" in Visitor(app).get("/items/WAT-01").text
    assert item_by_code(db.session, "WAT-01").time_limit_days == 20
    time.instant += timedelta(days=8)
    db.session.rollback()
    assert item_by_code(db.session, "WAT-01").time_limit_days == 12
    assert Tender.load(db.session, running).item.version == 1
    assert Tender.load(db.session, world.tender()).item.version == 2
    page = Visitor(app).get("/items/WAT-01/history")
    assert [row.get_text(" ", strip=True) for row in page.soup.select(".side tbody tr")] == [
        "时限(工作日) 20 12"
    ]
    assert "按新规范调整" in page.text
    assert len(current_items(db.session)) == 45


def test_a_withdrawn_item_takes_nothing_new_and_leaves_what_runs_intact(
    app: Flask, world: World, time: Any
) -> None:
    draft, running = world.tender(publish=False), world.tender()
    quote = quotes.submit(world.actor("agency"), running, price=4_000_000, days=20)
    rebuild_index()
    catalogue.withdraw_item(
        world.actor("regulator"), "WAT-01", reason="国务院决定取消该中介服务", withdrawn_on=None
    )
    with pytest.raises(RuleViolation, match="清单里没有"):
        world.tender()
    with pytest.raises(RuleViolation, match="已退出清单"):
        tenders.publish(world.actor("buyer"), draft)
    with pytest.raises(RuleViolation, match="清单里没有"):
        world.fees("agency", 1_000_000)
    quotes.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), running)
    award = awards.award(
        world.actor("buyer"), running, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )
    assert world.contract_of(award).state == "drafted"
    assert db.session.query(Contract).count() == 1
    drain()
    db.session.rollback()
    search = app.extensions["search"]
    assert "WAT-01" not in search.search(db.session, Query(words="水土保持", kind="item")).keys
    page = Visitor(app).get("/items/WAT-01")
    assert "退出清单" in page.text
    assert not page.soup.select("[formaction^='/requests/new']")
    with pytest.raises(RuleViolation, match="已经退出"):
        catalogue.withdraw_item(
            world.actor("regulator"), "WAT-01", reason="国务院决定取消该中介服务", withdrawn_on=None
        )
    catalogue.revise_item(world.actor("regulator"), "WAT-01", **version(reason="恢复列入清单"))
    assert not item_by_code(db.session, "WAT-01").withdrawn
    assert world.tender()


def test_a_new_item_is_listed_with_its_approval_matter_and_found(app: Flask, world: World) -> None:
    rebuild_index()
    visitor = sign_in(app, world, "regulator")
    values = {
        "code": "WAT-09",
        "name": "河道采砂可行性论证",
        "name_en": "Feasibility of river sand mining",
        "department": "水利",
        "new_matters": "河道采砂许可\n",
        "legal_basis": "《水法》第三十九条",
        "required_qualification": "无强制资质",
        "time_limit_days": "20",
        "pricing": "market",
        "measure": "none",
        **{
            f"{part}_{language}": "一\n二"
            for part in ("materials", "outputs", "checklist")
            for language in ("zh", "en")
        },
        "reason": "新设审批事项",
    }
    assert "大写字母" in visitor.submit("/items/new", **{**values, "code": "wat9"}).error_at("code")
    assert "至少一个审批事项" in visitor.submit("/items/new", **{**values, "new_matters": ""}).error_at(
        "matters"
    )
    assert "中英文" in visitor.submit("/items/new", **{**values, "outputs_en": " "}).error_at("materials_zh")
    assert visitor.submit("/items/new", **values).location == "/items/WAT-09/history"
    assert "已经用过" in visitor.submit("/items/new", **values).error_at("code")
    drain()
    db.session.rollback()
    assert "WAT-09" in app.extensions["search"].search(db.session, Query(words="caisha", kind="item")).keys
    matters = Visitor(app).get("/matters?q=采砂").soup
    assert Visitor(app).get("/matters?q=%E2%80%8B采 砂%E3%80%80").soup.select_one(
        "table"
    ) == matters.select_one("table"), "blanks and what nobody sees say nothing"
    assert [a["href"] for a in matters.select("td a")] == ["/items/WAT-09"]
    assert Visitor(app).get("/items/WAT-09").status == 200


@pytest.mark.parametrize(
    ("who", "change", "problem"),
    [
        ("department", {"department": "生态环境"}, NotAllowed),
        ("agency", {}, NotAllowed),
        ("far", {}, NotAllowed),
        ("county", {}, NotAllowed),
        ("department", {"effective_from": date(2026, 1, 1)}, RuleViolation),
        ("department", {}, RuleViolation),
        ("department", {"reason": "", "time_limit_days": 3}, RuleViolation),
        ("department", {"matters": []}, RuleViolation),
        ("department", {"required_practitioner": "某师"}, RuleViolation),
        ("department", {"fee_standard": "none"}, RuleViolation),
        ("department", {"measure": "weight"}, RuleViolation),
        ("department", {"name_en": " "}, RuleViolation),
    ],
)
def test_who_may_not_or_what_cannot_be(
    world: World, who: str, change: dict[str, Any], problem: type[Exception]
) -> None:
    world.authority("far", "regulator", region="540000")
    world.authority("county", "department", region="632801", department="水利")
    with pytest.raises(problem):
        catalogue.revise_item(world.actor(who), "WAT-01", **version(**change))
    assert [v.version for v in versions_of(db.session, "WAT-01")] == [1]
    with pytest.raises(NotFound):
        catalogue.revise_item(world.actor("regulator"), "NON-01", **version())


def test_a_version_never_begins_before_the_one_it_follows(world: World) -> None:
    catalogue.revise_item(
        world.actor("department"), "WAT-01", **version(time_limit_days=12, effective_from=date(2026, 5, 1))
    )
    with pytest.raises(RuleViolation, match="2026-05-01"):
        catalogue.revise_item(
            world.actor("department"),
            "WAT-01",
            **version(time_limit_days=11, effective_from=date(2026, 4, 1)),
        )


def test_what_would_this_cost_across_agencies(app: Flask, world: World) -> None:
    world.agency("other", 9_000_000)
    page = Visitor(app).get("/items/WAT-01")
    prices = [cell.get_text() for cell in page.soup.select("#cost tbody td:last-child")]
    assert prices == ["¥ 46,000.00", "¥ 48,000.00", "¥ 50,000.00", "¥ 90,000.00"]
    assert [dd.get_text() for dd in page.soup.select("#cost .facts dd")] == [
        "¥ 46,000.00",
        "¥ 49,000.00",
        "¥ 90,000.00",
    ]
    assert len(page.soup.select("#cost svg circle")) == 4
    assert (
        len(
            Visitor(app)
            .get("/items/WAT-01?region=632800")
            .soup.select("#cost tbody a[href^='/agencies/A-2026-00000']")
        )
        == 8
    )
    assert "还没有机构" in Visitor(app).get("/items/WAT-01?region=630100").text


def test_the_cost_by_a_standard_with_its_band_and_industry(app: Flask, world: World) -> None:
    plain, dear = (
        Visitor(app).get(f"/items/EIA-01?amount=60,000,000{more}") for more in ("", "&factor=化工")
    )
    said = [cell.get_text() for cell in plain.soup.select("#cost .total .num")]
    assert said
    assert said != [cell.get_text() for cell in dear.soup.select("#cost .total .num")]
    assert Visitor(app).get("/items/EIA-01?amount=60,000,000&factor=占星").status == 422


def test_the_policy_is_printed_in_words(app: Flask, world: World) -> None:
    """No key of ours, and no value that is one, stands where people read."""
    soup = Visitor(app).get("/policy").soup
    for section, body in policy.current().sections().items():
        assert soup.select_one(f"a[href='#{section}']"), "a long page has its contents first"
        shown = soup.select_one(f"section#{section}")
        assert shown is not None
        assert not re.findall(
            r"\b[a-z]+[._][a-z_.]+\b|\b(?:regulator|department|custodian|private|state|opened|closed|later|next|pay|owner|account)\b",
            shown.text,
        ), section
        for key in body:
            assert KEYS[f"{section}.{key}"] in shown.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_item_shows_each_published_price_before_anybody_says_a_size(
    app: Flask, world: World, language: str
) -> None:
    """For the usual job, as the search does, whatever the reader's language."""
    shown = [
        [cell.get_text(strip=True) for cell in Visitor(app, language=language).get(url).soup.select("td.num")]
        for url in ("/items/WAT-01", "/agencies?item=WAT-01")
    ]
    prices = [{text for text in cells if text.startswith("¥")} for cells in shown]
    assert prices[1], "as the search shows them"
    assert prices[1] <= prices[0]
