"""A bank's table nobody knows yet, told by the custodian on a page, and a line nobody could read.

At both widths and in both languages.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads
from tests.cases import case

UNKNOWN = """\
某某银行 客户回单
何时,进,出,剩,谁,写了什么
2026-03-02,8000.00,,8000.00,青湖测试科技有限公司,定金
2026-03-02,,一千元整,7000.00,高原测绘有限公司,看不懂的一行
"""


def table(width: int) -> bytes:
    """One of its own for each width: what is told once is remembered, and so are its lines."""
    return UNKNOWN.replace("何时", f"何时{width}").replace("公司", f"公司{width}").encode("gb18030")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {"CUSTODY_ACCOUNT": "资金托管专户|演示银行|6300000000000018"}


@pytest.mark.parametrize("width", [1440, 375])
def test_a_table_is_told_and_a_line_is_read(browser: Browser, site: Server, width: int) -> None:
    custodian = Walker(browser, site, "custodian@example.cn", width, script=True)
    custodian.open("/custody/import")
    custodian.upload("银行对账单", table(width), "回单.csv")
    custodian.press("导入银行对账单")
    assert "表头看不懂" in custodian.page.locator("main").inner_text()
    fits_and_reads(custodian.page)
    custodian.bad.clear()
    custodian.follow("指明各列")
    fits_and_reads(custodian.page)
    for place, role in enumerate(("日期", "收入金额", "支出金额", "余额", "对方户名", "附言、摘要"), start=1):
        custodian.page.get_by_label(f"第 {place} 列", exact=True).select_option(label=role)
    custodian.fill(表头在第几行="2")
    custodian.press("按这样导入")
    custodian.sees("看不懂的地方")
    fits_and_reads(custodian.page)
    custodian.page.get_by_role("link", name="处理").first.click()
    custodian.page.get_by_label("支出,金额和日期如下").check()
    fits_and_reads(custodian.page)
    custodian.page.locator("#amount").fill("1,000.00")
    custodian.press("处理这一笔")
    custodian.sees("1,000.00")


@pytest.mark.parametrize("width", [1440, 375])
def test_a_banks_own_file_comes_in_as_it_is(browser: Browser, site: Server, width: int) -> None:
    custodian = Walker(browser, site, "custodian@example.cn", width, script=True)
    custodian.open("/custody/import")
    custodian.upload("银行对账单", case("icbc.csv"), "明细.csv")
    custodian.press("导入银行对账单")
    custodian.sees("8,300.00", "明细.csv")
    fits_and_reads(custodian.page)
