"""A real browser: how far it is from the home page to three quotes side by side, for who was never here.

Counted is every click a person makes from the home page to the three quotes: links, buttons, and each radio
and box that is chosen; the link and the button of the letter that confirms the address too. Counted are the
fields that must be filled in and were not by what was said before, those of signing up and a radio that must
be chosen among them. Nothing said on the way is asked again.

Not counted is the check of who the enterprise is, which no choice of its own shortens: the licence it hands
in where no register answers for it, and the regulator's look at that. Nor what the agencies do to answer.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page

from harness.lifecycle import PDF, code
from harness.person import PASSWORD, Person
from harness.server import ADMIN, Server
from tests.browser.conftest import fits_and_reads

CLICKS, FIELDS = 10, 8
SIZED = "CON-03"  # priced by the sum of the works
PLACE = "青海省海西蒙古族藏族自治州格尔木市"


class Newcomer:
    """Somebody who counts what is asked of him."""

    def __init__(self, browser: Browser, site: Server) -> None:
        context = browser.new_context(
            base_url=site.url,
            locale="zh-CN",
            java_script_enabled=False,
            viewport={"width": 1280, "height": 900},
        )
        self.page: Page = context.new_page()
        self.clicks, self.filled = 0, set[str]()

    def click(self, place: Locator) -> None:
        self.clicks += 1
        with self.page.expect_navigation():
            place.first.click()

    def follow(self, text: str) -> None:
        self.click(self.page.get_by_role("link", name=text))

    def press(self, text: str) -> None:
        """Send a form of which every field that must be filled in is: each counts unless it was already."""
        main = self.page.locator("main")
        empty = [name for name in self._required() if not self._held(name)]
        assert not empty, f"{self.page.url} still asks for {empty}"
        self.click(main.get_by_role("button", name=text))

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            place = self.page.locator(f"main [name={name}]")
            self.filled.add(name)
            if place.first.get_attribute("type") == "radio":
                self.clicks += 1
                self.page.locator(f"main [name={name}][value={value}]").check()
            elif place.evaluate("e => e.tagName") == "SELECT":
                place.select_option(label=value)
            else:
                place.fill(value)

    def _required(self) -> list[str]:
        """The fields of the page's form that are marked as required, and wear the mark."""
        marked = self.page.locator("main form[method=post] .field:has(.must) [name]")
        return sorted({str(field.get_attribute("name")) for field in marked.all()})

    def _held(self, name: str) -> bool:
        field = self.page.locator(f"main [name={name}]")
        if field.first.get_attribute("type") == "radio":
            return self.page.locator(f"main [name={name}]:checked").count() == 1
        return field.input_value() != ""


def test_three_quotes_in_ten_clicks_and_eight_fields_for_a_job_without_a_size(
    browser: Browser, site: Server
) -> None:
    regulator = Person(site.url).sign_in("regulator@example.cn")
    new = Newcomer(browser, site)
    page = new.page
    page.goto("/")
    new.click(page.locator("a[href='/items/WAT-01']"))
    new.fill(region=PLACE)  # what it costs there: said once
    new.press("请三家报价")
    assert "/sign-up?next=" in page.url
    new.fill(
        name="才让",
        email="first@example.cn",
        password=PASSWORD,
        organisation="格尔木新能源有限公司",
        uscc=code(900),
    )
    new.press("提交")
    assert page.locator("[name=item_code]").input_value() == "WAT-01", "the item came along"
    assert "格尔木" in page.locator("[name=region_code]").input_value(), "and the place"
    _let_in(site, new, regulator, "first")
    assert page.locator("[name=funds]:checked").count() == 0
    new.fill(funds="private")
    new.press("保存并继续")
    assert page.url.endswith("/edit/whom"), (
        "who asks for three quotes said how to choose; without a size is none"
    )
    assert page.locator("[name=invited]:checked").count() == 0
    _asks_three(new)
    assert page.url.endswith("/publish")
    assert "格尔木市水土保持方案报告书(表)编制" in page.locator("main").inner_text(), (
        "a project without a name is called by what it is"
    )
    new.press("发布需求")
    _answer(site, page)
    new.follow("并排比较")
    _sees_three(new)


def test_and_with_a_size_from_the_search_box(browser: Browser, site: Server) -> None:
    """The three stand side by side on the request's own page; the size is one field more, the place none."""
    for number in (1, 2, 3):
        agency = Person(site.url).sign_in(f"agency{number}@example.cn")
        agency.submit("/my/fees/new", item_code=SIZED, method="fixed", price="50,000", days="30", standard="")
    Person(site.url).sign_in(*ADMIN).submit(
        "/admin/authorities/new",
        name="马晓兰",
        email="builders@example.cn",
        password=PASSWORD,
        organisation="省住房和城乡建设厅",
        uscc=code(902),
        region_code="630000",
        authority_role="department",
        department="住房城乡建设",
    )
    regulator = Person(site.url).sign_in("regulator@example.cn")
    new = Newcomer(browser, site)
    page = new.page
    page.goto("/")
    page.locator(".ask input").fill("格尔木 造价咨询")
    new.click(page.locator(".ask button"))
    new.follow("请三家报价")
    new.fill(
        name="卓玛",
        email="sized@example.cn",
        password=PASSWORD,
        organisation="察尔汗矿业有限公司",
        uscc=code(901),
    )
    new.press("提交")
    _let_in(site, new, regulator, "sized")
    new.fill(funds="private")
    new.press("保存并继续")
    new.fill(amount="五千万")
    new.press("保存并继续")
    _asks_three(new)
    new.press("发布需求")
    assert not page.url.endswith("/publish"), page.locator("main").inner_text()
    assert "50,000,000.00" in page.locator("main").inner_text()
    _answer(site, page)
    _sees_three(new)


