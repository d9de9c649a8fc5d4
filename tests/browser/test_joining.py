"""Two people of one company: the second asks, the first lets her in; and a refused form takes the focus."""

from __future__ import annotations

from playwright.sync_api import Browser

from harness.lifecycle import code
from harness.person import PASSWORD
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads

SECOND = "second@example.cn"
FOCUSED = "document.activeElement.className"


def test_the_second_person_of_a_company_is_let_in_by_the_first(browser: Browser, site: Server) -> None:
    second = Walker(browser, site, "", 1440, script=True)
    second.open("/sign-up")
    second.sees("现在:", "第一次发布需求或报价之前:", "第一次签署合同、付款之前:", "授权书")
    second.press("提交")
    assert "refused" in second.page.evaluate(FOCUSED), "the list of what is wrong has the focus"
    second.page.get_by_role("link", name="统一社会信用代码:").click()
    assert second.page.evaluate("document.activeElement.name") == "uscc"
    fits_and_reads(second.page)
    assert [bad[:3] for bad in second.bad] == ["422"]
    second.bad.clear()

    second.fill(姓名="卓玛", 邮箱=SECOND, 密码=PASSWORD, 单位名称="buyer", 统一社会信用代码=code(10))
    second.choose("企业(项目业主)")
    second.fill(所在地区="632801")
    second.press("提交")
    second.sees("已经有人用这个统一社会信用代码入驻了", "请管理员同意我加入", "授权书")
    claim = second.page.url
    fits_and_reads(second.page)
    second.open("/outbox")
    second.page.locator("main a[href*='/confirm/']").first.click()
    second.press("确认")
    second.open(claim)
    second.follow("请管理员同意我加入")
    second.fill(您是谁="采购部的卓玛,分机 8021。")
    second.press("请管理员同意我加入")
    second.sees("已经请管理员同意")

    first = Walker(browser, site, "buyer@example.cn", 375, script=True)
    first.open(claim)
    first.follow("同意加入")
    first.sees("卓玛", SECOND, "分机 8021")
    fits_and_reads(first.page)
    first.press("同意加入")
    first.open("/my/organisation")
    first.sees("卓玛")

    second.open("/my/organisation")
    second.sees("buyer", "卓玛")
    second.open("/my/security")
    second.press("在所有设备退出")
    second.sees("已在所有设备退出。")
