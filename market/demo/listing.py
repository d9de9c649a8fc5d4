"""Lists others keep in the demonstration: one agency on one, one that disputes it, one on which sites differ.

And one that was taken off again. Their places are apart from those of the other stories.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from market.credit.actions import external, listings
from market.demo.stage import Stage, Story
from market.demonstration.people import REGULATOR, Figure, voucher
from market.extensions import db
from market.files import File, keep
from market.spreadsheets import Rows, as_csv
from models import clock, workdays
from models.accounts import Organisation
from models.credit.external_rows import HEADINGS
from models.credit.listings import ExternalListing

LISTED, DISPUTES, DIFFERS, OFF = 19, 31, 44, 46  # which agencies, by their places
DISPUTED, LAST = 6, 2  # working days before the end
ELSEWHERE = "91632801MA758QNH4A"  # of nobody in this market
AUTHORITY = "青海省海西州市场监督管理局(演示)"
HEADING = ["uscc", "name", "list", "number", "entered_on", "removed_on", "reason", "authority"]


def listing_stories(stage: Stage, until: datetime) -> Iterator[tuple[datetime, Story]]:
    """The one story of them all, with the instant at which it begins."""
    yield until - timedelta(days=40), _lists(stage.dealt("external lists"), until)


def _row(agency: Figure, days: int, reason: str, number: str, removed: str = "") -> list[str]:
    entered = (clock.today() - timedelta(days=days)).isoformat()
    return [agency.code, "", "经营异常名录", number, entered, removed, reason, AUTHORITY]


def _elsewhere(number: str) -> list[str]:
    entered = (clock.today() - timedelta(days=300)).isoformat()
    return [ELSEWHERE, "", "严重违法失信名单", number, entered, "", "提交虚假材料取得登记", AUTHORITY]


def _bring(stage: Stage, source: str, rows: Rows, whole: list[str]) -> None:
    heading = [HEADINGS[name][0] for name in HEADING]
    external.bring_in(
        stage.actors[REGULATOR],
        source=source,
        file_name=f"{source}-{clock.today().isoformat()}.csv",
        content=as_csv([heading, *rows]),
        whole=whole,
    )


def _lists(stage: Stage, until: datetime) -> Story:
    """A province's list first, then the national one twice, with what each says of whom."""
    yield stage.later(0)
    year = clock.today().year
    listed, disputes, differs, off = (stage.agencies[each] for each in (LISTED, DISPUTES, DIFFERS, OFF))
    province: Rows = [
        _row(differs, 30, "未按规定期限公示年度报告", f"省市监异〔{year}〕88号"),
        _row(listed, 25, "通过登记的住所或者经营场所无法联系", f"省市监异〔{year}〕91号"),
    ]
    _bring(stage, "province", province, ["abnormal"])
    yield stage.later(2)
    national: Rows = [
        _row(listed, 28, "通过登记的住所或者经营场所无法联系", f"市监异〔{year}〕307号"),
        _row(disputes, 26, "公示企业信息隐瞒真实情况、弄虚作假", f"市监异〔{year}〕309号"),
        _elsewhere(f"市监严失〔{year}〕2号"),
        _row(off, 60, "未按规定期限公示年度报告", f"市监异〔{year}〕240号"),
    ]
    _bring(stage, "gsxt", national, ["abnormal", "serious"])
    yield workdays.back(until, DISPUTED)
    db.session.rollback()
    found = db.session.scalars(
        select(ExternalListing.identifier)
        .join(Organisation, Organisation.id == ExternalListing.subject_id)
        .where(Organisation.uscc == disputes.code)
    ).one()
    listings.dispute(
        stage.actors[disputes.email],
        found,
        dispute="公示的年报数据在申报当日已经更正,登记机关出具了说明,附说明一份。",
        files=[File("登记机关说明.pdf", keep(voucher("external list")))],
    )
    yield workdays.back(until, LAST)
    _bring(stage, "gsxt", national[:3], ["abnormal", "serious"])
