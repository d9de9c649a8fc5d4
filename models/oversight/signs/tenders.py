"""Signs in how one tender went: Cardinal's, adapted to what this market keeps."""

from __future__ import annotations

from collections.abc import Iterator

from models.i18n import N_
from models.oversight.sign import Found, Seen, Sign, fences
from models.policy import Policy

CARDINAL = "Open Contracting Partnership, Cardinal: "
_DIFFERENCE = N_("次低价比中选价高")
_STRUCK = N_("被判无效的家数")


def _short(rules: Policy, seen: Seen) -> Iterator[Found]:
    least = rules.number("red_flags.short_days")
    if seen.competitive and seen.days < least:
        figures = [(N_("征集天数"), "days", seen.days), (N_("规则的下限"), "days", least)]
        yield Found(figures, [seen.tender], 1)


def _single(rules: Policy, seen: Seen) -> Iterator[Found]:
    if seen.competitive and len(seen.answers) == 1:
        yield Found([(N_("报价家数"), "count", 1)], [seen.answers[0].identifier], 1)


def _outlier(rules: Policy, seen: Seen, *, high: bool) -> Iterator[Found]:
    difference, others = seen.difference, seen.differences
    if difference is None or len(others) < rules.number("red_flags.fence_least"):
        return
    low_fence, high_fence = fences(others, float(rules.rate("red_flags.fence_reach")))
    fence = high_fence if high else low_fence
    if (difference >= fence) if high else (difference <= fence):
        figures = [(_DIFFERENCE, "share", difference), (N_("离群界限"), "share", fence)]
        yield Found(figures, [each.identifier for each in seen.valid[:2]], len(others))


def _close(rules: Policy, seen: Seen) -> Iterator[Found]:
    return _outlier(rules, seen, high=False)


def _discounted(rules: Policy, seen: Seen) -> Iterator[Found]:
    return _outlier(rules, seen, high=True)


def _late(rules: Policy, seen: Seen) -> Iterator[Found]:
    if seen.winner is not None and seen.winner.at > seen.deadline:
        late = (seen.winner.at - seen.deadline).total_seconds() / 86_400
        yield Found([(N_("晚于截止(天)"), "ratio", late)], [seen.winner.identifier], 1)


def _all_struck(rules: Policy, seen: Seen) -> Iterator[Found]:
    struck = [each for each in seen.answers if each.struck]
    if seen.winner is not None and [each.agency for each in seen.valid] == [seen.winner.agency] and struck:
        names = [seen.winner.identifier, *(each.identifier for each in struck)]
        yield Found([(_STRUCK, "count", len(struck))], names, len(seen.answers))


def _lowest_struck(rules: Policy, seen: Seen) -> Iterator[Found]:
    priced = [each for each in seen.answers if each.price is not None]
    if seen.winner is None or not seen.price_only or not priced:
        return
    least = min(each.price or 0 for each in priced)
    lowest = [each for each in priced if each.price == least]
    if all(each.struck for each in lowest):
        figures = [(N_("最低报价"), "fen", least), (N_("中选价"), "fen", seen.price or 0)]
        yield Found(figures, [each.identifier for each in lowest], len(priced))


def _far(rules: Policy, seen: Seen) -> Iterator[Found]:
    if seen.price is None or len(seen.prices) < rules.number("red_flags.fence_least"):
        return
    low, high = fences(seen.prices, float(rules.rate("red_flags.fence_reach")))
    if not low <= seen.price <= high:
        bounds = [(N_("离群下限"), "fen", max(low, 0)), (N_("离群上限"), "fen", high)]
        yield Found([(N_("中选价"), "fen", seen.price), *bounds], [seen.tender], len(seen.prices))


SIGNS = (
    Sign(
        name="short_notice",
        label=N_("征集时间短(R003)"),
        about="tender",
        definition=N_(
            "公开竞争的需求,从发布到截止的工作日少于规则的天数(原定义为 15 个自然日,依采购方式可调)。"
        ),
        source=CARDINAL + "R003",
        innocent=(N_("上一次征集失败后的重新征集。"), N_("事项简单,资料齐全。"), N_("抢险等紧急情形。")),
        find=_short,
    ),
    Sign(
        name="single_bid",
        label=N_("只有一家报价(R018)"),
        about="tender",
        definition=N_("向多家征集的需求,只收到一家报价。"),
        source=CARDINAL + "R018",
        innocent=(N_("当地有资质的机构本来就少。"), N_("任务小、地点偏,别家没有兴趣。")),
        find=_single,
    ),
    Sign(
        name="close_second",
        label=N_("次低价紧挨中选价(R024)"),
        about="tender",
        definition=N_(
            "次低的有效报价高出中选价的比例,不高于下四分位数减 1.5 倍四分位距。只看以最低价中选的需求。"
        ),
        source=CARDINAL + "R024",
        least="fence_least",
        innocent=(N_("收费标准统一,价格都相近。"), N_("竞争充分,各家都报到成本。")),
        find=_close,
    ),
    Sign(
        name="heavy_discount",
        label=N_("中选价远低于次低价(R058)"),
        about="tender",
        definition=N_(
            "次低的有效报价高出中选价的比例,不低于上四分位数加 1.5 倍四分位距。只看以最低价中选的需求。"
        ),
        source=CARDINAL + "R058",
        least="fence_least",
        innocent=(N_("中选机构有现成的资料或设备。"), N_("其余各家不想承接,随意报高价。")),
        find=_discounted,
    ),
    Sign(
        name="late_winner",
        label=N_("中选的报价晚于截止时间(R030)"),
        about="tender",
        definition=N_("中选机构的报价收到的时间晚于截止时间。本平台截止后不收,出现即说明经人工变更。"),
        source=CARDINAL + "R030",
        innocent=(N_("截止时间后来改早。"), N_("系统故障后经批准补录。")),
        find=_late,
    ),
    Sign(
        name="all_others_struck",
        label=N_("除中选者外全部无效(R035)"),
        about="tender",
        definition=N_("只有中选机构一家的报价有效,其余至少一家被判无效。"),
        source=CARDINAL + "R035",
        innocent=(N_("需求修改后,别家没有更新投标。"), N_("别家确实是关联单位。")),
        find=_all_struck,
    ),
    Sign(
        name="lowest_struck",
        label=N_("最低报价被判无效(R036)"),
        about="tender",
        definition=N_("只比价格的需求,提交的最低报价被判无效,由别家中选。"),
        source=CARDINAL + "R036",
        innocent=(N_("低价的一家是关联单位。"), N_("低价的一家没有按修改后的需求更新。")),
        find=_lowest_struck,
    ),
    Sign(
        name="far_price",
        label=N_("中选价远离同一事项的价格"),
        about="tender",
        definition=N_(
            "中选价低于同一事项近期中选价的下四分位数减 1.5 倍四分位距,或者高于上四分位数加 1.5 倍四分位距。"
        ),
        source=N_("Tukey 的离群界限;本平台的定义"),
        least="fence_least",
        innocent=(N_("工程规模与通常的不同:看数量。"), N_("工期特别紧,或者现场特别远。")),
        find=_far,
    ),
)
