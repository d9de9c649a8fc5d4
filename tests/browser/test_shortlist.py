"""From the list of agencies to the invitation: ticked, side by side, kept; with and without a script."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads

PATHS = (
    "/agencies?item=WAT-01&region=yushu",
    "/compare?agency=A-2026-000001&agency=A-2026-000002&agency=A-2026-000003&item=WAT-01&region=632801",
    "/compare",
    "/my/agencies",
    "/agencies/A-2026-000001?item=WAT-01&region=632801",
)


@pytest.mark.parametrize("width", [1440, 375])
@pytest.mark.parametrize("script", [False, True])
def test_a_buyer_finds_compares_and_invites(browser: Browser, site: Server, width: int, script: bool) -> None:
    walker = Walker(browser, site, "buyer@example.cn", width, script=script)
    walker.open("/agencies?item=WAT-01")
    walker.fill(服务地区="gem")
    walker.press("找机构")
    region = walker.page.locator("input[name=region]").first
    assert region.input_value().endswith("格尔木市")
    for name in ("agency1", "agency3"):
        walker.choose(f"选 {name}")
    walker.press("并排比较")
    walker.sees("¥ 50,000.00", "¥ 46,000.00", "最低", "服务地区")
    if script:
        fits_and_reads(walker.page)
    with walker.page.expect_navigation():
        walker.page.get_by_role("button", name=re.compile("^(取消)?收藏 agency1")).click()
    assert urlsplit(walker.page.url).path == "/compare", "back where one was"
    walker.follow("邀请这 2 家报价")
    asked = parse_qs(urlsplit(walker.page.url).query)
    asked.pop("key")  # by which one draft is begun
    assert asked == {
        "invite": ["A-2026-000001", "A-2026-000003"],
        "item": ["WAT-01"],
        "region": ["632801"],
        "mode": ["inquiry"],
    }


@pytest.mark.parametrize("width", [1440, 375])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_its_pages_fit_and_read_in_both_languages(
    browser: Browser, site: Server, width: int, language: str
) -> None:
    walker = Walker(browser, site, "buyer@example.cn", width, script=True)
    walker.page.context.set_extra_http_headers({"Accept-Language": language})
    for path in PATHS:
        walker.open(path)
        fits_and_reads(walker.page)
    assert all(bad.startswith("422 ") and "region=yushu" in bad for bad in walker.bad), walker.bad
