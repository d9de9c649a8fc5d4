"""直接选取: the buyer asks one agency, and agrees with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import money, policy
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.quoted import QuotedMode

if TYPE_CHECKING:
    from models.sourcing.tenders import Tender


@register
class Direct(QuotedMode):
    """With state funds up to the policy's budget."""

    name = "direct"
    label = N_("直接选取")
    how = N_("业主邀请一家机构,谈妥后确认。")
    order = 10
    example = Example({"private": 12, "state": 0}, "与本单位同类项目合作过,价格不高于公示收费。")
    invites_one = True

    def suits(self, need: Need) -> str:
        return N_("金额不大,又有信得过的机构时,最省事。") if need.small else ""

    def check(self, tender: Tender) -> None:
        if tender.openness != "invited" or len(tender.invitations) != 1:
            raise RuleViolation(N_("直接选取请只邀请一家机构。"), "invited")
        most = policy.get(tender.policy_version).number("choosing.direct_state_most_yuan") * 100
        if tender.funds == "state" and not 0 < (tender.budget or 0) <= most:
            raise RuleViolation(
                N_("国有资金直接选取须设预算,且不超过 %(most)s。"), "budget", most=money.show(most)
            )
