"""What the modes answered by quotes have in common: the buyer bargains, chooses one and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.actors import Actor
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.modes.mode import Mode, Step

if TYPE_CHECKING:
    from models.sourcing.modes.rules import Rules
    from models.sourcing.quotes import Quote
    from models.sourcing.tenders import Tender


class QuotedMode(Mode):
    """Agencies quote; where the policy says so, sealed until the deadline."""

    sealed = False
    closes_early = True
    skipped = Step.BIDDING
    answer_label = N_("报价")
    equals = N_("业主选择并说明理由")

    @property
    def answer_class(self) -> type[Quote]:
        from models.sourcing.quotes import Quote

        return Quote

    def standing(self, session: Session, tender: Tender) -> list[Any]:
        """But for one that was to be given anew and was not: it cannot be awarded."""
        kind = self.answer_class
        live = select(kind).where(kind.tender_id == tender.id, kind.state.in_(kind.live)).order_by(kind.id)
        return [each for each in session.scalars(live) if each.state != "countered" or not each.renewed]

    def sorted_by(self, tender: Tender) -> InstrumentedAttribute[Any]:
        return self.answer_class.price

    def shows(self, tender: Tender, answer: Any, actor: Actor) -> bool:
        """The buyer's side and its overseers; of sealed quotes nobody."""
        return answer.sealed is None and bool(tender.roles_of(actor))

    def answers_known(self, tender: Tender) -> bool:
        return tender.state not in ("draft", "published")

    def tells_count(self, tender: Tender) -> bool:
        return True

    def hides_quotes(self, book: Policy, funds: str) -> bool:
        return book.text(f"mode.{self.name}.quotes.{funds}") == "deadline"

    def shown_when(self, rules: Rules) -> str:
        return N_("截止时") if rules.hidden else N_("随时")

    def shown_to_buyer(self, rules: Rules) -> str:
        return N_("截止时一起公开给业主") if rules.hidden else N_("业主随时可以看到")

    def explain_answer(self, tender: Tender, say: Say) -> list[str]:
        if tender.rules.hidden:
            return [
                say(
                    N_(
                        "截止(%(time)s)前密封:业主只看到收到几份报价,不知道是谁、报多少,到时一起公开给业主;截止前可以更换或撤回。"
                    ),
                    time=tender.deadline,
                )
            ]
        return [say(N_("提交后业主立即看得到您的报价,可以随时与您议价;其他机构看不到。"))]

    def none_shown(self, tender: Tender, count: int | None) -> str:
        if not count:
            return N_("还没有收到报价。")
        if tender.rules.hidden and tender.state == "published":
            return N_("截止前报价密封:业主只知道收到几份,不知道是谁、报多少。")
        return N_("报价只有业主和报价机构自己能看到。")

    def step(self, state: str, *, bargaining: bool) -> Step:
        if state in ("draft", "published"):
            return Step.NEGOTIATION if bargaining else Step.INQUIRY
        return Step.CONFIRMATION
