"""The ways to choose an agency, and the numbers the policy sets for each."""

from __future__ import annotations

from dataclasses import dataclass

from models import policy
from models.errors import RuleViolation
from models.i18n import N_


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to choose.

    `sealed` ones are answered by sealed bids, the others by quotes; `how` says who wins.
    """

    label: str
    how: str
    sealed: bool = True


MODES = {
    "direct": Mode(N_("直接选取"), N_("业主邀请一家机构,谈妥后确认。"), sealed=False),
    "inquiry": Mode(N_("询价议价"), N_("业主比较各家报价,可逐家议价,选定一家并说明理由。"), sealed=False),
    "sealed_bid": Mode(N_("竞价·最低价"), N_("密封投标,到时一起拆封,报价最低的中选。")),
    "reference_price": Mode(
        N_("竞价·参考价"),
        N_(
            "密封投标;各家报价取平均(家数多时先去掉最高和最低),乘以公开抽取的比例得参考价,最接近参考价的中选。"
        ),
    ),
    "reverse_auction": Mode(
        N_("网上竞价"), N_("密封首轮报价拆封后,限时在线降价,互不知道对手是谁,结束时最低的中选。")
    ),
    "merit": Mode(N_("择优选取"), N_("按公布的价格、工期、信用和质量各项权重打分,总分最高的中选。")),
    "random_draw": Mode(N_("随机抽取"), N_("业主定价,愿意按此价承接的机构报名,由可验证的抽取决定。")),
}
FUNDS = {"private": N_("社会资金"), "state": N_("国有资金")}
OPENNESS = {"open": N_("公开征集"), "invited": N_("仅邀请")}
TOO_FEW = {
    "fail": N_("征集失败"),
    "go_on": N_("按已有的继续,至少一家"),
    "inquiry": N_("转为询价议价"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """A mode's numbers in one version of the policy, for one kind of funds. Days are working days.

    `least` answers are needed; with fewer the deadline moves once by `extend_days` (0: never), then `too_few`
    says what follows. `hidden`: quotes are shown to nobody but their agency until the deadline. `equals` are
    always parted by the tender's verifiable draw.
    """

    notice_days: int
    least: int
    extend_days: int
    too_few: str
    publicity_days: int
    hidden: bool

    def follows(self, count: int, *, early: bool, extended: bool) -> str:
        """What follows the deadline with so many answers: `go_on`, `extend`, `inquiry` or `fail`.

        `early`: the buyer closes before the deadline, so that too few change nothing but whether it fails;
        `extended`: the deadline was moved already. RuleViolation for closing early without any answer.
        """
        if early and not count:
            raise RuleViolation(N_("还没有收到报价,不能提前截止。"))
        if count >= self.least:
            return "go_on"
        if self.extend_days and not extended and not early:
            return "extend"
        if not count or (self.too_few == "inquiry" and early):
            return "fail"
        return self.too_few


def rules_of(mode: str, funds: str, version: str | None = None) -> Rules:
    """The rules for a mode and funds, of the named policy version or the current one."""
    book = policy.get(version) if version else policy.current()
    return Rules(
        notice_days=book.number(f"mode.{mode}.notice_days.{funds}"),
        least=book.number(f"mode.{mode}.least.{funds}"),
        extend_days=book.number(f"mode.{mode}.extend_days.{funds}"),
        too_few=book.text(f"mode.{mode}.too_few.{funds}"),
        publicity_days=book.number(f"mode.{mode}.publicity_days.{funds}"),
        hidden=not MODES[mode].sealed and book.text(f"mode.{mode}.quotes.{funds}") == "deadline",
    )
