"""Signs in the prices and papers of one tender's answers, once these are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from models import spelling
from models.i18n import N_
from models.oversight.screens import screens, subgroup_screens
from models.oversight.sign import Figure, Found, Seen, Sign
from models.policy import Policy

WALLIMANN = "Wallimann, Imhof, Huber (2022), Computational Economics 62"
IMHOF = "Imhof, Karagök, Rutz (2018), Journal of Competition Law & Economics 14"
OECD = N_("经合组织《反对公共采购串通投标指南》(2012)")
LEAST_WORDS = 12  # of a note: below, it may be anybody's


def _close(rules: Policy, seen: Seen) -> Iterator[Found]:
    if len(seen.bids) < rules.number("red_flags.least_bids") or not seen.price_only:
        return
    found, inner = screens(seen.bids), subgroup_screens(seen.bids)
    variation, distance = found["variation"], found["distance"]
    least = float(rules.rate("red_flags.variation_most")), float(rules.rate("red_flags.distance_least"))
    if variation is not None and distance is not None and variation <= least[0] and distance >= least[1]:
        named = {
            N_("变异系数"): variation,
            N_("极差比"): found["spread"],
            N_("最低两家相差"): found["difference"],
            N_("相对距离"): distance,
            N_("另一种相对距离"): found["distance_alternative"],
            N_("偏度"): found["skewness"],
            N_("超额峰度"): found["kurtosis"],
            N_("任意三家中最小的变异系数"): inner["variation_3_min"],
            N_("任意四家中最小的变异系数"): inner["variation_4_min"],
        }
        figures = [(name, "ratio", value) for name, value in named.items() if value is not None]
        yield Found(figures, [each.identifier for each in seen.valid], len(seen.bids))


def _close_few(rules: Policy, seen: Seen) -> Iterator[Found]:
    least = rules.number("red_flags.least_bids")
    if len(seen.bids) <= max(least, 3) or not seen.price_only:
        return
    whole, inner = screens(seen.bids)["variation"], subgroup_screens(seen.bids)["variation_3_min"]
    most = float(rules.rate("red_flags.subgroup_variation_most"))
    if whole is not None and inner is not None and inner <= most < whole:
        figures: list[Figure] = [
            (N_("任意三家中最小的变异系数"), "ratio", inner),
            (N_("变异系数"), "ratio", whole),
        ]
        yield Found(figures, [each.identifier for each in seen.valid], len(seen.bids))


def _same(groups: dict[Hashable, list[str]]) -> Iterator[list[str]]:
    return (names for names in groups.values() if len(names) > 1)


def _same_prices(rules: Policy, seen: Seen) -> Iterator[Found]:
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for each in seen.answers:
        if each.price is not None and seen.competitive:
            alike[each.price].append(each.identifier)
    names = [name for group in _same(alike) for name in group]
    if names:
        yield Found([(N_("报价相同的家数"), "count", len(names))], names, len(seen.answers))


def _same_words(rules: Policy, seen: Seen) -> Iterator[Found]:
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for each in seen.answers:
        words = spelling.name(each.note)
        if len(words) >= LEAST_WORDS:
            alike[words].append(each.identifier)
    names = [name for group in _same(alike) for name in group]
    if names:
        yield Found([(N_("说明相同的家数"), "count", len(names))], names, len(seen.answers))


def _same_file(rules: Policy, seen: Seen) -> Iterator[Found]:
    names = [name for group in seen.files if len(group) > 1 for name in group]
    if names:
        yield Found([(N_("文件相同的家数"), "count", len(names))], names, len(seen.answers))


def _linked(rules: Policy, seen: Seen) -> Iterator[Found]:
    names = list(dict.fromkeys(name for group, _ties in seen.links for name in group))
    if names:
        yield Found([(N_("有关联的家数"), "count", len(names))], names, len(seen.answers))


SIGNS = (
    Sign(
        name="close_bids",
        label=N_("报价彼此很近,最低价独自靠前"),
        about="tender",
        definition=N_(
            "有效报价的变异系数(标准差÷平均数)不高于规则的上限,而且相对距离(最低两家之差÷其余报价的标准差)不低于规则的下限。"
        ),
        source=f"{WALLIMANN}; {IMHOF}",
        least="least_bids",
        innocent=(
            N_("收费标准公开、成本相近,报价自然接近。"),
            N_("预算上限或指导价把报价压在一处。"),
            N_("最低一家正好有闲置人手或在同一地区有项目。"),
        ),
        find=_close,
    ),
    Sign(
        name="close_subgroup",
        label=N_("其中三家报价几乎一样"),
        about="tender",
        definition=N_(
            "全部报价并不接近,但其中某三家的变异系数不高于规则的上限:只有一部分投标人串通时,全部报价会把它盖住。"
        ),
        source=WALLIMANN,
        least="least_bids",
        innocent=(
            N_("投标家数多时,总有几家碰巧接近。"),
            N_("几家执行同一收费标准。"),
        ),
        find=_close_few,
    ),
    Sign(
        name="same_prices",
        label=N_("报价完全相同(R028)"),
        about="tender",
        definition=N_("不同机构对同一项需求报出同一价格。价格由业主定的不算。"),
        source="Open Contracting Partnership, Cardinal: R028",
        innocent=(N_("按同一收费标准计算,数量相同,结果就相同。"), N_("都按预算上限报价。")),
        find=_same_prices,
    ),
    Sign(
        name="same_words",
        label=N_("不同机构的报价说明一字不差"),
        about="tender",
        definition=N_("不同机构的报价说明去掉空白和标点后相同,且不少于 12 个字;相同的错别字也在其中。"),
        source=OECD,
        innocent=(N_("抄自需求原文或通用的范本。"), N_("由同一家软件生成的套话。")),
        find=_same_words,
    ),
    Sign(
        name="same_file",
        label=N_("不同机构交了同一个文件"),
        about="tender",
        definition=N_("不同机构随报价交来的文件逐字节相同(SHA-256 一致)。"),
        source=OECD,
        innocent=(N_("交的是业主提供的空白表格。"), N_("交的是同一份公开文件。")),
        find=_same_file,
    ),
    Sign(
        name="linked_bidders",
        label=N_("竞争者之间或与业主有关联"),
        about="tender",
        definition=N_(
            "参加同一项需求的机构之间,或与业主之间,法定代表人、管理员、收款账户、电话或者地址相同,按规则认定。"
        ),
        source=N_("招标投标法实施条例第三十四条;政府采购法实施条例第十八条"),
        innocent=(
            N_("代办公司或园区的公用电话、地址。"),
            N_("同名的另一个人。"),
            N_("关系在报价之前已经解除,登记尚未变更。"),
        ),
        find=_linked,
    ),
)
