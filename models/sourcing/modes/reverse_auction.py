"""网上竞价: the opened prices are undercut in a live auction; the lowest at its end wins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models import workdays
from models.clock import BEIJING
from models.errors import RuleViolation
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.sealed import SealedMode
from models.sourcing.outcomes import Outcome

if TYPE_CHECKING:
    from models.sourcing.bids import Bid
    from models.sourcing.tenders import Tender


@register
class ReverseAuction(SealedMode):
    """It begins at the deadline, in office hours; until its end the prices alone are open."""

    name = "reverse_auction"
    label = N_("网上竞价")
    how = N_("密封首轮报价拆封后,限时在线降价,互不知道对手是谁,结束时最低的中选。")
    order = 50
    example = Example({"private": 8, "state": 15}, "网上竞价结束时报价最低。")
    deadline_hint = N_("网上竞价在截止时开始,请定在工作日 9:00 到 16:00。")
    opens_all = False
    follows = "start_auction"

    def suits(self, need: Need) -> str:
        return N_("按数量计价、要求明确,比的就是价格。") if need.item.measure == "count" else ""

    def check(self, tender: Tender) -> None:
        local = tender.deadline.astimezone(BEIJING)
        if not (workdays.is_workday(local.date()) and time(9) <= local.time() <= time(16)):
            raise RuleViolation(
                N_("网上竞价在截止时开始,截止时间应在工作日 9:00 到 16:00 之间。"), "deadline"
            )

    def deadline_on(self, moved: datetime) -> datetime:
        return moved.replace(hour=10)

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        return bid.price

    def explain(self, book: Policy, say: Say) -> list[str]:
        return [
            say(
                N_(
                    "拆封后在线降价 %(minutes)s 分钟;每次至少降 %(step)s;最后 %(last)s 分钟内有降价,"
                    "从降价时起再延 %(last)s 分钟,最长 %(longest)s 分钟。"
                ),
                minutes=book.number("choosing.auction_minutes"),
                step=book.rate("choosing.auction_step_rate"),
                last=book.number("choosing.auction_extend_within_minutes"),
                longest=book.number("choosing.auction_longest_minutes"),
            )
        ]
