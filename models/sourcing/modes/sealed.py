"""What the modes answered by sealed bids have in common: all are opened at once, and a rule ranks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.actors import Actor
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.modes.mode import Mode, PlannedDraw, Step

if TYPE_CHECKING:
    from models.sourcing.bids import Bid
    from models.sourcing.modes.rules import Rules
    from models.sourcing.tenders import Tender

ORDER = PlannedDraw("order", N_("抽签顺序"), lambda bidders, _version: bidders)  # what parts equals


class SealedMode(Mode):
    """Agencies bid under two keys; whoever a mode's `rank_key` puts first is awarded."""

    sealed = True
    closes_early = False
    skipped = Step.NEGOTIATION
    answer_label = N_("密封投标")
    equals = N_("由可验证的抽取分先后")
    draws: ClassVar[tuple[PlannedDraw, ...]] = (ORDER,)

    @property
    def answer_class(self) -> type[Bid]:
        from models.sourcing.bids import Bid

        return Bid

    def standing(self, session: Session, tender: Tender) -> list[Any]:
        """The earliest first: of two that are linked the later one does not count."""
        kind = self.answer_class
        live = select(kind).where(kind.tender_id == tender.id, kind.state.in_(kind.live))
        return list(session.scalars(live.order_by(kind.received_at, kind.id)))

    def sorted_by(self, tender: Tender) -> InstrumentedAttribute[Any]:
        return self.answer_class.price if tender.opened else self.answer_class.id

    def shows(self, tender: Tender, answer: Any, actor: Actor) -> bool:
        """Nobody before the opening, and everybody after it."""
        return tender.opened

    def answers_known(self, tender: Tender) -> bool:
        return tender.opened

    def tells_count(self, tender: Tender) -> bool:
        return tender.opened

    def hides_quotes(self, book: Policy, funds: str) -> bool:
        return False

    def shown_when(self, rules: Rules) -> str:
        return N_("拆封时")

    def shown_to_buyer(self, rules: Rules) -> None:
        return None

    def explain_answer(self, tender: Tender, say: Say) -> list[str]:
        return [say(N_("提交后立即加密,截止前可以更换或撤回;到时统一拆封,所有投标人都能看到全部投标。"))]

    def none_shown(self, tender: Tender, count: int | None) -> str:
        if tender.state == "auction":
            return N_("网上竞价进行中:结束前不公布是哪几家。")
        if tender.state in ("draft", "published", "closed"):
            return N_("投标收到时即加密,到截止时间才能拆封;在此之前不公布有几家投标、是谁、投了多少。")
        if not tender.opened:
            return N_("投标没有开启:没有人看到过里面的价格。")
        return N_("还没有收到报价。")

    def step(self, state: str, *, bargaining: bool) -> Step:
        if state == "draft":
            return Step.INQUIRY
        bidding = ("published", "closed", "auction", "scoring")
        return Step.BIDDING if state in bidding else Step.CONFIRMATION
