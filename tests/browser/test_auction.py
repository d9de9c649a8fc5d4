"""A live auction with three bidders.

One sees prices arrive by themselves, one has no script and looks again.
"""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Browser, expect

from harness.lifecycle import START
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


def test_three_bidders_undercut_one_another_and_see_each_other_only_afterwards(
    browser: Browser, site: Server
) -> None:
    buyer = Walker(browser, site, "buyer@example.cn", 1280)
    buyer.open("/requests/new?item=WAT-01")
    buyer.draft("国有资金", "网上竞价", 项目名称="在线竞价的项目", 截止时间="2026-03-09T10:00")
    buyer.press("发布需求")
    tender = buyer.number(r"Q-2026-\d{6}")
    agencies = [
        Walker(browser, site, f"agency{n}@example.cn", width, script=n != 3)
        for n, width in ((1, 1280), (2, 375), (3, 375))
    ]
    for agency, price in zip(agencies, ("44,000", "45,000", "45,500"), strict=True):
        agency.open(f"/requests/{tender}")
        agency.follow("密封投标")
        agency.fill(价格=price, 工期="20")
        agency.press("密封投标")
        agency.sees("已密封")
    begun = START + timedelta(days=7, hours=1, minutes=2)
    site.set_clock(begun)
    site.command("tick")
    first, second, third = agencies
    for agency in agencies:
        agency.sign_in()
        agency.open(f"/requests/{tender}")
        agency.follow("进入竞价")
        agency.sees("现在最低", "¥ 44,000.00", "共 3 家")
    first.sees("领先")
    second.fill(新的价格="43,900")
    second.press("降价")
    second.page.wait_for_load_state()
    assert "不能高于 ¥ 43,780.00" in second.page.locator("main").inner_text()
    assert second.page.get_by_label("新的价格").input_value() == "43,900", "nothing typed is lost"
    second.bad.clear()
    second.fill(新的价格="43,000")
    second.press("降价")
    expect(second.page.locator("[data-live]")).to_contain_text("领先")
    expect(first.page.locator("[data-live]")).to_contain_text(
        "¥ 43,000.00", timeout=15_000
    )  # nobody reloaded
    expect(first.page.locator("[data-live]")).to_contain_text("落后")
    third.open(f"/requests/{tender}/auction")
    third.sees("¥ 43,000.00", "另一家", "排第 3")
    assert third.page.locator("noscript meta[http-equiv=refresh]").count() == 1
    third.fill(新的价格="42,000")
    third.press("降价")
    third.sees("领先")
    expect(second.page.locator("[data-live]")).to_contain_text("¥ 42,000.00", timeout=15_000)
    buyer.sign_in()
    for walker, others in (
        (first, ("agency2", "agency3")),
        (second, ("agency1", "agency3")),
        (buyer, ("agency1", "agency2", "agency3")),
    ):
        walker.open(f"/requests/{tender}/auction")
        walker.sees("¥ 42,000.00")
        content = walker.page.content()
        assert not any(f"{other} 有限公司" in content for other in others)
    fits_and_reads(first.page)
    site.set_clock(begun + timedelta(minutes=40))
    site.command("tick")
    for walker in (buyer, first, third):
        walker.open(f"/requests/{tender}/auction")
        walker.sees("最终最低", "agency2 有限公司", "agency3 有限公司", "¥ 43,000.00", "¥ 42,000.00")
    buyer.open(f"/requests/{tender}")
    buyer.follow("确定中选机构")
    buyer.fill(中选理由="网上竞价结束时报价最低")
    buyer.press("确定中选机构")
    buyer.sees("agency3 有限公司", "¥ 42,000.00", "中选公示")
    site.set_clock(START)
