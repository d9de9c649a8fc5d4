"""Acts that bind, from an agreed price to the money: each page says what it binds to before it is done.

No page asks for money to a wrong account, offers what cannot be done yet, or says it was done too early.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.lifecycle import PDF, contracted, deliver, numbers, pay, statement
from harness.person import Person
from harness.server import Server
from models.payments.payment import reference
from tests.browser.conftest import Walker, fits_and_reads

CUSTODY = "6300000000000018"
SAID = ("办理前请看清", "办理后", "能否撤销")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {"CUSTODY_ACCOUNT": f"资金托管专户|演示银行|{CUSTODY}"}


def look(walker: Walker) -> None:
    """Wide and narrow, in both languages."""
    for language in ("English", "中文"):
        for width in (1440, 375):
            walker.page.set_viewport_size({"width": width, "height": 900})
            fits_and_reads(walker.page)
        with walker.page.expect_navigation():
            walker.page.get_by_role("button", name=language, exact=True).first.click()
    walker.page.set_viewport_size({"width": 1280, "height": 900})


def main_button(walker: Walker) -> str:
    """The words on the one main button of whose turn it is."""
    shown = walker.page.locator("aside .turn .btn-main").all_inner_texts()
    assert len(shown) == 1, shown
    return shown[0]


def test_from_an_agreed_price_to_the_award(browser: Browser, site: Server) -> None:
    buyer, agency = (
        Person(site.url).sign_in("buyer@example.cn"),
        Person(site.url).sign_in("agency1@example.cn"),
    )
    tender = buyer.draft("/requests/new?item=WAT-01", project="光伏基地水土保持方案", region_code="632801")
    buyer.submit(f"{tender}/publish")
    quote = agency.submit(f"{tender}/answer", price="45,000", days="20")
    walker = Walker(browser, site, "buyer@example.cn", 1280, script=True)
    walker.open(quote)
    walker.follow("同意这个价格")
    walker.sees(*SAID, "agency1 有限公司", "¥ 45,000.00", "谈妥不等于中选", "已谈妥", "不能撤销")
    look(walker)
    walker.press("同意这个价格")
    walker.sees("价格已谈妥。接下来由业主截止征集")
    for page in (quote, tender):
        walker.open(page)
        assert main_button(walker) == "截止征集"
    look(walker)
    walker.follow("截止征集")
    walker.sees(*SAID, "不再接受新的报价")
    walker.press("截止征集")
    walker.open(quote)
    assert main_button(walker) == "确定中选机构"
    walker.follow("确定中选机构")
    walker.sees(*SAID, "公示期", "立即转入合同", "已转合同", "不能撤销")
    look(walker)
    walker.choose("agency1 有限公司")
    walker.fill(中选理由="价格合理,工期满足要求")
    walker.press("确定中选机构")
    walker.sees("已转合同")


def test_from_the_signature_to_the_money_that_leaves(browser: Browser, site: Server) -> None:
    people = {
        name: Person(site.url).sign_in(f"{name}@example.cn") for name in ("buyer", "agency1", "department")
    }
    contract = contracted(people["buyer"], people["agency1"])
    buyer = Walker(browser, site, "buyer@example.cn", 1280, script=True)
    buyer.open(contract)
    assert main_button(buyer) == "付款到托管账户"
    deposit, *_rest = numbers(people["buyer"], contract, "M")
    buyer.open("/my")
    buyer.page.locator("main").get_by_role("link", name="上传付款凭证").first.click()
    buyer.sees("付到托管账户", CUSTODY, reference(deposit))
    assert "6228" not in buyer.page.locator("main").inner_text(), "not the agency's own account"
    look(buyer)
    buyer.follow("上传付款凭证")
    buyer.sees(*SAID, CUSTODY, "定金", "¥ 9,000.00", "agency1 有限公司")
    look(buyer)
    buyer.fill(银行流水号="2026030200001")
    buyer.upload("付款凭证", PDF)
    buyer.press("上传付款凭证")
    agency = Walker(browser, site, "agency1@example.cn", 1280, script=True)
    agency.open(f"/payments/{deposit}")
    agency.follow("确认到账")
    agency.sees(*SAID, "¥ 9,000.00", "不是付到本单位的账户")
    agency.press("确认到账")

    deliver(people["buyer"], people["agency1"], people["department"], contract)
    pay(people["buyer"], people["agency1"], contract)
    (payout,) = numbers(people["agency1"], contract, "Z")
    agency.open(contract)
    agency.sees("机构自己的收款账户", "业主不要付到这个账户", "等来款核对")
    assert "已付给机构" not in agency.page.locator("main").inner_text()
    custodian = Walker(browser, site, "custodian@example.cn", 1280, script=True)
    custodian.open(f"/payouts/{payout}")
    custodian.sees("现在还不能拨付", deposit)
    assert custodian.page.locator("main .btn-main").count() == 0
    assert "逾期" not in custodian.page.locator("main").inner_text()
    look(custodian)
    rows = [
        (reference(m), "9,000.00" if m == deposit else "36,000.00")
        for m in numbers(people["buyer"], contract, "M")
    ]
    Person(site.url).sign_in("custodian@example.cn").submit("/custody/import", file=statement(*rows))
    site.command("tick")
    custodian.open(f"/payouts/{payout}")
    assert main_button(custodian) == "拨付款项"
    custodian.follow("拨付")
    custodian.sees(*SAID, "收款单位", "agency1 有限公司", "¥ 45,000.00", "6228", "不能撤销")
    look(custodian)
    custodian.fill(银行流水号="2026031600009")
    custodian.press("拨付")
    agency.open(contract)
    agency.sees("已付给机构")
    look(agency)
