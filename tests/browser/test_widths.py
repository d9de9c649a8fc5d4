"""Pages with tables and letters in them, at the width of a telephone: nothing runs out of its card."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from harness.person import PASSWORD
from harness.server import ADMIN, Server
from tests.browser.conftest import Walker

SPILLS = """() => [document.documentElement.scrollWidth - window.innerWidth,
  ...[...document.querySelectorAll('.card')].map(card => card.scrollWidth - card.clientWidth)
].filter(over => over > 0)"""


@pytest.mark.parametrize(("width", "language"), [(1440, "zh"), (375, "zh"), (375, "en")])
def test_nothing_runs_out_of_its_card(browser: Browser, site: Server, width: int, language: str) -> None:
    pages = {
        ADMIN[0]: (
            "/admin/letters",
            "/admin/failures",
            "/accounts",
            "/my/sessions",
            "/admin/override",
            "/admin/override?number=E-2026-000001",
            "/check",
            "/contracts?money=any",
            "/deliverables",
            "/ledger",
            "/oversight/agencies",
            "/oversight/checks",
            "/oversight/follow-ups",
            "/oversight/rating-appeals",
            "/oversight/first-pass",
            "/oversight/permit-times",
            "/oversight/permit-times/matters",
            "/oversight/money",
            "/oversight/months",
        ),
        "agency1@example.cn": ("/outbox", "/my/sessions", "/my/entry"),
    }
    spilt = []
    for email, paths in pages.items():
        walker = Walker(browser, site, "", width)
        walker.open("/sign-in")
        walker.fill(邮箱=email, 密码=ADMIN[1] if email == ADMIN[0] else PASSWORD)
        walker.press("登录")
        if language == "en":
            walker.page.get_by_role("button", name="English").click()
        for path in paths:
            walker.open(path)
            if over := walker.page.evaluate(SPILLS):
                spilt.append((path, over))
        assert not walker.bad, walker.bad
    assert not spilt, spilt


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("who", ["", "enterprise1@example.cn", "agency1@example.cn", ADMIN[0]])
def test_the_bar_at_the_top_is_a_line_with_every_link_in_reach(
    browser: Browser, site: Server, who: str, language: str
) -> None:
    """One line of a telephone or a screen, at most two between, whoever reads; nothing too small to hit."""
    walker = Walker(browser, site, "", 1440)
    page = walker.page
    if who:
        walker.open("/sign-in")
        walker.fill(邮箱=who, 密码=ADMIN[1] if who == ADMIN[0] else PASSWORD)
        walker.press("登录")
    walker.open("/")
    if language == "en":
        page.get_by_role("button", name="English").click()
    reached = []
    for width, most in ((1440, 110), (1024, 110), (768, 64), (375, 64)):
        page.set_viewport_size({"width": width, "height": 800})
        walker.open("/")
        assert page.locator("header.top").bounding_box()["height"] <= most, width  # type: ignore[index]
        summary = page.locator("header details summary")
        if summary.is_visible():
            summary.press("Enter")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        links = page.locator("header :is(a, button, summary):visible")
        boxes = [link.bounding_box() for link in links.all()]
        assert all(box and box["height"] >= 24 and box["width"] >= 24 for box in boxes), (width, boxes)
        reached.append({link.inner_text().strip() for link in page.locator("header a:visible").all()} - {""})
    assert all({*names} >= {name for name in reached[0] if "\n" not in name} for names in reached), reached
