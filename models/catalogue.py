"""The catalogue: which intermediary services an approval needs.

With everything a person must know beforehand (一次性告知).
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload, undefer

from models import clock, measures, pricing
from models.base import Base, Code, Json, Name
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing import Quantity
from models.regions import Region, published

DATA = Path(__file__).parent / "data"
PRICING = {
    "government_guided": N_("政府指导价"),
    "government_set": N_("政府定价"),
    "market": N_("市场调节价"),
}
DEPARTMENTS = (
    N_("生态环境"),
    N_("水利"),
    N_("自然资源"),
    N_("林草"),
    N_("发展改革"),
    N_("住房城乡建设"),
    N_("消防救援"),
    N_("气象"),
    N_("应急管理"),
    N_("卫生健康"),
    N_("地震"),
    N_("文物"),
    N_("交通运输"),
    N_("公安交管"),
    N_("财政"),
    N_("市场监管"),
    N_("司法行政"),
)
# Kinds of service: what is delivered and how, which decides the contract's template.
KINDS = {
    "report": N_("技术报告编制"),
    "survey": N_("测绘勘察"),
    "testing": N_("检验检测"),
    "valuation": N_("评估"),
    "audit": N_("审计验资"),
    "supervision": N_("监理"),
    "agency": N_("招标代理"),
    "review": N_("技术审查"),
    "legal": N_("法律服务"),
}
NOTICE = ("materials", "outputs", "checklist")
MEASURES = {"amount": N_("金额"), "count": N_("数量"), "none": N_("不按数量")}


class ApprovalMatter(Base):
    """An approval (行政审批事项) for which a report is needed, as the departments list them."""

    __tablename__ = "approval_matters"

    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[Name] = mapped_column(unique=True)
    department: Mapped[Code] = mapped_column(index=True)


item_matters = Table(
    "item_matters",
    Base.metadata,
    Column("item_id", ForeignKey("service_items.id"), primary_key=True),
    Column("matter_id", ForeignKey("approval_matters.id"), primary_key=True),
)


class ServiceItem(Base):
    """One version of a service item, in effect from a day until the next one is.

    Cases keep the version they began with.

    `measure` says what a job is priced by: `amount` (a sum, named by `measure_label`), `count`, or `none`.
    `notice` holds the one-time notice by language: `materials`, `outputs`, `checklist`. A required
    qualification is the agency's; `practitioners_least` people must hold the `required_practitioner`'s
    certificate. A withdrawn item takes no new tender; those that run go on.
    """

    __tablename__ = "service_items"
    __table_args__ = (UniqueConstraint("code", "version"),)

    code: Mapped[str] = mapped_column(String(12), index=True)
    version: Mapped[int]
    name: Mapped[Name]
    name_en: Mapped[Name]
    kind: Mapped[str] = mapped_column(String(12))
    department: Mapped[Code] = mapped_column(index=True)
    legal_basis: Mapped[Name]
    required_qualification: Mapped[Name]
    qualification_mandatory: Mapped[bool]
    required_practitioner: Mapped[Name] = mapped_column(default="")
    practitioners_least: Mapped[int] = mapped_column(default=0)
    time_limit_days: Mapped[int]
    pricing: Mapped[Code]
    fee_standard: Mapped[str | None] = mapped_column(String(60))
    measure: Mapped[str] = mapped_column(String(10))
    measure_label: Mapped[Name]
    commissioned: Mapped[bool]
    notice: Mapped[Json] = mapped_column(deferred=True)  # long, and lists do not show it
    effective_from: Mapped[date]
    withdrawn_on: Mapped[date | None]
    matters: Mapped[list[ApprovalMatter]] = relationship(secondary=item_matters, order_by=ApprovalMatter.code)

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_on is not None and self.withdrawn_on <= clock.today()

    @property
    def approval_matter(self) -> str:
        """What the report is for, in words."""
        return "、".join(matter.name for matter in self.matters)

    @property
    def examples(self) -> list[Quantity]:
        """Jobs by which prices are shown and compared where nobody said how large theirs is.

        Bases of 1, 10 and 100 million yuan, or 1, 10 and 100 units. The middle one orders agencies by price.
        """
        if self.measure == "amount":
            return [Quantity(amount=size) for size in (100_000_000, 1_000_000_000, 10_000_000_000)]
        return [Quantity(count=size) for size in (1, 10, 100)] if self.measure == "count" else [Quantity()]

    @property
    def example(self) -> Quantity:
        return self.examples[len(self.examples) // 2]

    @property
    def standard(self) -> Json | None:
        """The published fee standard this item refers to, if any."""
        return pricing.standards()[self.fee_standard] if self.fee_standard else None

    @property
    def checklist(self) -> list[str]:
        points: list[str] = self.notice["zh"]["checklist"]
        return points

    @property
    def factors(self) -> list[str]:
        """The industries the item's standard knows."""
        tables = self.standard["tables"].values() if self.standard else ()
        return sorted({name for terms in tables for name in terms.get("factors", ())})

    def check_quantity(self, quantity: Json) -> None:
        """RuleViolation at the field unless a job of this size can be priced.

        The base or the number the item is priced by, and an industry the item's standard knows.
        """
        if self.measure != "none" and not quantity.get(self.measure):
            raise RuleViolation(
                N_("请填写计费基数(%(label)s),机构据此报价。"),
                self.measure,
                label=measures.words_of(self.measure_label).name,
            )
        factors = self.factors
        if quantity.get("factor") and factors and quantity["factor"] not in factors:
            raise RuleViolation(
                N_("收费标准里没有这个行业;可填:%(names)s。"), "factor", names=sorted(factors)
            )


