"""The ranking of agencies: who stands in it, and of everybody else why not.

It goes by the score, which is a mean with its interval beside it, not by the lower bound: that would rank who
is well known above who is good. An agency ranks from as many contracts on as the policy wants before it
grades (`least_evidence`); for an item, from as many of that item.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from models import clock
from models.accounts import Organisation
from models.actors import IN_STANDING
from models.agencies.fees import FeeSchedule
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.credit import policy
from models.credit.kept import CreditScore
from models.credit.score import ended
from models.errors import Problem, RuleViolation
from models.i18n import N_
from models.regions import within
from models.sourcing.tenders import Tender


def needed() -> int:
    """How many contracts have to have ended before an agency ranks, by the policy of today."""
    return policy.current().number("least_evidence")


@dataclass(frozen=True)
class Ranking:
    """The agencies of a region (a code, and what lies below it), for an item (its code); empty for all."""

    item: str = ""
    region: str = ""

    def _offered(self) -> ColumnElement[bool]:
        offers = select(FeeSchedule.id).where(
            FeeSchedule.agency_id == Organisation.id, FeeSchedule.item_code == self.item
        )
        return offers.exists()

    def _of_the_item(self) -> ColumnElement[int]:
        """How many contracts of the item have ended, in SQL."""
        counted = or_(*ended(clock.now()))
        contracts = (
            select(func.count(Contract.id))
            .join(Tender, Tender.id == Contract.tender_id)
            .join(ServiceItem, ServiceItem.id == Tender.item_id)
            .where(Contract.agency_id == Organisation.id, ServiceItem.code == self.item, counted)
        )
        return contracts.scalar_subquery()

    def _narrowed(self) -> list[ColumnElement[bool]]:
        among = [self._offered()] if self.item else []
        return [*among, within(Organisation.region_code, self.region)] if self.region else among

    def _stands(self) -> ColumnElement[bool]:
        known = [Organisation.state == IN_STANDING, CreditScore.grade.is_not(None)]
        return and_(*known, self._of_the_item() >= needed()) if self.item else and_(*known)

    def ranked(self) -> Select[CreditScore]:
        """The newest scores of those who rank, best first."""
        query = select(CreditScore).join(Organisation, Organisation.id == CreditScore.agency_id)
        query = query.where(self._stands(), *self._narrowed())
        return query.order_by(CreditScore.score.desc(), CreditScore.id)

    def better_than(self, score: int) -> Select[int]:
        """How many rank above a score (in tenths)."""
        better = self.ranked().where(CreditScore.score > score).order_by(None)
        return better.with_only_columns(func.count())

    def unranked(self) -> Select[Organisation, str | None, int]:
        """Who is in the market and does not rank, each with its grade and how many contracts of the item."""
        contracts = self._of_the_item() if self.item else literal(0)
        query = select(Organisation, CreditScore.grade, contracts.label("contracts"))
        query = query.outerjoin(CreditScore, CreditScore.agency_id == Organisation.id).where(
            Organisation.kind == "agency",
            Organisation.state.in_((IN_STANDING, "suspended")),
            or_(CreditScore.id.is_(None), ~self._stands()),
            *self._narrowed(),
        )
        return query.order_by(Organisation.id)

    def why_not(self, agency: Organisation, grade: str | None, contracts: int) -> list[Problem]:
        """Why an agency that `unranked` found does not rank, in words: every reason there is."""
        reasons: list[Problem] = []
        if agency.state != IN_STANDING:
            reasons.append(RuleViolation(N_("目前的状态是“%(state)s”,不排名。"), state=agency.state_label))
        if grade is None:
            few = N_("结束的合同还不到 %(needed)s 份,没有依据评级;没有记录不等于记录好。")
            reasons.append(RuleViolation(few, needed=needed()))
        elif self.item and contracts < needed():
            few = N_("这一事项结束的合同是 %(contracts)s 份,不到 %(needed)s 份。")
            reasons.append(RuleViolation(few, contracts=contracts, needed=needed()))
        return reasons
