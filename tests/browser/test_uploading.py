"""Files in pieces: progress seen and told, a connection that breaks, and nothing lost with the form."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from harness.factories import PDF
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


@pytest.mark.parametrize("width", [1440, 375])
def test_a_drawing_of_several_pieces_and_a_paper_go_with_a_request(
    browser: Browser, site: Server, tmp_path: Path, width: int
) -> None:
    drawings, paper = tmp_path / "总图和剖面图.zip", tmp_path / "批复.pdf"
    with zipfile.ZipFile(drawings, "w") as packed:
        packed.writestr("总图.dwg", os.urandom(9 << 20))
    paper.write_bytes(PDF)
    buyer = Walker(browser, site, "buyer@example.cn", width, script=True)
    page, broken = buyer.page, list[str]()

    def break_once(route: Any) -> None:
        """The second piece never arrives the first two times."""
        if re.search("start=[1-9]", route.request.url) and len(broken) < 2:
            broken.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/*?start=*", break_once)
    buyer.open("/requests/new")
    page.get_by_label("附件").set_input_files([drawings, paper])
    bar = page.get_by_role("progressbar", name="总图和剖面图.zip")
    expect(bar).to_be_visible(timeout=30_000)
    expect(page.get_by_role("status").filter(has_text="网络中断,正在重试")).to_be_visible(timeout=30_000)
    fits_and_reads(page)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/uploading-{width}.png", full_page=True)
    expect(page.get_by_role("checkbox", name="总图和剖面图.zip")).to_be_checked(timeout=30_000)
    expect(page.get_by_role("checkbox", name="批复.pdf")).to_be_checked(timeout=30_000)
    assert broken

    buyer.press("保存并继续")
    assert [bad[:3] for bad in buyer.bad] == ["422"]
    buyer.bad.clear()
    buyer.sees("处需要修改", "总图和剖面图.zip", "ZIP 压缩包", "批复.pdf")
    fits_and_reads(page)
    if folder:
        page.screenshot(path=f"{folder}/uploaded-{width}.png", full_page=True)
    page.get_by_label("附件").set_input_files(
        {"name": "说明.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\0"}
    )
    expect(page.get_by_role("alert").filter(has_text="说明.pdf")).to_contain_text("DWG", timeout=30_000)
    page.get_by_role("button", name="去掉 说明.pdf").click()
    buyer.bad.clear()
    page.get_by_label("服务事项").select_option(value="WAT-01")
    page.get_by_label("项目所在地区").fill("632801")
    buyer.press("保存,再加一份附件")
    buyer.sees("已附的文件", "总图和剖面图.zip", "批复.pdf")
    assert not buyer.bad


def test_what_is_lost_after_all_of_it_has_come_is_sent_again(
    browser: Browser, site: Server, tmp_path: Path
) -> None:
    drawing = tmp_path / "总图.zip"
    with zipfile.ZipFile(drawing, "w") as packed:
        packed.writestr("总图.dwg", os.urandom(5 << 20))
    buyer = Walker(browser, site, "buyer@example.cn", 1440, script=True)
    lost = list[Path]()

    def lose_once(route: Any) -> None:
        """The bytes are gone when they are to be put together, once."""
        if not lost:
            (arriving,) = site.home.rglob("arriving")
            lost.extend(arriving.iterdir())
            for path in lost:
                path.unlink()
        route.continue_()

    buyer.page.route("**/finish", lose_once)
    buyer.open("/requests/new")
    buyer.page.get_by_label("附件").set_input_files(drawing)
    expect(buyer.page.get_by_role("checkbox", name="总图.zip")).to_be_checked(timeout=60_000)
    assert lost
    assert [bad[:3] for bad in buyer.bad] == ["409"]
