"""A real browser: three people walk the eight steps, without script, wide and narrow.

And what axe says of the pages.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from harness.lifecycle import PDF, START
from harness.person import PASSWORD
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


def test_three_people_walk_the_eight_steps(browser: Browser, site: Server) -> None:
    buyer = Walker(browser, site, "buyer@example.cn", 1280)
    agency = Walker(browser, site, "agency1@example.cn", 375)
    department = Walker(browser, site, "department@example.cn", 1280)

    buyer.open("/")  # 1 询价: from the search box to a published request
    buyer.page.locator(".ask input").fill("我要办水保")
    buyer.page.get_by_role("button", name="找机构").click()
    with buyer.page.expect_navigation():
        buyer.page.locator(".answer").get_by_role("link", name="水土保持方案").click()
    buyer.sees("一次性告知", "您要准备的材料", "¥ 50,000.00")
    buyer.press("请三家报价")
    buyer.draft("社会资金", 项目名称="格尔木光伏基地水土保持方案", 需求说明="装机 50 兆瓦")
    buyer.press("发布需求")
    buyer.sees("正在征集", "询价")
    tender = buyer.number(r"Q-2026-\d{6}")

    agency.open("/requests?state=published")
    agency.follow("格尔木光伏基地水土保持方案")
    agency.follow("报价")
    agency.fill(价格="60,000", 工期="20")
    agency.press("报价")
    assert agency.bad
    assert agency.page.get_by_label("价格").input_value() == "60,000", "nothing typed is lost"
    assert "不得高于自己公示的收费" in agency.page.locator("main").inner_text()
    agency.bad.clear()
    agency.fill(价格="45,000")
    agency.press("报价")
    agency.sees("等业主答复")
    quote = agency.number(r"P-2026-\d{6}")

    buyer.open("/my")  # 2 议价
    buyer.page.get_by_role("link", name="还价").first.click()
    buyer.follow("还价")
    buyer.fill(价格="40,000", 工期="18")
    buyer.press("还价")
    agency.open(f"/quotes/{quote}")
    agency.act("同意这个价格")
    agency.sees("已谈妥", "¥ 40,000.00")

    buyer.open(f"/requests/{tender}")  # 4 确认
    buyer.act("截止征集")
    buyer.follow("确定中选机构")
    buyer.choose("agency1 有限公司")
    buyer.fill(中选理由="价格合理,工期满足要求")
    buyer.press("确定中选机构")
    buyer.sees("中选", "已转合同")
    contract = buyer.number(r"C-2026-\d{6}")

    buyer.open(f"/contracts/{contract}")  # 5 签订合同
    agency.open(f"/contracts/{contract}")
    agency.follow("修改条款")
    agency.fill(补充约定="超出部分另行收费,本合同的最终解释权归乙方。")
    agency.press("提出修改")
    agency.sees("标价之外加收费用", "《价格法》第十三条", "一方独享解释权", "与模板不同")
    buyer.open(f"/contracts/{contract}")
    buyer.follow("修改条款")
    buyer.fill(补充约定="踏勘由双方共同进行。")
    buyer.press("提出修改")
    buyer.sees("条款检查没有发现问题", "踏勘由双方共同进行", "与模板不同")
    _sign(buyer, contract, "业主签署")
    _sign(agency, contract, "机构签署")
    _check(buyer, contract)
    _pay(buyer, agency, contract)  # 6 预付定金
    buyer.open(f"/contracts/{contract}")
    buyer.sees("待业主提供资料", "还剩 5 个工作日")
    buyer.follow("提供资料")
    buyer.tick_all()
    buyer.upload("资料文件", PDF)
    buyer.press("提供资料")
    agency.open(f"/contracts/{contract}")
    agency.act("确认资料齐全")
    agency.sees("资料齐全")

    agency.open("/my")  # 7 交付结果
    agency.page.get_by_role("link", name="提交成果").first.click()
    agency.follow("提交成果")
    agency.upload("成果文件", PDF)
    agency.tick_all()
    agency.press("提交成果")
    agency.sees("待业主验收")
    buyer.open(f"/contracts/{contract}")
    buyer.follow("退回修改")
    buyer.page.locator("#point_0").fill("附图比例尺有误")
    buyer.fill(总的意见="请更正附图后重报")
    buyer.press("退回修改")
    buyer.follow("逐项验收记录")
    buyer.sees("附图比例尺有误", "第 1 稿")
    agency.open(f"/contracts/{contract}")
    agency.follow("提交成果")
    agency.upload("成果文件", PDF + b"2")
    agency.tick_all()
    agency.press("提交成果")
    buyer.open(f"/contracts/{contract}")
    buyer.follow("验收", exact=True)
    buyer.tick_all()
    buyer.press("验收")
    department.open("/my")
    department.page.locator("main").get_by_role("link", name="评审").first.click()
    department.follow("评审", exact=True)
    department.press("评审")
    department.sees("评审通过")
    _pay(buyer, agency, contract)  # 8 结款
    buyer.sees("已完成", "托管余额", "¥ 0.00")

    for walker, stars in ((buyer, "5"), (agency, "4")):
        walker.open(f"/contracts/{contract}")
        walker.follow("评价")
        for group in walker.page.locator("main fieldset").all():
            group.get_by_label(f"({stars})").check()
        walker.fill(评语="合作愉快")
        walker.press("评价")
    agency.sees("已公布", "合作愉快")
    site.command("tick")
    buyer.open("/credit")
    buyer.sees("agency1 有限公司", "B")


def _sign(walker: Walker, contract: str, act: str) -> None:
    walker.open(f"/contracts/{contract}")
    walker.follow(act)
    walker.sees("您将签署", "SHA-256")
    walker.tick_all()
    walker.fill(登录密码=PASSWORD)
    walker.press(act)


def _check(walker: Walker, contract: str) -> None:
    """The signed PDF comes down, and the public page knows it again."""
    walker.open(f"/contracts/{contract}")
    with walker.page.expect_download() as download:
        walker.page.get_by_role("link", name="下载合同 PDF").click()
    content = download.value.path().read_bytes()
    for bent, said in ((content, "一个字节也没有改过"), (content.replace(b"/Rect", b"/Rekt", 1), "改动过")):
        walker.open(f"/check/{contract}")
        walker.upload("手里的文件", bent)
        walker.press("核对")
        walker.sees(said)


def _pay(buyer: Walker, agency: Walker, contract: str) -> None:
    buyer.open(f"/contracts/{contract}")
    buyer.follow("付款到托管账户")
    buyer.follow("上传付款凭证")
    buyer.fill(银行流水号="2026030200001")
    buyer.upload("付款凭证", PDF)
    buyer.press("上传付款凭证")
    agency.open(f"/contracts/{contract}")
    agency.act("确认到账")
    buyer.open(f"/contracts/{contract}")
    buyer.sees("双方已确认")


def test_a_sealed_bid_is_opened_at_its_time(browser: Browser, site: Server) -> None:
    buyer = Walker(browser, site, "buyer@example.cn", 1280)
    buyer.open("/requests/new?item=WAT-01")
    buyer.draft("国有资金", "竞价·最低价", 项目名称="密封投标的项目")
    buyer.press("发布需求")
    tender = buyer.number(r"Q-2026-\d{6}")
    agencies = [Walker(browser, site, f"agency{n}@example.cn", 375) for n in (1, 2, 3)]
    for agency, price in zip(agencies, ("43,210", "43,211", "43,212"), strict=True):
        agency.open(f"/requests/{tender}")
        agency.follow("密封投标")
        agency.fill(价格=price, 工期="20")
        agency.press("密封投标")
        agency.sees("已密封", "回执")
    for walker in [buyer, *agencies]:
        walker.open(f"/requests/{tender}")
        assert "43,21" not in walker.page.content()
    site.set_clock(START + timedelta(days=12))
    site.command("tick")
    for walker in [buyer, *agencies]:
        walker.open(f"/requests/{tender}")
        walker.sees("¥ 43,210.00", "¥ 43,211.00", "¥ 43,212.00")
    site.set_clock(START)


PAGES = (
    "/",
    "/items",
    "/items/WAT-01",
    "/items/WAT-01/history",
    "/matters",
    "/demanded?report=WAT-01",
    "/agencies",
    "/agencies?item=WAT-01&order=price",
    "/agencies/A-2026-000001",
    "/agencies/A-2026-000001/fees/WAT-01",
    "/agencies/A-2026-000001/credit",
    "/requests",
    "/awards",
    "/credit",
    "/policy",
    "/contract-templates",
    "/contract-templates/survey",
    "/clause-rules",
    "/check",
    "/sign-in",
    "/sign-up",
)
OWN = {
    "buyer": (
        "/my",
        "/my/signing",
        "/my/signing/bring",
        "/requests/new?item=WAT-01",
        "/my/organisation",
        "/my/notices",
        "/contracts",
        "/my/delegations/new",
        "/my/statement",
        "/payouts",
    ),
    "agency1": (
        "/my/entry",
        "/my/entry/licence",
        "/my/entry/practitioners",
        "/my/entry/materials",
        "/my/entry/commitment",
        "/my/fees/new",
        "/my/credit-report",
        "/imports",
        "/imports/new?kind=fees",
    ),
    "department": ("/reviews", "/oversight/first-pass"),
    "regulator": (
        "/my",
        "/oversight/clauses",
        "/oversight/first-pass",
        "/contract-templates/report/revise",
        "/oversight/checks",
        "/oversight/register",
        "/items/WAT-01/edit",
        "/items/new",
        "/imports/new?kind=agencies",
        "/oversight/money",
        "/custody",
        "/custody/differences",
        "/ledger",
        "/ledger/accounts",
        "/ledger/closings",
    ),
}


@pytest.mark.parametrize(("width", "language"), [(1440, "zh-CN"), (375, "en-US")])
def test_pages_fit_and_axe_finds_nothing(browser: Browser, site: Server, width: int, language: str) -> None:
    context = browser.new_context(
        base_url=site.url, locale=language, viewport={"width": width, "height": 900}
    )
    page, found = context.new_page(), []
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('csp ' + "
        "e.violatedDirective))"
    )
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)

    def look(path: str) -> None:
        page.goto(path)
        fits_and_reads(page)

    for path in PAGES:
        look(path)
    for who, paths in reversed(OWN.items()):  # the buyer last: it goes on below
        context.clear_cookies()
        page.goto("/sign-in")
        page.fill("#email", f"{who}@example.cn")
        page.fill("#password", PASSWORD)
        page.locator("main button").click()
        for path in paths:
            look(path)
    page.goto("/requests/new?item=WAT-01")
    page.locator("main form button").first.click()
    page.wait_for_load_state()
    fits_and_reads(page)
    assert not [text for text in found if "422" not in text], found
    context.close()
