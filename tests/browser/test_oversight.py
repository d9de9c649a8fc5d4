"""A regulator finds an agency and reads its story, in two clicks from where it arrives."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


@pytest.mark.parametrize("width", [1440, 375])
def test_an_agencys_story_is_two_clicks_away(browser: Browser, site: Server, width: int) -> None:
    regulator = Walker(browser, site, "regulator@example.cn", width, script=True)
    regulator.follow("辖区机构")
    fits_and_reads(regulator.page)
    regulator.page.locator("table.list td > a").first.click()
    regulator.sees("经过", "各类事项", "信用")
    fits_and_reads(regulator.page)
    regulator.page.get_by_label("类别").select_option("register")
    regulator.press("筛选")
    regulator.sees("核验通过")
    assert set(regulator.page.locator("ol.timeline .tag").all_inner_texts()) == {"主体入驻"}
