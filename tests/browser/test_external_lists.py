"""A list others keep as its people meet it: brought in, read in public, disputed and answered."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness.factories import PDF
from harness.lifecycle import START
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads
from tests.credit.external_lists import row, table


def _picture(walker: Walker, name: str) -> None:
    """The page as a picture, for whoever asked for them; and that it fits and reads."""
    fits_and_reads(walker.page)
    if folder := os.environ.get("PICTURES"):
        walker.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1440, 375])
def test_an_entry_from_the_file_through_the_dispute_to_the_answer(
    browser: Browser, site: Server, width: int
) -> None:
    site.set_clock(START + timedelta(days=1 if width == 1440 else 2))
    regulator = Walker(browser, site, "regulator@example.cn", width, script=True)
    number = 1 if width == 1440 else 2
    agency = Walker(browser, site, f"agency{number}@example.cn", width, script=True)
    visitor = Walker(browser, site, "", width, script=True)

    visitor.open(f"/agencies/A-2026-00000{number}")
    found = re.search(r"[0-9A-Z]{18}", visitor.page.locator("main").inner_text())
    assert found is not None
    which = "经营异常名录"
    line = row(found[0], which, entered=(START - timedelta(days=9)).date().isoformat())
    regulator.open("/credit/external/new")
    _picture(regulator, f"bring-in-{width}")
    regulator.page.get_by_label("来源").select_option("gsxt")
    regulator.upload("表格", table(row("91632801MA758QNH40")), "名录.csv")
    regulator.press("导入")
    said = regulator.page.locator("main").inner_text()
    assert "一行也没有导入" in said
    assert "第 2 行" in said
    regulator.bad.clear()  # it was to be refused
    _picture(regulator, f"refused-{width}")
    regulator.page.get_by_label("来源").select_option("gsxt")
    regulator.upload("表格", table(line), "名录.csv")
    regulator.press("导入")
    regulator.sees("名录.csv", "已导入")
    _picture(regulator, f"fetches-{width}")
    regulator.open("/credit/external")
    regulator.sees(which, "计入")
    _picture(regulator, f"list-{width}")

    visitor.open(f"/agencies/A-2026-00000{number}/credit")
    visitor.sees("外部名录", which)
    _picture(visitor, f"score-{width}")
    agency.open(f"/agencies/A-2026-00000{number}/credit")
    agency.follow(which)
    listing = agency.page.url
    agency.follow("提出异议")
    agency.page.get_by_label("哪里不对").fill("我单位从未被列入,是同名企业误配,附登记机关证明。")
    agency.upload("证据", PDF)
    _picture(agency, f"dispute-{width}")
    agency.press("提出异议")
    agency.sees("有异议,待答复")
    visitor.open(f"/agencies/A-2026-00000{number}/credit")
    assert which not in visitor.page.locator("main").inner_text()

    regulator.page.goto(listing)
    regulator.sees("各网站怎么说", "以此为准")
    _picture(regulator, f"listing-{width}")
    regulator.follow("驳回异议,恢复计入")
    regulator.page.locator("main textarea").first.fill("登记机关确认就是该单位,异议不成立。")
    regulator.press("驳回异议,恢复计入")
    regulator.sees("列入,异议不成立")
    visitor.page.goto(listing)
    visitor.page.get_by_role("button", name="English").first.click() if width == 1440 else None
    _picture(visitor, f"public-{width}")
