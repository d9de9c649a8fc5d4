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


@pytest.mark.parametrize("width", [1440, 375])
def test_nothing_runs_out_of_its_card(browser: Browser, site: Server, width: int) -> None:
    pages = {
        ADMIN[0]: (
            "/admin/letters",
            "/admin/failures",
            "/accounts",
            "/my/sessions",
            "/admin/override",
            "/admin/override?number=E-2026-000001",
            "/check",
        ),
        "agency1@example.cn": ("/outbox", "/my/sessions", "/my/entry"),
    }
    spilt = []
    for email, paths in pages.items():
        walker = Walker(browser, site, "", width)
        walker.open("/sign-in")
        walker.fill(邮箱=email, 密码=ADMIN[1] if email == ADMIN[0] else PASSWORD)
        walker.press("登录")
        for path in paths:
            walker.open(path)
            if over := walker.page.evaluate(SPILLS):
                spilt.append((path, over))
        assert not walker.bad, walker.bad
    assert not spilt, spilt
