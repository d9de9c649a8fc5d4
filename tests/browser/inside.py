"""A browser before the application of the test's own process: on the test's database, by the test's clock.

`conftest.py` has the other way, a market that runs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Protocol

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from harness.factories import PASSWORD
from tests.browser.conftest import CHROMIUM, QUIET

PATIENCE = 120_000  # ms, of a machine that is busy with other tests


class _Quiet(WSGIRequestHandler):
    def log(self, *said: object) -> None:
        """Nothing: the application has its own."""


class Opens(Protocol):
    """Opens a window for somebody, signed in if there is an `email`."""

    def __call__(self, email: str = "", language: str = "zh-CN", size: tuple[int, int] = ...) -> Screen: ...


@contextmanager
def opened(app: Flask) -> Iterator[Opens]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=PATIENCE)

        def window(email: str = "", language: str = "zh-CN", size: tuple[int, int] = (1280, 800)) -> Screen:
            return Screen(browser, f"http://127.0.0.1:{server.port}", email, language, size)

        yield window
        browser.close()
    server.shutdown()


class Screen:
    """One person's window."""

    def __init__(self, browser: Browser, url: str, email: str, language: str, size: tuple[int, int]) -> None:
        context = browser.new_context(
            base_url=url,
            locale=language,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",  # what moves is seen where it ends
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        if email:
            self.open("/sign-in")
            self.page.fill("[name=email]", email)
            self.page.fill("[name=password]", PASSWORD)
            self.send()

    def open(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.ok, path

    def send(self) -> None:
        """The main button of the page's form, which leads on."""
        with self.page.expect_navigation() as led:
            self.page.locator("main form[method=post] .buttons .btn-main").first.click()
        assert led.value.request.redirected_from, f"{self.page.url} refused"
