"""The browser, a running market, and the people who walk through it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from harness.lifecycle import START, people
from harness.person import PASSWORD
from harness.server import Server, market

CHROMIUM = next(
    (path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), ""
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser(site: Server) -> Iterator[Browser]:
    """Closed before its market stops, which would wait for the streams its pages hold."""
    assert CHROMIUM, "`make browser` installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Settings of the site that differ from the usual."""
    return {}


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a market in which everybody has signed up, to be copied."""
    home = tmp_path_factory.mktemp("peopled")
    with market(home, at=START) as server:
        people(server)
    return home


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, peopled: Path, environment: dict[str, str]
) -> Iterator[Server]:
    home = shutil.copytree(peopled, tmp_path_factory.mktemp("site") / "home")
    with Server(home, environment=environment) as server:
        yield server


WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def fits_and_reads(page: Page) -> None:
    """The page as it stands scrolls sideways nowhere, and axe, which needs scripts, finds nothing on it."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    results = Axe().run(page, options={"runOnly": WCAG})
    assert results.violations_count == 0, f"{page.url}: {results.generate_report()}"


class Walker:
    """One person at one screen. Every page it meets is answered well and scrolls sideways nowhere."""

    def __init__(
        self, browser: Browser, site: Server, email: str, width: int, *, script: bool = False
    ) -> None:
        context = browser.new_context(
            base_url=site.url,
            locale="zh-CN",
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
        )
        self.page: Page = context.new_page()
        self.page.on("response", self._seen)
        self.bad: list[str] = []
        self.email = email
        if email:
            self.sign_in()

    def sign_in(self) -> None:
        """As this person; anew where days have passed, for sessions end."""
        self.open("/sign-in")
        self.fill(邮箱=self.email, 密码=PASSWORD)
        self.press("登录")
        assert self.page.url.endswith("/my")

    def _seen(self, response: Any) -> None:
        if response.status >= 400:
            self.bad.append(f"{response.status} {response.url}")

    def open(self, path: str) -> None:
        self.page.goto(path)

    def follow(self, text: str, *, exact: bool = False) -> None:
        """Click a link of the page itself, or where there is none of these words, of the menus around it."""
        named = self.page.get_by_role("link", name=text, exact=exact)
        links = named.and_(self.page.locator(":not(.term)"))  # none that explains the word
        inside = self.page.locator("main").locator(links)
        if inside.count():
            links = inside
        elif not links.count():
            self.page.locator("header details summary").click()
        with self.page.expect_navigation():
            links.first.click()

    def field(self, label: str) -> Locator:
        """What is filled in at this label; not the mark beside it, which explains the word."""
        labelled = self.page.locator("main").get_by_label(label)
        return labelled.and_(self.page.locator("input, select, textarea")).first

    def fill(self, **fields: str) -> None:
        for label, value in fields.items():
            self.field(label).fill(value)

    def choose(self, text: str) -> None:
        self.field(text).check()

    def tick_all(self) -> None:
        for box in self.page.locator("main input[type=checkbox]").all():
            box.check()

    def upload(self, label: str, content: bytes, name: str = "文件.pdf") -> None:
        self.field(label).set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        )

    def press(self, text: str) -> None:
        """Send a form, and wait for the page that answers: nobody else looks before it is done."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("button", name=text).first.click()

    def draft(self, *choices: str, **fields: str) -> None:
        """From the first step of a request to the last: its place, what is chosen, and what is filled in."""
        self.fill(项目所在地区="格尔木")
        until = fields.pop("截止时间", "")
        self.fill(**fields)
        left = self._choose_here(choices)
        self.press("保存并继续")
        if left:
            assert not self._choose_here(left), left
            self.press("保存并继续")
        if until:
            self.fill(截止时间=until)
        openly = self.page.get_by_role("button", name="不点名,公开征集")
        self.press("不点名,公开征集" if openly.count() else "保存并继续")

    def _choose_here(self, texts: Sequence[str]) -> list[str]:
        """Choose what this page offers; what it does not."""
        left = [text for text in texts if not self.field(text).count()]
        for text in texts:
            if text not in left:
                self.choose(text)
        return left

    def act(self, text: str) -> None:
        """The button of a case page, and the confirmation it leads to."""
        self.follow(text)
        self.press(text)

    def sees(self, *texts: str) -> None:
        content = self.page.locator("main").inner_text()
        for text in texts:
            assert text in content, f"{self.page.url} does not say {text}"
        box = self.page.locator("html").bounding_box()
        assert box is not None
        assert not self.bad, self.bad

    def number(self, pattern: str) -> str:
        found = re.search(pattern, self.page.locator("main").inner_text())
        assert found, pattern
        return found[0]
