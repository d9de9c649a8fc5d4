"""A real browser: an agency enters, on a telephone's width and without script.

From the first page to verified; and what script adds to searching and publishing.
"""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from harness.lifecycle import PDF, code
from harness.person import PASSWORD
from harness.server import Server
from tests.browser.conftest import Walker

STEPS = ("证照信息", "法定代表人", "经营场所", "从业人员", "收款账户", "材料")


def test_an_agency_enters_from_the_first_page_to_verified(browser: Browser, site: Server) -> None:
    agency = Walker(browser, site, "", 375)
    agency.open("/")
    agency.page.get_by_role("link", name="入驻", exact=True).click()
    agency.fill(
        姓名="卓玛",
        邮箱="new@example.cn",
        密码=PASSWORD,
        单位名称="昆仑水土保持有限公司",
        统一社会信用代码=code(700),
    )
    agency.choose("中介机构")
    agency.fill(所在地区="geermu")
    agency.press("提交")
    agency.sees("已填 0 / 6 步", *STEPS)
    agency.follow("接着填")
    agency.choose("公司(企业法人)")
    agency.fill(成立日期="2018-05-01", 经营范围="水土保持方案编制;水土保持监测")
    agency.press("保存并继续")
    agency.fill(**{"法定代表人": "卓玛", "联系电话": "0979-1"})
    agency.press("保存并继续")

    agency.open("/")  # it is left here, and taken up again
    again = Walker(browser, site, "new@example.cn", 375)
    again.open("/my")
    again.follow("填好入驻资料,提交核验")
    again.sees("已填 2 / 6 步")
    again.follow("接着填")
    again.fill(登记地址="昆仑路 1 号", 实际办公地址="昆仑路 1 号")
    again.choose("租赁")
    again.press("保存并继续")
    assert "租赁的场所要写明租期止" in again.page.locator("main").inner_text()
    assert again.page.get_by_label("登记地址").input_value() == "昆仑路 1 号", "nothing typed is lost"
    again.bad.clear()
    again.fill(租期止="2030-01-01")
    again.press("保存并继续")
    again.fill(姓名="才旦", 证书编号="Z-77", 有效期起="2025-01-01", 有效期止="2031-01-01")
    again.page.locator("select[name=kind]").select_option(label="注册咨询工程师")
    again.press("登记这位从业人员")
    again.fill(开户银行="演示银行", 户名="昆仑水土保持有限公司", 账号="6228000012345678")
    again.press("保存并继续")
    for paper in ("营业执照", "办公场所产权证明或租赁合同", "从业人员劳动合同和社会保险证明", "章程"):
        again.page.locator("select[name=kind]").select_option(label=paper)
        again.upload("文件", PDF)
        again.press("提交这份材料")
    again.sees("承诺书", "不出借、转让资质")
    here = again.page.url
    again.open("/outbox")
    again.page.locator("a[href^='/confirm/']").first.click()
    again.press("确认")
    again.open(here)
    again.choose("先核验后入驻")
    again.choose("我已阅读承诺书")
    again.press("提交")
    again.sees("待核验", "监管部门")

    regulator = Walker(browser, site, "regulator@example.cn", 1280)
    regulator.page.get_by_role("link", name="昆仑水土保持有限公司").first.click()
    regulator.sees("水土保持方案编制", "营业执照", "昆仑水土保持有限公司", "才旦", "6228000012345678")
    regulator.act("核验机构")
    regulator.sees("已入驻")
    again.open("/my")
    again.sees("公示第一项收费")
    screens: list[str] = []
    again.page.on("framenavigated", lambda frame: screens.append(frame.url))
    again.follow("公示第一项收费")
    again.page.get_by_label("服务事项").select_option(value="WAT-01")
    again.press("下一步:填价格")
    again.sees("这个事项每单一个价,不看规模。")
    again.fill(**{"价格(元)": "47,000", "承诺工期": "20"})
    again.press("公示这项收费")
    again.sees("第 1 版", "现行")
    assert [url.removeprefix(site.url).split("?")[0] for url in screens] == [
        "/my/fees/new",
        "/my/fees/new",
        again.page.url.removeprefix(site.url),
    ], "the item, the price, and it is published: three screens"
    again.open("/my/fees/new?item=WAT-01")
    again.fill(**{"价格(元)": "46,500"})
    again.press("试算")
    again.sees("您的价格", "¥ 46,500.00", "现行公示价", "其他机构", "¥ 46,000.00 – ¥ 50,000.00")
    site.command("tick")
    again.open("/agencies?q=昆仑水土保持")
    again.sees("昆仑水土保持有限公司")


def test_with_script_a_search_suggests_and_a_price_is_worked_out_while_typing(
    browser: Browser, site: Server
) -> None:
    agency = Walker(browser, site, "agency1@example.cn", 1280, script=True)
    agency.open("/")
    box = agency.page.locator(".ask input")
    box.press_sequentially("shuitu")
    first = agency.page.locator(".suggestions a").first
    expect(first).to_contain_text("水土保持方案")
    box.press("ArrowDown")
    expect(first).to_be_focused()
    agency.page.keyboard.press("Enter")
    expect(agency.page).to_have_url(f"{site.url}/items/WAT-01")
    agency.open("/my/fees/new?item=WAT-01")
    agency.fill(**{"价格(元)": "43,000"})
    expect(agency.page.locator("#preview")).to_contain_text("¥ 43,000.00")
    agency.open("/my/fees/new?item=CON-03")
    price, table = (agency.page.locator(f"[name={name}]") for name in ("price", "table"))
    agency.choose("固定价")
    expect(price).to_be_visible()
    expect(table).to_be_hidden()
    agency.choose("插入法")
    expect(price).to_be_hidden()
    table.fill("500万, 4万\n2000万, 10万")
    agency.fill(**{"试算的规模": "1000万"})
    expect(agency.page.locator("#preview")).to_contain_text("1000万(¥ 10,000,000.00)")
    expect(agency.page.locator("#preview")).to_contain_text("¥ 60,000.00")
    assert not agency.bad
