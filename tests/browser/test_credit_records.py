"""A credit record as its people walk it: proposed, told, answered, decided, published, repaired.

At a desk and on a telephone, and read in both languages; every page fits and axe finds nothing on it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from harness.factories import PDF
from harness.lifecycle import START
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads

FACTS = "合同补充条款约定定金在任何情况下概不退还,有合同文本为证。"


@pytest.mark.parametrize("width", [1440, 375])
def test_a_record_from_proposal_through_defence_to_repair(browser: Browser, site: Server, width: int) -> None:
    began = START + timedelta(days=1 if width == 1440 else 200)
    site.set_clock(began)
    regulator = Walker(browser, site, "regulator@example.cn", width, script=True)
    agency = Walker(browser, site, "agency1@example.cn", width, script=True)
    visitor = Walker(browser, site, "", width, script=True)

    regulator.follow("辖区信用记录")
    regulator.follow("提出信用记录")
    fits_and_reads(regulator.page)
    regulator.fill(当事人="A-2026-000001", 拟认定的事实=FACTS, 来源=f"青市监合字第{width}号")
    regulator.page.get_by_label("类别").select_option("unfair_terms")
    regulator.upload("证据", PDF)
    regulator.press("提出信用记录")
    regulator.sees("使用不公平的格式条款", "轮到您:告知当事人", FACTS)
    record = regulator.number(r"X-\d{4}-\d{6}")
    agency.open("/my/records")
    agency.sees("信用记录")
    assert record not in agency.page.locator("main").inner_text()
    regulator.act("告知当事人")
    regulator.sees("已告知,待陈述申辩", "还没有人打开")

    agency.open("/my")
    agency.sees("陈述申辩")
    agency.open(f"/credit/records/{record}")
    agency.sees(FACTS, "您的权利", "轮到您:陈述申辩", "合同行政监督管理办法")
    fits_and_reads(agency.page)
    agency.follow("陈述申辩", exact=True)
    fits_and_reads(agency.page)
    agency.fill(陈述和申辩="条款已经删除,未实际扣过定金,请从轻处理。")
    agency.press("陈述申辩")
    agency.sees("条款已经删除", "待认定")

    regulator.open(f"/credit/records/{record}")
    regulator.sees("条款已经删除", "打开")
    regulator.follow("认定", exact=True)
    regulator.sees("条款已经删除", "3 到 12 个月")
    fits_and_reads(regulator.page)
    regulator.fill(对陈述申辩的答复="已经采纳,期限从轻。", 认定的理由="事实清楚,予以认定。")
    regulator.field("期限(月)").fill("6")
    regulator.press("认定")
    regulator.sees("生效", "已经采纳,期限从轻。")
    fits_and_reads(regulator.page)

    visitor.open("/credit/records")
    visitor.sees("使用不公平的格式条款", "合同行政监督管理办法")
    fits_and_reads(visitor.page)
    visitor.follow("agency1")
    visitor.sees(FACTS, record, "公示到期")
    fits_and_reads(visitor.page)

    site.set_clock(began + timedelta(days=100))
    for walker in (regulator, agency):
        walker.sign_in()
    agency.open(f"/credit/records/{record}")
    agency.follow("申请信用修复")
    agency.fill(信用承诺="承诺不再使用不公平的格式条款,接受社会监督。")
    agency.upload("履行义务的证明", PDF)
    fits_and_reads(agency.page)
    agency.press("申请信用修复")
    agency.sees("待修复决定")
    regulator.open(f"/credit/records/{record}")
    regulator.follow("同意修复")
    regulator.fill(理由="条款已经改正,承诺已经公开。")
    regulator.press("同意修复")
    regulator.sees("已修复", "只有当事人和监管部门看得到")

    visitor.open("/credit/records")
    assert record not in visitor.page.locator("main").inner_text()
    site.set_clock(START)
    visitor.open("/agencies/A-2026-000001")
    assert record not in visitor.page.locator("main").inner_text()
    visitor.page.goto(f"/credit/records/{record}")
    assert "/sign-in" in visitor.page.url
