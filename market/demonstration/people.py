"""Who takes part in the demonstration. Every name is made up from parts; regions and items are real."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, count
from random import Random

from stdnum.cn import uscc

from market.demonstration import characters
from market.demonstration.characters import TYPICAL, Character
from models.i18n import N_
from models.regions import published

PASSWORD = "gongxin-demo"
REGULATOR = "regulator@demo.gongxin.cn"
SECOND_OFFICIAL = "regulator2@demo.gongxin.cn"  # who decides on what the first proposes
CUSTODIAN = "custodian@demo.gongxin.cn"
PREFECTURE = "regulator-hx@demo.gongxin.cn"
DELEGATES = ("delegate@demo.gongxin.cn", "delegate2@demo.gongxin.cn")  # of the first two enterprises
ADMINS = ("admin@demo.gongxin.cn", "admin2@demo.gongxin.cn")
# The departments a walk needs have addresses that say which they are.
DEPARTMENTS = {
    "住房城乡建设": "department@demo.gongxin.cn",
    "水利": "water@demo.gongxin.cn",
    "生态环境": "environment@demo.gongxin.cn",
    "自然资源": "land@demo.gongxin.cn",
}
# Who may sign in, by role, and what sets those of a role apart.
ACCOUNTS = (
    (N_("项目业主"), "enterprise@demo.gongxin.cn"),
    (N_("项目业主"), "enterprise2@demo.gongxin.cn"),
    *((N_("采购受托人"), email) for email in DELEGATES),
    (N_("中介机构"), "agency@demo.gongxin.cn"),
    (N_("中介机构"), "agency2@demo.gongxin.cn"),
    (N_("评审人"), "expert1@demo.gongxin.cn"),
    (N_("评审人"), "expert2@demo.gongxin.cn"),
    (N_("监管部门"), REGULATOR),
    (N_("监管部门"), SECOND_OFFICIAL),
    (N_("监管部门"), PREFECTURE),
    *((N_("审批部门"), email) for email in DEPARTMENTS.values()),
    (N_("资金托管机构"), CUSTODIAN),
    (N_("资金托管机构"), "custodian2@demo.gongxin.cn"),
    *((N_("系统管理员"), email) for email in ADMINS),
)
ABOUT = {
    "enterprise@demo.gongxin.cn": N_("民营企业"),
    "enterprise2@demo.gongxin.cn": N_("国有企业"),
    "agency@demo.gongxin.cn": N_("环境技术"),
    "agency2@demo.gongxin.cn": N_("水利咨询"),
    REGULATOR: N_("省级"),
    SECOND_OFFICIAL: N_("省级,复核"),
    PREFECTURE: N_("州级"),
    **{email: department for department, email in DEPARTMENTS.items()},
}
AGENCIES, ENTERPRISES = 60, 40
ONE_HEAD = (37, 38, 39)  # the enterprises that stand under one person
_FIRST = {
    (kind, at): f"{kind}{'' if at == 0 else 2}@demo.gongxin.cn"
    for kind in ("agency", "enterprise")
    for at in (0, 1)
}

# What an agency of a trade is called, and the items it works on.
TRADES: dict[str, tuple[str, ...]] = {
    "环境技术": ("EIA-01", "EIA-02", "EIA-03"),
    "水利咨询": ("WAT-01", "WAT-02", "WAT-03"),
    "勘测规划": ("LND-01", "SUR-01", "LND-05", "CON-08"),
    "地质工程": ("LND-02", "LND-03", "LND-06"),
    "安全评价": ("SAF-01", "SAF-02", "SAF-03", "HEA-01"),
    "工程咨询": ("DRC-01", "DRC-02", "DRC-03", "CON-03", "CON-01"),
    "检测技术": ("CON-05", "CON-06", "FIR-01", "MET-01", "HEA-02"),
    "工程监理": ("CON-02", "CON-04"),
    "会计师": ("FIN-01", "FIN-03"),
    "资产评估": ("LND-04", "CON-07", "FIN-02"),
    "林草生态": ("FOR-01", "FOR-02", "WAT-01"),
    "律师": ("LEG-01",),
}
_NAMES = (
    "河湟",
    "昆仑",
    "柴达木",
    "祁连",
    "三江",
    "青盐",
    "日月山",
    "湟源",
    "可可西里",
    "巴颜",
    "阿尼玛卿",
    "龙羊",
    "茶卡",
    "大通河",
    "金银滩",
    "拉脊",
    "格桑",
    "雪豹",
    "玉珠峰",
    "托素",
    "坎布拉",
    "隆务",
    "鄂陵",
    "扎陵",
    "江河源",
    "高原",
    "瀚海",
    "青藏",
    "唐古拉",
    "北川",
)
_WORKS = (
    ("光伏发电", "光伏电站"),
    ("水务", "污水处理厂"),
    ("盐湖化工", "钾肥装置"),
    ("牧业", "饲草基地"),
    ("新能源", "风电场"),
    ("交通建设", "公路改建"),
    ("冷链物流", "冷链仓库"),
    ("文化旅游", "景区游客中心"),
    ("矿业", "选矿厂"),
    ("城市建设", "老旧小区改造"),
    ("农业开发", "高标准农田"),
    ("热力", "集中供热管网"),
    ("建材", "石灰石矿"),
    ("医药", "藏药车间"),
    ("数据", "算力中心"),
)
# Items that only some works need; all others need the rest.
_ONLY: dict[str, set[str]] = {
    "EIA-03": {"污水处理厂", "选矿厂", "钾肥装置", "藏药车间"},
    "LND-06": {"选矿厂", "石灰石矿", "钾肥装置"},
    "SAF-01": {"选矿厂", "石灰石矿", "钾肥装置"},
    "SAF-02": {"选矿厂", "石灰石矿", "钾肥装置", "集中供热管网"},
    "HEA-01": {"选矿厂", "钾肥装置", "藏药车间"},
    "HEA-02": {"景区游客中心"},
    "CON-06": {"老旧小区改造", "景区游客中心", "冷链仓库"},
    "CON-07": {"老旧小区改造", "景区游客中心"},
    "CON-08": {"老旧小区改造", "景区游客中心"},
    "FIR-01": {"老旧小区改造", "景区游客中心", "冷链仓库", "算力中心"},
}
_PHASES = ("一期", "二期", "扩建", "改造", "配套", "")
_WORKED_ON = ("改造", "改建")  # is no work that is extended or altered again


@dataclass(frozen=True, slots=True)
class Figure:
    """One organisation of the demonstration; how an agency works is its `character`."""

    email: str
    person: str
    name: str
    code: str
    region: str
    trade: str = ""
    items: tuple[str, ...] = ()
    character: Character = TYPICAL
    work: str = ""
    state_owned: bool = False


def person(random: Random) -> str:
    return random.choice("王李马张韩祁星才冶白杨赵") + random.choice(
        ("建国", "秀英", "文海", "卓玛", "才让", "晓峰", "玉梅", "生辉", "丽华", "海清")
    )


def code(prefix: str, number: int) -> str:
    """A sound 统一社会信用代码 from a five-figure prefix and a running number."""
    body = f"{prefix}{number:012d}"
    return body + uscc.calc_check_digit(body)


def counties() -> list[str]:
    """The counties of Qinghai, the ones named 市辖区 left out."""
    return [
        r["code"]
        for r in published()
        if r["code"].startswith("63") and r["level"] == "county" and r["name"] != "市辖区"
    ]


def agencies(random: Random) -> list[Figure]:
    trades, figures = list(TRADES), []
    taken: set[str] = set()
    for number in range(AGENCIES):
        others = (person(Random(f"{number} {other}")) for other in count())
        head = next(
            name for name in chain([person(random)], others) if name not in taken
        )  # one head of two agencies would link them
        taken.add(head)
        trade = trades[number % len(trades)]
        suffix = {"会计师": "事务所", "律师": "事务所", "资产评估": "事务所"}.get(trade, "有限公司")
        name = f"{_NAMES[number // 2 % len(_NAMES)]}{trade}{suffix}"
        figures.append(
            Figure(
                email=_FIRST.get(("agency", number), f"a{number:02d}@demo.gongxin.cn"),
                person=head,
                name=name,
                code=code("91630", 1000 + number),
                region=random.choice(counties()) if number % 3 else "630100",
                trade=trade,
                items=TRADES[trade],
                character=characters.of(number, 0.95 if number < 2 else random.betavariate(4, 1.1)),
            )
        )
    return figures


def enterprises(random: Random) -> list[Figure]:
    """Every one under a head of its own, but for those of `ONE_HEAD`."""
    figures: list[Figure] = []
    for number in range(ENTERPRISES):
        taken = {figure.person for figure in figures}
        others = (person(Random(f"enterprise {number} {other}")) for other in count())
        head = next(name for name in chain([person(random)], others) if name not in taken)
        trade, work = _WORKS[number % len(_WORKS)]
        figures.append(
            Figure(
                email=_FIRST.get(("enterprise", number), f"e{number:02d}@demo.gongxin.cn"),
                person=figures[ONE_HEAD[0]].person if number in ONE_HEAD[1:] else head,
                name=f"{_NAMES[(number * 7 + 3) % len(_NAMES)]}{trade}有限公司",
                code=code("91630", 5000 + number),
                region=random.choice(counties()),
                work=work,
                state_owned=number % 3 == 1 and number not in ONE_HEAD,
            )
        )
    return figures


def needs(buyer: Figure, item_code: str) -> bool:
    """Whether the works of this buyer call for such a service."""
    return item_code not in _ONLY or buyer.work in _ONLY[item_code]


def project(random: Random, buyer: Figure, item_name: str) -> str:
    """What a tender is called: the work, its phase, the report."""
    report = re.sub(r"[((][^))]*[))]", "", item_name).removeprefix("建设项目")
    phases = _PHASES if not buyer.work.endswith(_WORKED_ON) else ("一期", "二期", "配套", "")
    return f"{buyer.work}{random.choice(phases)}{report}"


def voucher(text: str) -> bytes:
    """A small real PDF of one page, so that vouchers and reports of the demonstration can be opened."""
    stream = f"BT /F1 14 Tf 60 760 Td (Gongxin demonstration) Tj 0 -24 Td ({text}) Tj ET".encode(
        "ascii", "replace"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(out))
    )
