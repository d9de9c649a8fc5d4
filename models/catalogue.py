"""The catalogue: which intermediary services an approval needs, and everything a person must know
beforehand (一次性告知)."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import pricing
from models.base import Base, Code, Json, Name
from models.regions import Region, published
from models.text import N_, RuleBroken

DATA = Path(__file__).parent / "data"
PRICING = {
    "government_guided": N_("政府指导价"),
    "government_set": N_("政府定价"),
    "market": N_("市场调节价"),
}
DEPARTMENTS = (
    N_("生态环境"), N_("水利"), N_("自然资源"), N_("林草"), N_("发展改革"), N_("住房城乡建设"), N_("消防救援"), N_("气象"),
    N_("应急管理"), N_("卫生健康"), N_("地震"), N_("文物"), N_("交通运输"), N_("公安交管"), N_("财政"), N_("市场监管"), N_("司法行政"),
)  # fmt: skip
MEASURES = {"amount": N_("金额"), "count": N_("数量"), "none": N_("不按数量")}


class ServiceItem(Base):
    """One version of a service item. Cases keep the version they began with.

    `measure` says what a job is priced by: `amount` (a sum, named by `measure_label`), `count`, or
    `none`. `notice` holds the one-time notice by language: `materials`, `outputs`, `checklist`.
    """

    __tablename__ = "service_items"
    __table_args__ = (UniqueConstraint("code", "version"),)

    code: Mapped[str] = mapped_column(String(12), index=True)
    version: Mapped[int]
    name: Mapped[Name]
    name_en: Mapped[Name]
    department: Mapped[Code] = mapped_column(index=True)
    approval_matter: Mapped[Name]
    legal_basis: Mapped[Name]
    required_qualification: Mapped[Name]
    qualification_mandatory: Mapped[bool]
    time_limit_days: Mapped[int]
    pricing: Mapped[Code]
    fee_standard: Mapped[str | None] = mapped_column(String(60))
    measure: Mapped[str] = mapped_column(String(10))
    measure_label: Mapped[Name]
    commissioned: Mapped[bool]
    notice: Mapped[Json] = mapped_column(deferred=True)  # long, and lists do not show it
    effective_from: Mapped[date]
    withdrawn_on: Mapped[date | None]

    @property
    def standard(self) -> Json | None:
        """The published fee standard this item refers to, if any."""
        return pricing.standards()[self.fee_standard] if self.fee_standard else None

    @property
    def checklist(self) -> list[str]:
        points: list[str] = self.notice["zh"]["checklist"]
        return points


    def check_quantity(self, quantity: Json) -> None:
        """RuleBroken at the field unless a job of this size can be priced: the base or the number the item is
        priced by, and an industry the item's standard knows."""
        if self.measure != "none" and not quantity.get(self.measure):
            raise RuleBroken(N_("请填写计费基数(%(label)s),机构据此报价。"), self.measure, label=self.measure_label)
        factors = {name for terms in self.standard["tables"].values() for name in terms.get("factors", ())} if self.standard else set()
        if quantity.get("factor") and factors and quantity["factor"] not in factors:
            raise RuleBroken(N_("收费标准里没有这个行业;可填:%(names)s。"), "factor", names="、".join(sorted(factors)))


def current_items(session: Session) -> list[ServiceItem]:
    """The newest version of every item not withdrawn, by code."""
    newest: dict[str, ServiceItem] = {}
    for item in session.scalars(select(ServiceItem).order_by(ServiceItem.code, ServiceItem.version)):
        newest[item.code] = item
    return [item for item in newest.values() if item.withdrawn_on is None]


def newest_items(session: Session, codes: Iterable[str]) -> dict[str, ServiceItem]:
    """Code to the newest version of these items, withdrawn or not."""
    query = select(ServiceItem).where(ServiceItem.code.in_(list(codes))).order_by(ServiceItem.version)
    return {item.code: item for item in session.scalars(query)}


def item_by_code(session: Session, code: str) -> ServiceItem | None:
    """The newest version of one item, withdrawn or not; None if the code is unknown."""
    query = select(ServiceItem).where(ServiceItem.code == code).order_by(ServiceItem.version.desc())
    return session.scalars(query.limit(1)).one_or_none()


@cache
def published_items() -> tuple[dict[str, Any], ...]:
    """The starting list we carry, each row completed with the notice of its group."""
    groups = tomllib.loads((DATA / "notices.toml").read_text(encoding="utf-8"))
    rows = []
    with (DATA / "service_items.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            group = groups[row["group"]]
            standard = row["fee_standard"] or None
            rows.append(
                {
                    "code": row["code"],
                    "version": 1,
                    "name": row["name"],
                    "name_en": row["name_en"],
                    "department": row["department"],
                    "approval_matter": row["approval_matter"],
                    "legal_basis": row["legal_basis"],
                    "required_qualification": row["required_qualification"],
                    "qualification_mandatory": row["qualification_mandatory"] == "yes",
                    "time_limit_days": int(row["time_limit_working_days"]),
                    "pricing": row["pricing"],
                    "fee_standard": standard,
                    "measure": "amount" if standard else group["measure"],
                    "measure_label": pricing.standards()[standard]["base"] if standard else group["measure_label"],
                    "commissioned": row["qualification_mandatory"] == "yes",
                    "notice": {language: group[language] for language in ("zh", "en")},
                    "effective_from": date(2025, 1, 1),
                }
            )
    return tuple(rows)


def seed(session: Session) -> tuple[int, int]:
    """Load the regions and items we carry, adding only what is missing. Returns how many were added."""
    known = set(session.scalars(select(Region.code)))
    regions = [row for row in published() if row["code"] not in known]
    session.add_all(
        Region(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            parent_code=row["parent_code"] or None,
            full_name=row["full_name"],
        )
        for row in regions
    )
    listed = set(session.scalars(select(ServiceItem.code)))
    items = [row for row in published_items() if row["code"] not in listed]
    session.add_all(ServiceItem(**row) for row in items)
    session.flush()
    return len(regions), len(items)
