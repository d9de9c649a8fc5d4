"""A new company comes to its first contract, is told it needs a letter, and signs once it was checked."""

from __future__ import annotations

from playwright.sync_api import Browser

from harness.lifecycle import PDF, code, drawn_up
from harness.person import PASSWORD, Person
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads

NEW = "mandate@example.cn"
LACKING = "还没有授权您签署合同"


def look(walker: Walker) -> None:
    """Wide and narrow, in both languages."""
    for language in ("English", "中文"):
        for width in (1440, 375):
            walker.page.set_viewport_size({"width": width, "height": 900})
            fits_and_reads(walker.page)
        with walker.page.expect_navigation():
            walker.page.get_by_role("button", name=language, exact=True).first.click()
    walker.page.set_viewport_size({"width": 1280, "height": 900})


def test_a_new_company_signs_once_its_letter_was_checked(browser: Browser, site: Server) -> None:
    new = Walker(browser, site, "", 1280, script=True)
    new.open("/sign-up")
    new.sees("第一次签署合同、付款之前", "授权书")
    new.fill(
        姓名="才让卓玛", 邮箱=NEW, 密码=PASSWORD, 单位名称="湟源新能源有限公司", 统一社会信用代码=code(700)
    )
    new.choose("企业(项目业主)")
    new.fill(所在地区="632801")
    new.press("提交")
    new.open("/outbox")
    new.page.locator("main a[href*='/confirm/']").first.click()
    new.press("确认")
    buyer, agency, regulator = (
        Person(site.url).sign_in(f"{name}@example.cn") for name in ("mandate", "agency1", "regulator")
    )
    buyer.submit("/my/licence", file=PDF)
    regulator.submit(f"/agencies/{buyer.find('/my/organisation', r'E-2026-[0-9]{6}')}/verify")
    new.open("/my")
    new.sees("办理签署付款授权")
    contract = drawn_up(buyer, agency)

    new.open(contract)
    new.sees(LACKING, "期限照常计算")
    assert new.page.locator(f"main a[href='{contract}/agree_buyer']").count() == 0
    look(new)
    new.follow("办理签署付款授权")
    new.sees("您现在可以", "还没有授权", "怎么办")
    look(new)
    new.follow("填写授权书")
    new.page.check("[name=covers][value=sign]")
    new.page.check("[name=covers][value=pay]")
    new.press("填写授权书")
    letter = new.page.url
    new.sees("下载授权书", "待上传证明")
    look(new)
    with new.page.expect_download() as begun:
        new.page.get_by_role("link", name="下载授权书").click()
    assert begun.value.suggested_filename.endswith(".pdf")
    new.follow("上传证明")
    new.upload("证明的扫描件", PDF)
    new.press("上传证明")
    new.sees("待核对")

    checker = Walker(browser, site, "regulator@example.cn", 1280, script=True)
    checker.open("/my")
    checker.follow("湟源新能源有限公司")
    checker.sees("授权书", "待核对")
    look(checker)
    checker.follow("确认授权有效")
    checker.sees("与扫描件逐项核对", "才让卓玛", "湟源新能源有限公司")
    look(checker)
    checker.press("确认授权有效")
    checker.sees("有效")

    new.open(letter)
    look(new)
    new.open("/my/organisation")
    new.sees("您可以代表本单位:签署合同、付款")
    look(new)
    new.open(contract)
    new.page.locator(f"main a[href='{contract}/agree_buyer']").first.click()
    new.page.locator("main [name=understood]").check()
    new.fill(登录密码=PASSWORD)
    new.page.locator("main form[method=post] button").last.click()
    new.page.wait_for_url(f"**{contract}")
    new.sees("待机构签署")
