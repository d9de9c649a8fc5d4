"""The eight steps with a keyboard alone: Tab, Enter, Space, arrows and typing, and no mouse.

At every stop the focus is to be seen: the element has an outline, lies in the window, and nothing covers it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from harness.factories import PASSWORD, PDF, World
from tests.browser.inside import Screen, opened

STOPS = 200  # a page has fewer
# The element with the focus: whether it is the one looked for, and what is wrong with how it shows.
STOP = """([selector, text]) => {
  const e = document.activeElement;
  if (!e || e === document.body) return [false, ""];
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const x = Math.min(Math.max(0, box.left) + Math.min(box.width, innerWidth) / 2, innerWidth - 1);
  const over = document.elementFromPoint(x, box.top + Math.min(box.height / 2, 20));
  const around = getComputedStyle(e.parentElement).outlineStyle;
  const dated = e.matches("[type^=date]"); // has several stops, which the browser marks inside it
  const marked = dated || [style.outlineStyle, style.boxShadow, around].some((each) => each !== "none");
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const free = over && (over === e || e.contains(over) || over.contains(e));
  const wrong = [[marked, "no mark"], [inside, "out of the window"], [free, "covered"]]
    .filter(([fine]) => !fine).map(([, said]) => said);
  const here = e.matches(selector) && (e.textContent + (e.value || "")).includes(text);
  return [here, wrong.length ? `${wrong}: ${e.outerHTML.slice(0, 120)}` : ""];
}"""


class Typist:
    """Somebody without a mouse."""

    def __init__(self, screen: Screen) -> None:
        self.page, self.open = screen.page, screen.open
        self.unseen: list[str] = []

    def to(self, selector: str, text: str = "") -> None:
        """Go on with Tab until the focus is on it."""
        for _ in range(STOPS):
            self.page.keyboard.press("Tab")
            here, wrong = self.page.evaluate(STOP, [selector, text])
            if wrong:
                self.unseen.append(f"{self.page.url} {wrong}")
            if here:
                return
        raise AssertionError(f"no Tab leads to {selector} {text} on {self.page.url}")

    def press(self, selector: str, text: str = "") -> None:
        """A link or a button, and the page it leads to."""
        self.to(selector, text)
        self.enter()

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, selector: str, text: str) -> None:
        self.to(selector)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, name: str, value: str) -> None:
        """One of several, by arrows: Tab stops once at the whole group."""
        self.to(f"[name={name}]")
        if self.page.evaluate("document.activeElement.value") == value:
            self.page.keyboard.press("Space")
        for _ in range(12):
            if self.page.locator(f"[name={name}][value={value}]").is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {value} of {name}")

    def tick_all(self, selector: str) -> None:
        for _ in range(self.page.locator(selector).count()):
            self.to(selector)
            self.page.keyboard.press("Space")
        assert self.page.locator(f"{selector}:not(:checked)").count() == 0

    def upload(self, content: bytes = PDF) -> None:
        self.to("input[type=file]")
        self.page.locator(":focus").set_input_files(  # the window to choose in is the browser's own
            {"name": "文件.pdf", "mimeType": "application/pdf", "buffer": content}
        )
        self.page.locator("main progress").wait_for(state="detached")

    def send(self) -> None:
        self.press("main form[method=post] .buttons .btn-main")

    def number(self, pattern: str) -> str:
        """The newest of its kind on the page."""
        found = sorted(re.findall(pattern, self.page.locator("main").inner_text()))
        assert found, f"{pattern} on {self.page.url}"
        return str(found[-1])


@pytest.fixture
def typists(app: Flask, world: World) -> Iterator[Callable[[str], Typist]]:
    with opened(app) as window:
        yield lambda name: Typist(window(world.emails[name]))


def test_the_eight_steps_with_a_keyboard_alone(world: World, typists: Callable[[str], Typist]) -> None:
    buyer, agency, department = map(typists, ("buyer", "agency", "department"))
    tender = _ask(buyer)
    quote = _quote(agency)
    buyer.open("/my")  # 2
    buyer.press("main td a", "还价")
    buyer.press("main a", "还价")
    buyer.type("[name=price]", "40,000")
    buyer.send()
    agency.open(quote)
    agency.press("main a", "同意这个价格")
    agency.send()
    buyer.open(tender)  # 4
    buyer.press("main a", "截止征集")
    buyer.send()
    buyer.press("main a", "确定中选机构")
    buyer.choose("agency", world.identifiers["agency"])
    buyer.type("[name=reasons]", "价格合理,工期满足要求")
    buyer.send()
    contract = f"/contracts/{buyer.number(r'C-2026-[0-9]{6}')}"
    for person, act in ((buyer, "agree_buyer"), (agency, "agree_agency")):  # 5
        person.open(contract)
        person.press(f"main a[href$='/{act}']")
        person.tick_all("[name=understood]")
        person.type("[name=password]", PASSWORD)
        person.send()
    _pay(buyer, agency, contract)  # 6
    buyer.open(contract)
    buyer.press("main a[href$='/supply']")
    buyer.tick_all("main [name=ticked]")
    buyer.upload()
    buyer.send()
    agency.open(contract)
    agency.press("main a[href$='/confirm']")
    agency.send()
    agency.press("main a[href$='/submit']")  # 7
    agency.upload()
    agency.tick_all("main [name=ticked]")
    agency.send()
    buyer.open(contract)
    buyer.press("main a[href$='/accept']")
    buyer.tick_all("main [name=ticked]")
    buyer.send()
    department.open("/my")
    department.press("main td a", "评审")
    department.press("main a[href$='/pass']")
    department.send()
    _pay(buyer, agency, contract)  # 8
    assert "已完成" in buyer.page.locator("main").inner_text()
    unseen = [each for person in (buyer, agency, department) for each in person.unseen]
    assert not unseen, "\n".join(unseen)


def _ask(buyer: Typist) -> str:
    """The first step: from the search box to a published request; its path."""
    buyer.open("/")
    buyer.type(".ask input", "我要办水保")
    buyer.enter()
    buyer.press("main a[href='/items/WAT-01']")
    buyer.press("main button, main a", "请三家报价")
    buyer.type("[name=region_code]", "格尔木")
    buyer.type("[name=project]", "格尔木光伏基地")
    buyer.choose("funds", "private")
    buyer.send()
    buyer.press("main button", "不点名,公开征集")
    buyer.send()
    return f"/requests/{buyer.number(r'Q-2026-[0-9]{6}')}"


def _quote(agency: Typist) -> str:
    agency.open("/requests?state=published")
    agency.press("main td a", "格尔木光伏基地")
    agency.press("main a[href$='/answer']")
    agency.type("[name=price]", "45,000")
    agency.type("[name=days]", "20")
    agency.send()
    return f"/quotes/{agency.number(r'P-2026-[0-9]{6}')}"


def _pay(buyer: Typist, agency: Typist, contract: str) -> None:
    buyer.open(contract)
    buyer.press("main a", "付款到托管账户")
    buyer.press("main a[href$='/pay']")
    buyer.type("[name=bank_reference]", "2026030200001")
    buyer.upload()
    buyer.send()
    agency.open(contract)
    agency.press("main a[href$='/confirm']")
    agency.send()
    buyer.open(contract)


def test_a_term_is_explained_by_keyboard_and_escape_leads_back(typists: Callable[[str], Typist]) -> None:
    reader = typists("buyer")
    reader.open("/credit")
    reader.to("a.term")
    reader.page.keyboard.press("Enter")
    box = reader.page.get_by_role("dialog")
    assert "未评" in box.inner_text()
    assert reader.page.url.endswith("/credit"), "it opens in place"
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.closest('.term-box') !== null")
    reader.page.keyboard.press("Escape")
    assert not box.is_visible()
    assert reader.page.evaluate("document.activeElement.matches('a.term')")
    size = reader.page.locator("a.term").first.bounding_box()
    assert size is not None
    assert min(size["width"], size["height"]) >= 24
    reader.page.keyboard.press("Enter")
    reader.page.keyboard.press("Tab")
    reader.enter()
    assert "/help/glossary#grade" in reader.page.url