def current_items(session: Session) -> list[ServiceItem]:
    """The version in effect today of every item not withdrawn, by code."""
    query = (
        select(ServiceItem)
        .where(ServiceItem.effective_from <= clock.today())
        .order_by(ServiceItem.code, ServiceItem.version)
    )
    newest = {item.code: item for item in session.scalars(query.options(selectinload(ServiceItem.matters)))}
    return [item for item in newest.values() if not item.withdrawn]


def newest_items(session: Session, codes: Iterable[str]) -> dict[str, ServiceItem]:
    """Code to the version in effect of these items, withdrawn or not."""
    query = select(ServiceItem).where(
        ServiceItem.code.in_(list(codes)), ServiceItem.effective_from <= clock.today()
    )
    return {item.code: item for item in session.scalars(query.order_by(ServiceItem.version))}


def item_by_code(session: Session, code: str) -> ServiceItem | None:
    """The version of one item in effect today, withdrawn or not; None if there is none."""
    return newest_items(session, [code]).get(code)


def versions_of(session: Session, code: str) -> list[ServiceItem]:
    """Every version of an item, those to come included, newest first."""
    query = select(ServiceItem).where(ServiceItem.code == code).order_by(ServiceItem.version.desc())
    return list(
        session.scalars(query.options(selectinload(ServiceItem.matters), undefer(ServiceItem.notice)))
    )


def matters_named(session: Session, names: dict[str, str]) -> dict[str, ApprovalMatter]:
    """The approval matters of these names (name to department), by name.

    Those not known are added under the next codes.
    """
    every = {matter.name: matter for matter in session.scalars(select(ApprovalMatter))}
    for name, department in names.items():
        if name not in every:
            every[name] = ApprovalMatter(code=f"S-{len(every) + 1:03d}", name=name, department=department)
            session.add(every[name])
    return {name: every[name] for name in names}


def next_version(session: Session, code: str) -> ServiceItem | None:
    """The version of an item that takes effect next, if one is published."""
    query = select(ServiceItem).where(ServiceItem.code == code, ServiceItem.effective_from > clock.today())
    return session.scalars(query.order_by(ServiceItem.version).limit(1)).first()


VERSIONED = (
    "name",
    "name_en",
    "kind",
    "department",
    "legal_basis",
    "required_qualification",
    "qualification_mandatory",
    "required_practitioner",
    "practitioners_least",
    "time_limit_days",
    "pricing",
    "fee_standard",
    "measure",
    "measure_label",
    "commissioned",
    "notice",
)


FIELDS = {
    "name": N_("事项名称"),
    "name_en": N_("英文名称"),
    "kind": N_("服务类型"),
    "department": N_("主管部门"),
    "approval_matter": N_("用于办理"),
    "legal_basis": N_("法律依据"),
    "required_qualification": N_("机构资质"),
    "qualification_mandatory": N_("资质为强制要求"),
    "required_practitioner": N_("从业人员资格"),
    "practitioners_least": N_("至少几人"),
    "time_limit_days": N_("时限(工作日)"),
    "pricing": N_("价格管理"),
    "fee_standard": N_("参考收费标准"),
    "measure": N_("按什么计价"),
    "measure_label": N_("计费基数的名称"),
    "commissioned": N_("须委托有资质的机构"),
    "materials_zh": N_("企业要准备的材料(中文)"),
    "materials_en": N_("企业要准备的材料(英文)"),
    "outputs_zh": N_("成果(中文)"),
    "outputs_en": N_("成果(英文)"),
    "checklist_zh": N_("验收清单(中文)"),
    "checklist_en": N_("验收清单(英文)"),
}


