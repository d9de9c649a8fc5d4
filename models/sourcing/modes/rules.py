"""The numbers the policy sets for each selection mode, for private and for state funds."""

from __future__ import annotations

from dataclasses import dataclass

from models import policy
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.modes.mode import MODES

FUNDS = {"private": N_("社会资金"), "state": N_("国有资金")}
OPENNESS = {"open": N_("公开征集"), "invited": N_("仅邀请")}


@dataclass(frozen=True, slots=True)
class Rules:
    """A mode's numbers in one version of the policy, for one kind of funds. Days are working days.

    `least` answers are needed; with fewer the deadline moves once by `extend_days` (0: never), then `too_few`
    says what follows: `fail`, `go_on`, or the mode the tender turns into. `hidden`: quotes are shown to
    nobody but their agency until the deadline. `equals` are always parted by the tender's verifiable draw.
    """

    notice_days: int
    least: int
    extend_days: int
    too_few: str
    publicity_days: int
    hidden: bool

    def follows(self, count: int, *, early: bool, extended: bool) -> str:
        """What follows the deadline with so many answers: `go_on`, `extend`, `fail`, or the mode turned into.

        `early`: the buyer closes before the deadline, so that too few change nothing but whether it fails;
        `extended`: the deadline was moved already. RuleViolation for closing early without any answer.
        """
        if early and not count:
            raise RuleViolation(N_("还没有收到报价,不能提前截止。"))
        if count >= self.least:
            return "go_on"
        if self.extend_days and not extended and not early:
            return "extend"
        if not count or (early and self.too_few in MODES):
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
        hidden=MODES[mode].hides_quotes(book, funds),
    )
