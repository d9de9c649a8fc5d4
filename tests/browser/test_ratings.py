"""A bad rating: followed up until it is mended, replied to, appealed, and hidden with its reason."""

from __future__ import annotations

from playwright.sync_api import Browser

from harness.lifecycle import PDF, deliver, drawn_up, pay, sign
from harness.person import Person
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads

WORDS, REPLY = "项目负责人张三的电话一直打不通", "已经更换项目负责人,并补充了资料"
REASON = "评语写出了个人姓名,依规定隐去"


def look(walker: Walker) -> None:
    """Wide and narrow, in both languages."""
    for language in ("English", "中文"):
        for width in (1440, 375):
            walker.page.set_viewport_size({"width": width, "height": 900})
            fits_and_reads(walker.page)
        with walker.page.expect_navigation():
            walker.page.get_by_role("button", name=language, exact=True).first.click()
    walker.page.set_viewport_size({"width": 1280, "height": 900})


def _settled(site: Server) -> str:
    """A contract whose price is paid."""
    buyer, agency, department = (
        Person(site.url).sign_in(f"{name}@example.cn") for name in ("buyer", "agency1", "department")
    )
    contract: str = drawn_up(buyer, agency)
    sign(buyer, agency, contract)
    pay(buyer, agency, contract)
    deliver(buyer, agency, department, contract)
    pay(buyer, agency, contract)
    return contract


def _rate(walker: Walker, level: str, comment: str) -> None:
    for group in walker.page.locator("main fieldset").all():
        group.get_by_label(level).check()
    walker.fill(评语=comment)
    walker.press("评价")


def test_a_bad_rating_is_followed_up_replied_to_appealed_and_hidden(browser: Browser, site: Server) -> None:
    contract = _settled(site)
    buyer, agency, regulator = (
        Walker(browser, site, f"{name}@example.cn", 1280, script=True)
        for name in ("buyer", "agency1", "regulator")
    )
    buyer.open(contract)
    buyer.follow("评价", exact=True)
    look(buyer)
    _rate(buyer, "非常不满意(1)", WORDS)
    buyer.sees("已密封", "双方都评价或者期满后公开")
    agency.open(contract)
    assert WORDS not in agency.page.content(), "sealed"
    agency.follow("评价", exact=True)
    _rate(agency, "非常满意(5)", "配合很好")

    agency.open("/my")
    agency.sees("差评回访", "联系评价方")
    agency.page.locator("main a[href*='/follow-ups/']").first.click()
    followed = agency.page.url
    agency.sees("待联系评价方", WORDS, "非常不满意")
    look(agency)
    agency.follow("联系评价方")
    agency.fill(联系情况="当天上午电话联系了业主负责人,听取了意见")
    agency.press("联系评价方")
    agency.follow("提交处理结果")
    look(agency)
    agency.fill(处理结果="已经更换项目负责人,补充了现场资料,并书面答复业主")
    agency.upload("材料", PDF)
    agency.press("提交处理结果")
    agency.sees("待评价方确认")
    buyer.open("/my")
    buyer.page.locator("main a[href*='/follow-ups/']").first.click()
    buyer.sees("当天上午电话联系", "已经更换项目负责人")
    buyer.follow("已解决", exact=True)
    buyer.press("已解决")
    buyer.sees("评价方确认已解决")

    agency.open(followed)
    agency.page.locator("main .facts a[href*='/ratings/']").first.click()
    rating = agency.page.url
    agency.follow("回复评价")
    look(agency)
    agency.fill(回复=REPLY)
    agency.press("回复评价")
    agency.sees(REPLY)
    assert agency.page.get_by_role("link", name="回复评价").count() == 0, "once"
    visitor = Walker(browser, site, "", 375, script=True)
    visitor.open(rating)
    visitor.sees(WORDS, REPLY, "非常不满意", "评价方确认已解决")
    look(visitor)

    agency.follow("对评价申诉")
    look(agency)
    agency.choose("含有个人信息")
    agency.fill(事实和理由="评语写出了项目负责人的姓名,属于个人信息")
    agency.upload("证据", PDF)
    agency.press("对评价申诉")
    agency.sees("已公布,申诉处理中", "正在申诉")
    buyer.open("/my")
    buyer.page.locator("main a[href*='/rating-appeals/']").first.click()
    buyer.follow("说明情况")
    buyer.fill(说明情况="评语写的是工作上的联系人,没有别的意思")
    buyer.press("说明情况")
    buyer.sees("待监管部门处理")
    regulator.open("/my")
    regulator.page.locator("main a[href*='/rating-appeals/']").first.click()
    regulator.sees("含有个人信息", WORDS, "没有别的意思")
    look(regulator)
    regulator.follow("申诉成立,隐去评价")
    regulator.sees("不能恢复", WORDS)
    regulator.fill(理由=REASON)
    regulator.press("申诉成立,隐去评价")
    regulator.sees("申诉成立,评价已隐去", REASON)

    for walker in (visitor, buyer, agency):
        walker.open(rating)
        walker.sees("依决定隐去", "含有个人信息", REASON)
        assert WORDS not in walker.page.content()
        assert REPLY not in walker.page.content()
    look(visitor)
    assert all(not walker.bad for walker in (buyer, agency, regulator, visitor))
