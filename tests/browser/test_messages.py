"""A real browser: a buyer writes on a contract with a file, the agency is told, reads, answers, has the file.

At both widths and in both languages the pages fit and read.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.lifecycle import PDF
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


@pytest.fixture(scope="module")
def contract(browser: Browser, site: Server) -> str:
    """An inquiry of the buyer's, answered by the first agency, awarded: the number of its contract."""
    buyer = Walker(browser, site, "buyer@example.cn", 1280)
    buyer.open("/requests/new?item=WAT-01")
    buyer.draft("社会资金", "询价议价", 项目名称="写消息的项目", 截止时间="2026-03-09T10:00")
    buyer.press("发布需求")
    tender = buyer.number(r"Q-2026-\d{6}")
    agency = Walker(browser, site, "agency1@example.cn", 1280)
    agency.open(f"/requests/{tender}/answer")
    agency.fill(价格="40,000", 工期="20")
    agency.press("报价")
    buyer.open(f"/requests/{tender}/close")
    buyer.press("截止征集")
    buyer.open(f"/requests/{tender}/award")
    buyer.choose("agency1")
    buyer.fill(中选理由="价格合理,工期满足")
    buyer.press("确定中选机构")
    site.command("tick")
    buyer.open("/contracts")
    return buyer.number(r"C-2026-\d{6}")


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1440), ("zh-CN", 375), ("en", 1440), ("en", 375)])
def test_the_pages_fit_and_read(
    browser: Browser, site: Server, contract: str, language: str, width: int
) -> None:
    walker = Walker(browser, site, "buyer@example.cn", width, script=True)
    walker.page.context.set_extra_http_headers({"Accept-Language": language})
    for path in (
        f"/cases/{contract}/messages",
        f"/cases/{contract}/contact",
        "/my/contacts",
        "/my/contacts/new",
        f"/contracts/{contract}",
    ):
        walker.open(path)
        fits_and_reads(walker.page)
    assert not walker.bad, walker.bad


def test_a_buyer_writes_and_the_agency_is_told_reads_answers_and_has_the_file(
    browser: Browser, site: Server, contract: str
) -> None:
    buyer = Walker(browser, site, "buyer@example.cn", 1440, script=True)
    buyer.open("/my/organisation")
    buyer.follow("联系人")
    buyer.follow("添加联系人")
    buyer.fill(姓名="才让", 负责什么="技术对接", 电话="0971-0000123")
    buyer.press("添加联系人")
    buyer.sees("才让", "0971-0000123")
    buyer.open(f"/contracts/{contract}")
    buyer.follow("指定联系人")
    buyer.press("指定联系人")  # the only one is chosen beforehand
    buyer.sees("我方联系人:才让")
    buyer.follow("来往消息")
    buyer.fill(消息="附件是最新的总平面图,请核对水源点。")
    buyer.upload("附件", PDF, "总平面图.pdf")
    buyer.press("发送")
    buyer.sees("请核对水源点", "总平面图.pdf")
    site.command("tick")

    agency = Walker(browser, site, "agency1@example.cn", 375, script=True)
    agency.open(f"/contracts/{contract}")
    agency.sees("1 条未读", "才让", "0971-0000123")
    agency.open("/my/notices?kind=message&unread=1")
    agency.follow("来了新消息")
    agency.sees("请核对水源点")
    fits_and_reads(agency.page)
    with agency.page.expect_download() as opened:
        agency.page.get_by_role("link", name="总平面图.pdf").click()
    assert opened.value.path().read_bytes() == PDF
    agency.fill(消息="收到,水源点没有变。")
    agency.press("发送")
    agency.sees("水源点没有变")
    agency.open("/my/notices?kind=message&unread=1")
    assert "来了新消息" not in agency.page.locator("main").inner_text()
    site.command("tick")
    buyer.open("/my/notices?kind=message&unread=1")
    buyer.follow("来了新消息")
    buyer.sees("水源点没有变")
    assert not buyer.bad
    assert not agency.bad

    loser = Walker(browser, site, "agency2@example.cn", 1440)
    loser.open(f"/cases/{contract}/messages")
    assert loser.bad, "whoever has no part in it finds nothing"
