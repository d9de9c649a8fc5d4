"""What a selection mode is: the interface by which rules, acts, pages and the demonstration know each.

A mode is one module of this package: a class answered by quotes (`quoted.py`) or by sealed bids
(`sealed.py`), registered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy.orm import InstrumentedAttribute, Session

from models.actors import Actor
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.outcomes import Outcome

if TYPE_CHECKING:
    from models.catalogue import ServiceItem
    from models.sourcing.bids import Bid
    from models.sourcing.modes.rules import Rules
    from models.sourcing.quotes import Quote
    from models.sourcing.tenders import Tender


class Step(IntEnum):
    """Those of the eight steps of the market that a mode shapes, by their place among them."""

    INQUIRY = 0
    NEGOTIATION = 1
    BIDDING = 2
    CONFIRMATION = 3


@dataclass(frozen=True, slots=True)
class PlannedDraw:
    """A draw that is promised when a tender is published, frozen at its deadline and run when all is open.

    `candidates` makes the list drawn from of the bidders' identifiers and the policy's version; `picks` is
    how many are drawn, None for all of them in their drawn order. `unit` follows what is drawn where shown.
    """

    purpose: str
    label: str
    candidates: Callable[[list[str], str], list[str]]
    picks: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """How the demonstration shows a mode: its share of a hundred tenders by funds, and a buyer's reasons."""

    shares: Mapping[str, int]
    reasons: str


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody chooses an agency for.

    The item, whose money (FUNDS), the sum at the most or by the published prices (fen; None where neither is
    known), and the policy it is chosen under.
    """

    item: ServiceItem
    funds: str
    sum: int | None
    book: Policy

    @property
    def small(self) -> bool:
        """Whether the sum is known and such that even state funds may choose directly."""
        return self.sum is not None and self.sum <= self.book.number("choosing.direct_state_most_yuan") * 100

    @property
    def large(self) -> bool:
        """Whether the sum is known and more than that."""
        return self.sum is not None and not self.small


class Mode(ABC):
    """A way to choose an agency.

    `how` says who wins, `order` is its place among the modes people choose from. `sealed` ones are answered
    by sealed bids and ranked, of the others the buyer chooses one quote. `invites_one`: a single agency is
    asked by name. `drawn`: the drawn order alone decides, and does not only part equals. `asks_price`: a bid
    names its price; else it is the buyer's. `scored`: evaluators give
    points by published criteria. `follows` is the tender's act right after an opening, None where its award
    is next; `opens_all`: an opening shows everything, not the prices alone. `turned_into` says what happens
    where too few answers turn another mode into this one, None where the policy may not have that;
    `deadline_hint` what it asks of the deadline, if anything.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    how: ClassVar[str]
    order: ClassVar[int]
    example: ClassVar[Example]
    sealed: ClassVar[bool]
    closes_early: ClassVar[bool]
    skipped: ClassVar[Step]
    answer_label: ClassVar[str]
    equals: ClassVar[str]
    budget_label: ClassVar[str] = N_("预算上限")
    deadline_hint: ClassVar[str] = ""
    turned_into: ClassVar[str | None] = None
    invites_one: ClassVar[bool] = False
    asks_price: ClassVar[bool] = True
    scored: ClassVar[bool] = False
    opens_all: ClassVar[bool] = True
    follows: ClassVar[str | None] = None
    draws: ClassVar[tuple[PlannedDraw, ...]] = ()
    drawn: ClassVar[bool] = False

    @property
    def compares(self) -> bool:
        """Whether the buyer chooses by comparing the quotes of several."""
        return not self.sealed and not self.invites_one

    @property
    def activity(self) -> str:
        """What answering is, as restrictions name it."""
        return "bid" if self.sealed else "quote"

    def check(self, tender: Tender) -> None:  # noqa: B027
        """RuleViolation, at the form's field, for a draft or an amendment this mode cannot choose by."""

    def suits(self, need: Need) -> str:
        """Why this is a good way to choose for such a need; empty where nothing speaks for it."""
        return ""

    def price_of(self, tender: Tender, asked: int | None, published: int) -> int | None:
        """An answer's price in fen: what its agency `asked`, whose `published` price for it is this."""
        return asked

    def deadline_on(self, moved: datetime) -> datetime:
        """The deadline on the day to which it is moved."""
        return moved

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        """What opened bids are ranked by, least first; `totals` are the points by the bids' identifiers.

        Equals follow the drawn order.
        """
        return 0

    def reckon(
        self, outcome: Outcome, drawn: Mapping[str, list[str]], prices: list[int], policy_version: str
    ) -> Outcome:
        """The outcome with what the ranking needs beyond the drawn order.

        `drawn` is what its draws came to by their purposes, `prices` (fen) are those of the valid bids.
        """
        return outcome

    def explain(self, book: Policy, say: Say) -> list[str]:
        """The mode's own rules with the policy's numbers, in the language `say` speaks."""
        return []

    @property
    @abstractmethod
    def answer_class(self) -> type[Quote] | type[Bid]:
        """The case an answer is."""

    @abstractmethod
    def standing(self, session: Session, tender: Tender) -> list[Any]:
        """The answers that count at the deadline, in the order in which linked ones are heeded."""

    @abstractmethod
    def sorted_by(self, tender: Tender) -> InstrumentedAttribute[Any]:
        """What answers are listed by before there is a ranking: their price where it can be read."""

    @abstractmethod
    def shows(self, tender: Tender, answer: Any, actor: Actor) -> bool:
        """Whether an actor may see another's answer."""

    @abstractmethod
    def answers_known(self, tender: Tender) -> bool:
        """Whether by now the buyer knows who answered."""

    @abstractmethod
    def tells_count(self, tender: Tender) -> bool:
        """Whether by now it may be known how many answers there are."""

    @abstractmethod
    def hides_quotes(self, book: Policy, funds: str) -> bool:
        """Whether quotes are shown to nobody but their agency until the deadline."""

    @abstractmethod
    def shown_when(self, rules: Rules) -> str:
        """When offers can be read, in a word."""

    @abstractmethod
    def shown_to_buyer(self, rules: Rules) -> str | None:
        """When the buyer reads quotes; None where there are none."""

    @abstractmethod
    def explain_answer(self, tender: Tender, say: Say) -> list[str]:
        """What whoever answers should know of its price and of who reads it when, as `say` says it."""

    @abstractmethod
    def none_shown(self, tender: Tender, count: int | None) -> str:
        """Why the reader of a tender sees no answer; `count` is how many there are, where that is told."""

    @abstractmethod
    def step(self, state: str, *, bargaining: bool) -> Step:
        """Where among the eight steps a tender in this state is that has no contract yet."""


MODES: dict[str, Mode] = {}
M = TypeVar("M", bound=type[Mode])


def register(mode: M) -> M:
    """Make a mode one that may be chosen, in its place among the others."""
    MODES[mode.name] = mode()
    for name in sorted(MODES, key=lambda name: MODES[name].order):
        MODES[name] = MODES.pop(name)
    return mode


def planned_draws() -> dict[str, PlannedDraw]:
    """Every draw any mode plans, by its purpose."""
    return {draw.purpose: draw for mode in MODES.values() for draw in mode.draws}
