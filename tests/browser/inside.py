"""A browser whose addresses the application answers in the test's own process, by the test's own clock.

What leads on is not followed by itself (a browser would ask for it past what is answered here): see `arrive`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIET
from tests.web import Visitor

ORIGIN = "http://localhost"
PATIENCE = 120_000  # ms, of a machine that is busy with other tests


@contextmanager
def opened() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=PATIENCE)
        yield browser
        browser.close()


class Screen:
    """One person's window; `email` is signed in already."""

    def __init__(
        self,
        browser: Browser,
        app: Flask,
        email: str = "",
        language: str = "zh-CN",
        size: tuple[int, int] = (1280, 800),
    ) -> None:
        self.visitor = Visitor(app, email, language)
        self.onward, self.shown = "", dict[str, tuple[bytes, str]]()
        context = browser.new_context(
            base_url=ORIGIN, locale=language, viewport={"width": size[0], "height": size[1]}
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        request, path = route.request, route.request.url.removeprefix(ORIGIN)
        if path in self.shown:  # a style or a script
            body, kind = self.shown[path]
            return route.fulfill(body=body, content_type=kind)
        answer = self.visitor.send(
            request.method, path, request.post_data_buffer or b"", request.headers.get("content-type", "")
        )
        body, kind = answer.response.get_data(), str(answer.response.content_type)
        if request.is_navigation_request():
            self.onward = answer.location
        elif request.method == "GET" and answer.status == 200:
            self.shown[path] = body, kind
        status = 200 if answer.location else answer.status
        return route.fulfill(status=status, body=body, content_type=kind)

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.arrive()

    def arrive(self) -> None:
        """Go on to where what was just sent leads."""
        while self.onward:
            self.page.goto(self.onward)
