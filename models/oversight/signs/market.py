"""Signs in how an agency or a buyer fares over many tenders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from models.i18n import N_
from models.oversight.sign import Accepted, Found, Seen, Sign, Tally, fences
from models.oversight.signs.tenders import CARDINAL
from models.policy import Policy


def _fence(rules: Policy, values: Sequence[float], *, high: bool) -> float | None:
    """The upper or lower fence; None of too few."""
    if len(values) < rules.number("red_flags.fence_least"):
        return None
    return fences(values, float(rules.rate("red_flags.fence_reach")))[high]


def _bidders(seen: Seen) -> list[tuple[int, Tally]]:
    agencies = dict.fromkeys(each.agency for each in seen.answers)
    return [(key, seen.tallies[key]) for key in agencies if key in seen.tallies]


def _unsuccessful(rules: Policy, seen: Seen) -> Iterator[Found]:
    valid = [each for each in seen.agencies if each.bids > each.struck]
    fence = _fence(rules, [each.won / (each.bids - each.struck) for each in valid], high=False)
    if fence is None:
        return
    top = float(np.percentile([each.bids - each.struck for each in valid], 75))
    for agency, own in _bidders(seen):
        bids = own.bids - own.struck
        if bids >= max(top, rules.number("red_flags.bids_least")) and own.won / bids <= fence:
            figures = [
                (N_("有效投标"), "count", bids),
                (N_("中选"), "count", own.won),
                (N_("中选比例的离群界限"), "share", fence),
            ]
            yield Found(figures, [seen.tender], len(valid), agency)


def _struck(rules: Policy, own: Tally, others: Sequence[Tally]) -> Iterator[tuple[float, float]]:
    least = rules.number("red_flags.bids_least")
    fence = _fence(rules, [each.struck / each.bids for each in others if each.bids], high=True)
    if fence is not None and own.bids >= least and own.struck and own.struck / own.bids >= fence:
        yield own.struck / own.bids, fence


def _struck_agency(rules: Policy, seen: Seen) -> Iterator[Found]:
    for agency, own in _bidders(seen):
        for share, fence in _struck(rules, own, seen.agencies):
            figures = [(N_("投标"), "count", own.bids), (N_("无效的比例"), "share", share)]
            yield Found([*figures, (N_("离群界限"), "share", fence)], [seen.tender], own.bids, agency)


def _struck_buyer(rules: Policy, seen: Seen) -> Iterator[Found]:
    own = seen.tallies.get(seen.buyer, Tally())
    for share, fence in _struck(rules, own, seen.purchasers):
        figures = [(N_("收到的投标"), "count", own.bids), (N_("判为无效的比例"), "share", share)]
        yield Found([*figures, (N_("离群界限"), "share", fence)], [seen.tender], own.bids, seen.buyer)


def _various(rules: Policy, seen: Seen) -> Iterator[Found]:
    fence = _fence(rules, [each.lines for each in seen.agencies if each.lines], high=True)
    own = seen.tallies.get(seen.winner.agency) if seen.winner else None
    if fence is not None and seen.winner and own and own.lines > 1 and own.lines >= fence:
        figures = [(N_("中选事项所属的主管部门数"), "count", own.lines), (N_("离群界限"), "ratio", fence)]
        yield Found(figures, [seen.tender], len(seen.agencies), seen.winner.agency)


def _dependent(rules: Policy, seen: Seen) -> Iterator[Found]:
    if seen.winner is None or len(seen.buyers) < rules.number("red_flags.dependence_least"):
        return
    ((buyer, most),) = Counter(seen.buyers).most_common(1)
    share = most / len(seen.buyers)
    if buyer == seen.buyer and share >= rules.rate("red_flags.dependence_share"):
        figures = [(N_("近期中选"), "count", len(seen.buyers)), (N_("来自这一家业主"), "share", share)]
        yield Found(figures, [seen.tender], len(seen.buyers), seen.winner.agency)


def _rotating(rules: Policy, seen: Seen) -> Iterator[Found]:
    """Each time somebody else of the same group: of many wins by chance that is rare."""
    won = [(tender, winner) for tender, winner in seen.together if winner is not None]
    winners = [winner for _tender, winner in won]
    if (
        len(winners) < rules.number("red_flags.group_least")
        or len({each.agency for each in seen.answers}) < 2
    ):
        return
    if all(one != other for one, other in pairwise(winners)):
        figures = [
            (N_("一起参加"), "count", len(winners)),
            (N_("轮流中选的家数"), "count", len(set(winners))),
        ]
        yield Found(figures, [tender for tender, _winner in won], len(winners), key=seen.group)


def _silent(rules: Policy, seen: Accepted) -> Iterator[Found]:
    count, silent = len(seen.deliverables), len(seen.silent)
    if silent >= rules.number("red_flags.silence_least"):
        share = silent / count
        if share >= rules.rate("red_flags.silence_share"):
            figures = [(N_("近期验收"), "count", count), (N_("逾期视为验收的比例"), "share", share)]
            yield Found(figures, seen.silent, count, seen.agency)


SIGNS = (
    Sign(
        name="unsuccessful",
        label=N_("经常投标而很少中选(R025)"),
        about="agency",
        definition=N_("有效投标数在前四分之一,而中选比例不高于各机构中选比例的下四分位数减 1.5 倍四分位距。"),
        source=CARDINAL + "R025",
        least="fence_least",
        innocent=(N_("新进入的机构,价格还没有优势。"), N_("投标的地区远离本地,成本高。")),
        find=_unsuccessful,
    ),
    Sign(
        name="struck_agency",
        label=N_("投标常被判无效(R038)"),
        about="agency",
        definition=N_("无效投标占全部投标的比例,不低于各机构的上四分位数加 1.5 倍四分位距。"),
        source=CARDINAL + "R038",
        least="fence_least",
        innocent=(N_("不熟悉平台,修改需求后忘了更新投标。"), N_("文件上传后损坏,密文与回执不符。")),
        find=_struck_agency,
    ),
    Sign(
        name="struck_buyer",
        label=N_("常把投标判为无效(R038)"),
        about="buyer",
        definition=N_("收到的投标中无效的比例,不低于各业主的上四分位数加 1.5 倍四分位距。"),
        source=CARDINAL + "R038",
        least="fence_least",
        innocent=(N_("需求经常修改,投标人没有跟上。"), N_("当地机构之间关联多。")),
        find=_struck_buyer,
    ),
    Sign(
        name="heterogeneous",
        label=N_("承接的事项过于庞杂(R048)"),
        about="agency",
        definition=N_(
            "中选事项所属主管部门的个数,不低于各机构的上四分位数加 1.5 倍四分位距(原定义按商品分类的第一级)。"
        ),
        source=CARDINAL + "R048",
        least="fence_least",
        innocent=(N_("综合性的大机构,资质齐全。"), N_("几个部门的事项其实相近。")),
        find=_various,
    ),
    Sign(
        name="dependent",
        label=N_("业务几乎来自同一业主"),
        about="agency",
        definition=N_("机构近期的中选里,来自同一业主的比例不低于规则的下限。"),
        source=N_("本平台的定义"),
        least="dependence_least",
        innocent=(N_("当地只有这一家业主有这类需求。"), N_("一个大项目分几期采购。")),
        find=_dependent,
    ),
    Sign(
        name="rotating",
        label=N_("同一批机构轮流中选"),
        about="group",
        definition=N_("完全相同的一批机构一起参加的需求达到规则的次数,而且没有任何一家接连中选两次。"),
        source=N_("经合组织《反对公共采购串通投标指南》(2012)"),
        least="group_least",
        innocent=(N_("当地有资质的就是这几家,能力相当。"), N_("刚中选的一家正忙,报价就高一些。")),
        find=_rotating,
    ),
    Sign(
        name="silent_acceptance",
        label=N_("成果屡次因逾期不答复而视为验收"),
        about="agency",
        definition=N_("近期验收的成果里,业主逾期不答复、按规则视为验收的次数和比例都达到规则的下限。"),
        source=N_("本平台的定义"),
        least="silence_least",
        innocent=(N_("业主人手少,没有及时登录。"), N_("双方在线下已经确认。")),
        find=_silent,
        reads=Accepted,
    ),
)
