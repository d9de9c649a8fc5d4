"""The second factor in a browser.

A passkey of a virtual device, and an authenticator's codes without script.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from harness.lifecycle import START
from harness.server import ADMIN, Server
from tests.browser.conftest import fits_and_reads


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Who must shows a second factor here as in public.

    Passkeys are for a name, and a browser takes `localhost` for a safe one.
    """
    server = Server(tmp_path_factory.mktemp("site"), environment={"SECOND_FACTOR": "required"})
    server.url = f"http://localhost:{server.port}"
    server.environment["PUBLIC_URL"] = server.url
    server.set_clock(START)
    server.command("prepare")
    server.command("admin", ADMIN[0], "--name", "管理员", "--password", ADMIN[1])
    with server:
        yield server


def _page(browser: Browser, site: Server, *, script: bool) -> Page:
    context = browser.new_context(
        base_url=site.url, locale="zh-CN", java_script_enabled=script, viewport={"width": 375, "height": 900}
    )
    return context.new_page()


def _device(page: Page) -> None:
    """A device that makes passkeys, as Chromium plays one (CDP's WebAuthn domain)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.locator("main").get_by_label("邮箱").fill(ADMIN[0])
    page.locator("main").get_by_label("密码").fill(ADMIN[1])
    _press(page, "登录")


def _press(page: Page, text: str) -> None:
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=text, exact=True).click()


def test_codes_without_script_and_a_passkey_with_it(browser: Browser, site: Server) -> None:
    plain = _page(browser, site, script=False)
    _sign_in(plain)
    assert plain.url.endswith("/my/security"), "nothing else before"
    plain.goto("/my/security/authenticator")
    secret = plain.locator("code.secret").inner_text().replace(" ", "")
    plain.get_by_label("现在的密码").fill(ADMIN[1])
    plain.get_by_label("验证码").fill(pyotp.TOTP(secret).at(START))
    _press(plain, "设置验证器")
    assert plain.locator("ul.codes code").count() == 10
    plain.goto("/my")
    assert plain.url.endswith("/my")

    page = _page(browser, site, script=True)
    _device(page)
    _sign_in(page)
    assert page.url.endswith("/sign-in/second")
    site.set_clock(START + timedelta(seconds=30))
    page.get_by_label("验证码").fill(pyotp.TOTP(secret).at(START + timedelta(seconds=30)))
    _press(page, "登录")
    page.goto("/my/security/passkeys/new")
    page.get_by_label("现在的密码").fill(ADMIN[1])
    page.get_by_label("叫什么").fill("办公室电脑")
    _press(page, "增加通行密钥")
    assert page.url.endswith("/my/security"), page.locator("main").inner_text()
    assert "办公室电脑" in page.locator("main").inner_text()
    page.context.clear_cookies()
    _sign_in(page)
    fits_and_reads(page)
    _press(page, "用通行密钥")
    assert page.url.endswith("/my"), page.locator("main").inner_text()
    for path in (
        "/my/security",
        "/my/sessions",
        "/my/security/authenticator",
        "/my/security/passkeys/new",
        "/my/security/codes",
        "/my/security/remove",
        "/admin/letters",
        "/admin/people/factors",
    ):
        page.goto(path)
        fits_and_reads(page)
    page.context.clear_cookies()
    for path in ("/sign-in", "/forgotten", "/forgotten/sent"):
        page.goto(path)
        fits_and_reads(page)