def revise(
    session: Session, code: str, effective_from: date, matters: list[ApprovalMatter], values: dict[str, Any]
) -> ServiceItem:
    """The next version of an item (or the first of a new one).

    RuleViolation if it would take effect in the past or before the version it follows, or if its values are
    not sound.
    """
    if effective_from < clock.today():
        raise RuleViolation(N_("生效日期不能早于今天。"), "effective_from")
    before = next(iter(versions_of(session, code)), None)
    if before and effective_from < before.effective_from:
        raise RuleViolation(
            N_("已有一个 %(day)s 起生效的版本,新版本不能早于它。"),
            "effective_from",
            day=before.effective_from.isoformat(),
        )
    if not matters:
        raise RuleViolation(N_("清单中的事项必须对应至少一个审批事项。"), "matters")
    for name in ("name", "name_en", "legal_basis"):
        if not str(values[name]).strip():
            raise RuleViolation(N_("请填写这一项。"), name)
    if (
        values["pricing"] not in PRICING
        or values["measure"] not in MEASURES
        or values["department"] not in DEPARTMENTS
        or values["kind"] not in KINDS
    ):
        raise RuleViolation(N_("请选择一项。"), "pricing")
    if values["fee_standard"] and values["fee_standard"] not in pricing.standards():
        raise RuleViolation(N_("没有这个收费标准。"), "fee_standard")
    measures.check(values["measure"], values["measure_label"], values["fee_standard"])
    if bool(values["required_practitioner"]) != bool(values["practitioners_least"]):
        raise RuleViolation(N_("写明从业人员的资格,也要写明至少几人。"), "practitioners_least")
    if any(not values["notice"][language][part] for language in ("zh", "en") for part in NOTICE):
        raise RuleViolation(N_("材料、成果、验收清单的中英文都要写,每行一条。"), "materials_zh")
    item = ServiceItem(
        code=code,
        version=(before.version if before else 0) + 1,
        effective_from=effective_from,
        matters=matters,
        **values,
    )
    session.add(item)
    session.flush()
    return item


def changes(old: ServiceItem | None, new: ServiceItem) -> list[tuple[str, Any, Any]]:
    """What a version changed: (field, before, after), matters by their names."""
    if old is None:
        return []
    found = [(name, getattr(old, name), getattr(new, name)) for name in VERSIONED if name != "notice"]
    found.append(("approval_matter", old.approval_matter, new.approval_matter))
    for part, language in ((part, language) for part in NOTICE for language in ("zh", "en")):
        found.append((f"{part}_{language}", old.notice[language][part], new.notice[language][part]))
    return [(name, before, after) for name, before, after in found if before != after]


@cache
def published_items() -> tuple[dict[str, Any], ...]:
    """The starting list we carry, each row completed with the notice of its group."""
    groups = tomllib.loads((DATA / "notices.toml").read_text(encoding="utf-8"))
    rows = []
    with (DATA / "service_items.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            group = groups[row["kind"]]
            standard = row["fee_standard"] or None
            rows.append(
                {
                    "code": row["code"],
                    "version": 1,
                    "name": row["name"],
                    "name_en": row["name_en"],
                    "kind": row["kind"],
                    "department": row["department"],
                    "matters": row["approval_matters"].split(";"),
                    "legal_basis": row["legal_basis"],
                    "required_qualification": row["required_qualification"],
                    "qualification_mandatory": row["qualification_mandatory"] == "yes",
                    "required_practitioner": row["required_practitioner"],
                    "practitioners_least": int(row["practitioners_least"]),
                    "time_limit_days": int(row["time_limit_working_days"]),
                    "pricing": row["pricing"],
                    "fee_standard": standard,
                    "measure": "amount" if standard else group["measure"],
                    "measure_label": pricing.standards()[standard]["base"]
                    if standard
                    else group["measure_label"],
                    "commissioned": row["qualification_mandatory"] == "yes",
                    "notice": {language: group[language] for language in ("zh", "en")},
                    "effective_from": date(2025, 1, 1),
                }
            )
    return tuple(rows)


def _departments(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The approval matters of these rows, in order, each with the department of the first that names it."""
    found: dict[str, str] = {}
    for name, department in ((name, row["department"]) for row in rows for name in row["matters"]):
        found.setdefault(name, department)
    return found


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
    matters = matters_named(session, _departments(items))
    for row in items:
        session.add(ServiceItem(**{**row, "matters": [matters[name] for name in row["matters"]]}))
    session.flush()
    return len(regions), len(items)
