"""Money on the pages.

A card at the gateway's own field, and the custodian's day from the bank's statement to the payout.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from harness.lifecycle import contracted, deliver, numbers, pay, statement
from harness.person import Person
from harness.server import Server
from models.payments.payment import reference
from tests.browser.conftest import Walker, fits_and_reads
from tests.payments.gateway import KEY, Bank, localstripe_at

# What the gateway's own script does: a field for the card's number, and the payment confirmed where the
# number goes.
FIELD = """
window.Stripe = () => ({
  elements: () => ({create: () => ({mount: place => {
    const number = document.createElement("input");
    number.setAttribute("aria-label", "卡号");
    document.querySelector(place).append(number);
  }})}),
  confirmCardPayment: async secret => {
    const said = await window.payAtGateway(secret, document.querySelector("#card input").value);
    return said ? {error: {message: said}} : {};
  },
});
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with localstripe_at(tmp_path_factory.mktemp("localstripe")) as url:
        yield Bank(url)


@pytest.fixture(scope="module")
def environment(gateway: Bank) -> dict[str, str]:
    return {
        "STRIPE_KEY": KEY,
        "STRIPE_PUBLIC_KEY": "pk_test_12345",
        "STRIPE_API": gateway.url,
        "CUSTODY_ACCOUNT": "资金托管专户|演示银行|6300000000000018",
    }


@pytest.fixture
def people(site: Server) -> dict[str, Person]:
    return {
        name: Person(site.url, name).sign_in(f"{name}@example.cn")
        for name in ("buyer", "agency1", "department")
    }


def test_a_card_is_declined_and_another_one_charged_once(
    browser: Browser, site: Server, gateway: Bank, people: dict[str, Person]
) -> None:
    contract = contracted(people["buyer"], people["agency1"])
    buyer = Walker(browser, site, "buyer@example.cn", 1280, script=True)

    def charged(secret: str, number: str) -> str:
        if (
            number != "4242424242424242"
        ):  # localstripe would take no second card on an intent; the gateway itself does
            return "Your card was declined."
        gateway.pay(secret.split("_secret")[0], number)
        return ""

    buyer.page.expose_function("payAtGateway", charged)
    buyer.page.route(
        "https://js.stripe.com/v3/", lambda route: route.fulfill(body=FIELD, content_type="text/javascript")
    )
    payment = people["buyer"].find(contract, r"M-2026-\d{6}")
    for _ in range(2):  # begun, left, and begun again
        buyer.open(f"/payments/{payment}")
        buyer.sees("怎么付", "付到托管账户", "¥ 9,000.00", "玖仟元整")
        buyer.follow("在线支付")
        buyer.press("银行卡")
        buyer.sees("不经过本平台")
    buyer.fill(卡号="4000000000000341")
    buyer.page.get_by_role("button", name="付款", exact=True).click()
    buyer.page.get_by_text("declined").wait_for()
    buyer.fill(卡号="4242424242424242")
    buyer.page.get_by_role("button", name="付款", exact=True).click()
    buyer.page.wait_for_url(f"**/payments/{payment}")
    buyer.sees("已核对到账", "已付款")
    intents = list(gateway.api.payment_intents.list().auto_paging_iter())
    assert [(intent.status, intent.amount) for intent in intents] == [("succeeded", 900_000)]
    buyer.open(contract)
    buyer.sees("托管余额", "¥ 9,000.00")


def test_from_the_banks_statement_to_the_payout(
    browser: Browser, site: Server, people: dict[str, Person]
) -> None:
    buyer, agency = people["buyer"], people["agency1"]
    contract = contracted(buyer, agency)
    pay(buyer, agency, contract)
    deliver(buyer, agency, people["department"], contract)
    pay(buyer, agency, contract)
    payments = numbers(buyer, contract, "M")
    deposit, rest = map(reference, payments)
    custodian = Walker(browser, site, "custodian@example.cn", 1280)
    waiting = numbers(agency, contract, "Z")[0]
    custodian.open(f"/payouts/{waiting}")  # what both sides say is not yet seen
    custodian.sees("等来款核对", "现在还不能拨付", payments[0])

    custodian.open("/custody")
    custodian.follow("导入银行对账单")
    custodian.upload(
        "银行对账单", statement((deposit, "9,000.00"), (rest, "36,000.00"), ("货款", "12.00")), "对账单.csv"
    )
    custodian.press("导入银行对账单")
    site.command("tick")
    custodian.page.reload()
    custodian.sees("已核对", "¥ 36,000.00", "附言里没有付款编号", "2 / 3")
    custodian.follow("处理")
    custodian.choose("不是平台的款")
    custodian.press("处理这一笔")
    assert custodian.bad.pop()
    custodian.fill(依据="电话问过汇款单位,系误汇")
    custodian.press("处理这一笔")
    custodian.sees("3 / 3", "都处理完了")

    payouts = numbers(agency, contract, "Z")
    for payout in payouts:
        custodian.open(f"/payouts/{payout}")
        custodian.sees("6228", "整")
        custodian.follow("拨付")
        custodian.fill(银行流水号=f"20260316{payout[-6:]}")
        custodian.press("拨付")
        custodian.sees("已拨付,待确认")
    receiving = Walker(browser, site, "agency1@example.cn", 375)
    for _payout in payouts:
        receiving.open("/my")
        receiving.follow("确认到账")
        receiving.act("确认到账")
        receiving.sees("已到账")
    custodian.open("/custody")
    custodian.sees("待查款", "¥ 12.00")
    pages = {
        "custodian": (
            "/custody",
            "/custody/statements/S-2026-000001",
            f"/payouts/{payouts[0]}",
            "/ledger/accounts/bank",
            "/ledger/entries/L-2026-000001",
        ),
        "agency1": (
            f"/payouts/{payouts[0]}",
            f"/payments/{payments[0]}",
            f"/payments/{payments[0]}/invoice",
            "/my/statement",
        ),
        "buyer": (f"/payments/{payments[0]}", f"/payments/{payments[0]}/online", "/my/statement"),
    }
    for width in (1440, 375):
        for who, paths in pages.items():
            walker = Walker(browser, site, f"{who}@example.cn", width, script=True)
            for path in paths:
                walker.open(path)
                fits_and_reads(walker.page)
            assert not walker.bad
