"""What the cases under a tender share."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from models.cases import Case
from models.sourcing.tenders import Tender

PARTIES = {"buyer": "buyer_id", "agency": "agency_id"}


class OfTender(Case):
    """Mixed into the cases of a tender.

    They bear its title, are worth what it is worth, and are locked after it: an award takes both, too.
    """

    beneath: ClassVar[str] = "tender"
    lock_after: ClassVar[str] = "tender"
    delegated_with: ClassVar[str] = "tender"

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"))

    @declared_attr
    @classmethod
    def tender(cls) -> Mapped[Tender]:
        return relationship(Tender, lazy="joined")

    @property
    def title(self) -> str:
        return self.tender.project
