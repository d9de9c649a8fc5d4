"""From the search box at home to the item, its price there and who does it; in both languages and widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


@pytest.mark.parametrize("width", [375, 1440])
def test_what_is_typed_at_home_leads_to_the_item_and_those_who_do_it(
    browser: Browser, site: Server, width: int
) -> None:
    visitor = Walker(browser, site, "", width, script=True)
    visitor.open("/")
    box = visitor.page.get_by_role("search").get_by_role("textbox")
    box.press_sequentially("格尔木 水保")
    visitor.page.locator(".suggestions").get_by_role("link", name="水土保持方案").wait_for()
    box.fill("格尔木水土保持方案多少钱")
    with visitor.page.expect_navigation():
        box.press("Enter")
    visitor.sees("您要找的是", "水土保持方案报告书(表)编制", "请三家报价", "¥")
    fits_and_reads(visitor.page)
    answer = visitor.page.locator(".answer")
    with visitor.page.expect_navigation():
        answer.get_by_role("link", name="水土保持方案").click()
    assert visitor.page.url.endswith("/items/WAT-01")
    visitor.page.go_back()
    with visitor.page.expect_navigation():
        answer.get_by_role("link", name="请三家报价").click()
    assert "item" in visitor.page.url, "whoever has not signed in comes back to it"


@pytest.mark.parametrize("width", [375, 1440])
def test_an_english_reader_finds_it_too(browser: Browser, site: Server, width: int) -> None:
    visitor = Walker(browser, site, "", width, script=True)
    visitor.open("/")
    visitor.page.get_by_role("button", name="English").click()
    visitor.page.get_by_role("search").get_by_role("textbox").fill("water and soil conservation plan Golmud")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("search").get_by_role("button").click()
    visitor.sees("You are looking for", "Soil and water conservation plan", "Ask three for quotes")
    fits_and_reads(visitor.page)
