"""What the cases of a contract share."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, relationship

from models.agencies import eligibility
from models.cases import Case
from models.contracts.agreement import Contract
from models.sourcing.of_tender import PARTIES


class OfContract(Case):
    """Mixed into the cases between the two parties of a contract.

    They bear its title, are worth what it is worth, and are locked after it.
    """

    beneath: ClassVar[str] = "contract"
    lock_after: ClassVar[str] = "contract"
    parties: ClassVar[dict[str, str]] = PARTIES

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)

    @declared_attr
    @classmethod
    def contract(cls) -> Mapped[Contract]:
        return relationship(Contract, lazy="joined")

    @property
    def title(self) -> str:
        return self.contract.title

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        """What was signed goes on, whatever the agency is stopped at: it is asked what it lacks alone."""
        contract = self.contract
        eligibility.check_fit(session, contract.agency, contract.tender.item, own="agency" in played)
