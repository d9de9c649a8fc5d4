"""A real browser: an agency hears of a public request, answers, loses, is told why, and objects in time."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Browser

from harness.lifecycle import START
from harness.server import Server
from tests.browser.conftest import Walker, fits_and_reads


def test_an_agency_hears_of_a_request_answers_loses_and_objects(browser: Browser, site: Server) -> None:
    agencies = [
        Walker(browser, site, f"agency{n}@example.cn", width, script=True)
        for n, width in ((1, 1280), (2, 375), (3, 1280))
    ]
    loser = agencies[1]
    loser.open("/requests?item=WAT-01")
    loser.follow("保存这个搜索")
    loser.press("保存搜索")
    loser.sees("水土保持方案", "有新的就通知")
    fits_and_reads(loser.page)

    buyer = Walker(browser, site, "buyer@example.cn", 1280, script=True)
    buyer.open("/requests/new?item=WAT-01")
    buyer.draft("国有资金", "竞价·最低价", 项目名称="听得到的项目", 截止时间="2026-03-09T10:00")
    buyer.press("发布需求")
    tender = buyer.number(r"Q-2026-\d{6}")
    site.command("tick")

    for agency, price in zip(agencies, ("41,000", "45,000", "43,000"), strict=True):
        agency.open("/my")
        agency.page.locator(".top").get_by_role("link", name="通知").click()
        agency.sees("听得到的项目", "可以承接的采购", "未读")
        agency.follow("听得到的项目")
        assert agency.page.url.endswith(f"/requests/{tender}")
        agency.open("/requests?able=1")
        agency.sees("听得到的项目")
        fits_and_reads(agency.page)
        agency.follow("听得到的项目")
        agency.follow("密封投标")
        agency.fill(价格=price, 工期="20")
        agency.press("密封投标")
        agency.open("/my/notices?kind=work&unread=1")
        assert "听得到的项目" not in agency.page.locator("main").inner_text(), "it was opened, so it was read"

    site.set_clock(START + timedelta(days=7, hours=1, minutes=2))
    site.command("tick")
    buyer.sign_in()
    buyer.open(f"/requests/{tender}")
    buyer.follow("确定中选机构")
    buyer.fill(中选理由="按公布的规则,有效报价中最低")
    buyer.press("确定中选机构")
    site.command("tick")

    loser.sign_in()
    loser.page.locator(".top").get_by_role("link", name="通知").click()
    loser.sees("未中选", "公示期内可以提出异议")
    fits_and_reads(loser.page)
    loser.page.get_by_role("link", name="未中选").first.click()
    loser.open(f"/requests/{tender}")
    loser.sees("未中选", "有效报价中最低", "第 3 名,共 3 名")
    card = loser.page.get_by_label("我的结果").inner_text()
    assert re.search(r"可以在 2026-03-\d\d \d\d:\d\d 前提出异议", card), card
    fits_and_reads(loser.page)
    loser.follow("提出异议")
    loser.fill(事实和理由="最低的报价低于成本,请复核其构成。")
    loser.press("提出异议")
    loser.sees("待业主答复")
    loser.open("/my/notices/settings")
    loser.page.get_by_label("可以承接的采购 · 邮件").select_option(label="马上")
    loser.press("保存")
    loser.sees("已保存")
    fits_and_reads(loser.page)
    loser.open("/outbox")
    loser.sees("未中选", "听得到的项目")

    winner = agencies[0]
    winner.sign_in()
    winner.open("/my/notices")
    winner.sees("贵单位中选")
    winner.press("全部标为已读")
    assert winner.page.locator(".top .count").count() == 0
    assert all(not walker.bad for walker in (*agencies, buyer))