def _asks_three(new: Newcomer) -> None:
    """Whom the page proposes, with its reasons, by the one button that says so."""
    said = new.page.locator("main form").inner_text()
    for reason in (
        "agency1 有限公司",
        "agency2 有限公司",
        "agency3 有限公司",
        "公示价",
        "信用最高",
        "询价议价",
    ):
        assert reason in said, reason
    new.press("就请这 3 家")


def _answer(site: Server, page: Page) -> None:
    """Three agencies quote for the request this page shows."""
    tender = page.url.removeprefix(site.url)
    for number, price in ((1, "45,000"), (2, "47,000"), (3, "44,500")):
        agency = Person(site.url).sign_in(f"agency{number}@example.cn")
        agency.submit(f"{tender}/answer", price=price, days="20")
    page.reload()


def _sees_three(new: Newcomer) -> None:
    text = new.page.locator("main").inner_text()
    for said in ("agency1 有限公司", "agency2 有限公司", "agency3 有限公司", "45,000", "47,000", "44,500"):
        assert said in text
    assert new.clicks <= CLICKS, new.clicks
    assert len(new.filled) <= FIELDS, new.filled


def _let_in(site: Server, new: Newcomer, regulator: Person, name: str) -> None:
    """The letter's link, in another tab, and its one button; then the regulator has looked at the licence."""
    tab = new.page.context.new_page()
    tab.goto("/outbox")
    for place in (tab.locator("a[href^='/confirm/']"), tab.get_by_role("button", name="确认", exact=True)):
        new.clicks += 1
        with tab.expect_navigation():
            place.first.click()
    tab.close()
    owner = Person(site.url).sign_in(f"{name}@example.cn")
    owner.submit("/my/licence", file=PDF)
    enterprise = owner.find("/my/organisation", r"E-2026-[0-9]{6}")
    regulator.submit(f"/agencies/{enterprise}/verify")


def test_going_back_loses_nothing_and_begins_no_second_draft(browser: Browser, site: Server) -> None:
    buyer = Newcomer(browser, site)
    page = buyer.page
    page.goto("/sign-in")
    buyer.fill(email="buyer@example.cn", password=PASSWORD)
    buyer.press("登录")
    before = len(_drafts(page))
    page.goto(
        "/requests/new?item=EIA-01&amount=5000万&region=632801&invite=A-2026-000001&nonsense=1&invite=X"
    )
    assert page.locator("[name=project]").input_value() == ""
    buyer.fill(project="格尔木光伏基地", description="装机 50 兆瓦")
    buyer.press("保存并继续")
    assert page.url.endswith("/edit/choice"), "the size was said on the way"
    page.go_back()
    assert page.locator("[name=project]").input_value() == "格尔木光伏基地"
    assert page.locator("[name=description]").input_value() == "装机 50 兆瓦"
    buyer.fill(project="格尔木光伏基地二期")
    buyer.press("保存并继续")
    page.goto(page.url.replace("/edit/choice", "/edit/size"))
    assert page.locator("[name=amount]").input_value() == "50000000.00"
    page.goto(page.url.replace("/edit/size", "/edit/whom"))
    assert page.locator("[name=only_invited]").is_checked() is True
    drafts = _drafts(page)
    assert len(drafts) == before + 1
    assert any("格尔木光伏基地二期" in each for each in drafts)


def _drafts(page: Page) -> list[str]:
    page.goto("/requests?state=draft&mine=1")
    return [row.inner_text() for row in page.locator("main tbody tr").all() if "Q-" in row.inner_text()]


def test_every_step_fits_and_reads(browser: Browser, site: Server) -> None:
    for width, language in ((1440, "zh-CN"), (375, "en-US")):
        context = browser.new_context(
            base_url=site.url, locale=language, viewport={"width": width, "height": 900}
        )
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#email", "buyer@example.cn")
        page.fill("#password", PASSWORD)
        page.locator("main button").click()
        page.goto("/requests/new?item=EIA-01&region=632801")
        fits_and_reads(page)
        page.locator("main form button").first.click()
        page.wait_for_url("**/edit/size")
        fits_and_reads(page)
        page.fill("[name=amount]", "1.2 亿")
        page.wait_for_timeout(600)
        page.locator("main form button").first.click()
        page.wait_for_url("**/edit/choice")
        fits_and_reads(page)
        page.check("[name=funds][value=state]")
        page.check("[name=mode][value=merit]")
        page.locator("main form button").first.click()
        page.wait_for_url("**/edit/whom")
        fits_and_reads(page)
        page.locator("main form button").first.click()
        page.wait_for_url("**/publish")
        fits_and_reads(page)
        page.goto("/requests/new?item=WAT-01&region=632801&mode=inquiry")
        page.check("[name=funds][value=private]")
        fits_and_reads(page)
        page.locator("main form button").first.click()
        page.wait_for_url("**/edit/whom")
        fits_and_reads(page)
        context.close()
