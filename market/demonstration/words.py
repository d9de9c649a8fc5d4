"""What the people of the demonstration write: what they ask for, answer and find wrong.

What goes by the item is data: `texts.toml` by families of items, `corrections.toml` by kinds of service.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from market.demonstration.people import Figure

FOLDER = Path(__file__).parent
Pair = tuple[str, str]  # what is said, and what is answered


@dataclass(frozen=True, slots=True)
class Family:
    """What is written about a family of service items, as `texts.toml` says."""

    name: str
    items: tuple[str, ...]
    asked: tuple[str, ...]
    plans: tuple[str, ...]
    quoted: tuple[str, ...]
    strong: tuple[str, ...]
    sound: tuple[str, ...]
    weak: tuple[str, ...]
    good: tuple[str, ...]
    fair: tuple[str, ...]
    bad: tuple[str, ...]
    delays: tuple[str, ...]
    findings: dict[str, str]
    questions: tuple[Pair, ...]
    messages: tuple[Pair, ...]
    disputes: tuple[Pair, ...]
    objections: tuple[tuple[str, str, str], ...]


@cache
def read(name: str) -> dict[str, Any]:
    """One of the files of texts."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def families() -> tuple[Family, ...]:
    return tuple(
        Family(name, **{key: _fixed(value) for key, value in texts.items()})
        for name, texts in read("texts").items()
    )


def _fixed(texts: Any) -> Any:
    """Texts as they are kept, lists as tuples."""
    return tuple(map(_fixed, texts)) if isinstance(texts, list) else texts


@cache
def family(item_code: str) -> Family:
    """What is written about an item."""
    return next(found for found in families() if item_code in found.items)


def correction(kind: str, point: int) -> list[Pair]:
    """What may be wrong with a point of the checklist of a kind of service, and what is asked for."""
    points = read("corrections")[kind]
    return [(wrong, wanted) for wrong, wanted in points[point % len(points)]]


# What a request says of the project, by how far it has come where a service is asked for.
_STAGES = {
    "designed": ("CON-01", "CON-03", "CON-04", "SAF-03"),
    "building": ("CON-02", "CON-05"),
    "built": ("EIA-02", "LND-05", "CON-06", "CON-08", "FIR-01", "MET-01", "HEA-02", "SAF-02"),
    "running": ("FIN-01", "FIN-02", "FIN-03", "LND-04", "CON-07"),
}
_STANDING: dict[str, tuple[str, ...]] = {
    "early": (
        "项目已取得备案,用地红线已定,尚未开工。",
        "项目处于前期阶段,可研已批复,初步设计正在编制。",
        "项目为改扩建,原有批复和历年资料齐全,可提供查阅。",
        "项目计划今年开工,需尽早完成报批。",
        "项目位于园区内,水、电、路均已接通。",
        "项目列入州上重点工程,手续正在并行办理。",
    ),
    "designed": (
        "初步设计已批复,施工图由省内甲级院设计。",
        "施工图分两批出图,第一批已齐。",
        "资金已落实,计划两个月内开工。",
        "设计单位已配合到位,可随时答疑。",
    ),
    "building": (
        "工程已领施工许可,施工单位已进场。",
        "主体在建,工期到明年秋天,冬季停工约三个月。",
        "工程分两个标段,由一家总包施工。",
        "基础已完工,正在做主体。",
    ),
    "built": (
        "工程已完工,准备办理验收。",
        "设施正常使用,去年的报告即将到期。",
        "投入使用三年,期间没有大的改动。",
        "主体和配套均已建成,图纸齐全。",
    ),
    "running": (
        "账册、合同和权属资料由专人保管,可随时查阅。",
        "项目已投入运行,资料按年度归档。",
        "主管部门要求本季度内报送,时间较紧。",
        "上一次同类报告可供参考。",
    ),
}
_FIELD = (
    "现场踏勘由我单位安排车辆和人员配合。",
    "资料清单所列文件签约后三天内提供。",
    "可到我单位查阅前期成果。",
    "联系人工作日均可接洽,到现场请提前一天约定。",
)
_DESK = (
    "办公室备有两个工位和网络。",
    "资料清单所列文件签约后三天内提供。",
    "联系人工作日均可接洽,来访请提前一天约定。",
    "涉密资料只在我单位查阅,不外带。",
)
_AT_A_DESK = ("audit", "legal", "review", "agency")


def standing(item_code: str) -> tuple[str, ...]:
    """How far the project of such a request has come."""
    return _STANDING[next((stage for stage, items in _STAGES.items() if item_code in items), "early")]


def offered(kind: str) -> tuple[str, ...]:
    """What a buyer does for whoever comes, by the kind of service."""
    return _DESK if kind in _AT_A_DESK else _FIELD


# What both say over a price, and what experts add to what they say of a proposal.
LOWER = (
    "能否再优惠一些?",
    "预算有限,这个价格可以考虑吗?",
    "同类项目成交价更低,请再斟酌。",
    "工期不变的话,能到这个数吗?",
    "后面还有类似的项目,价格上请再让一点。",
    "领导审批时卡在价格上,请再考虑。",
)
BOTTOM = (
    "这是我们的底价。",
    "各让一步,这个数可以做。",
    "降到这里已接近成本,不能再低了。",
    "按此价承接,工期不变。",
    "人员都是自己的,只能让到这里。",
    "已请示负责人,最多到这个数。",
)
STAFFED: dict[str, tuple[str, ...]] = {
    "strong": ("人员配置合理。", "进度有保证。", "校审落实到人。", "同类业绩充分。"),
    "sound": ("进度安排偏紧。", "同类业绩说明偏少。", "质量控制写得简单。", "分工还可再明确。"),
    "weak": ("人员与进度对不上。", "质量保证只有口号。", "进度没有节点。", "业绩与本项目无关。"),
}
PURPOSES = ("项目对接", "商务联系", "技术负责", "现场踏勘")


def introduction(random: Random, agency: Figure, years: int, *, everywhere: bool) -> str:
    """What an agency says of itself: of its reach no more than the regions it serves."""
    named = {"会计师": "审计验资", "律师": "工程法律服务"}.get(agency.trade, agency.trade)
    reach, near = ("服务全省", "在州县设有联络点") if everywhere else ("立足当地", "本地设有办公室")
    return random.choice(
        (
            f"从事{named}业务{years}年,{reach},承诺按公示收费、按期交付。",
            f"专做{named},现有技术人员{years + 12}名,成果三级校审。",
            f"成立{years}年,{named}为主业,{near},当周安排到场。",
        )
    )
