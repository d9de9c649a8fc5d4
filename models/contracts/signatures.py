"""Signatures on contracts: who signed which file when, kept beside the signed PDF itself, which proves it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.base import Base, Name
from models.contracts.agreement import Contract
from models.documents import Document
from models.errors import RuleViolation
from models.i18n import N_
from models.signing.keys import names
from models.signing.pades import FLAWS, Box, Signed

METHODS = {"platform": N_("平台托管的密钥"), "own": N_("自备证书"), "elsewhere": N_("在别处签署后上传")}
# The field each party signs in, and its place on the last page (points; 1 mm is 2.83).
FIELDS = {"buyer": "Buyer", "agency": "Agency"}
BOXES: dict[str, Box] = {"Buyer": (79, 330, 249, 415), "Agency": (346, 330, 516, 415)}


class ContractSignature(Base):
    """One party's signature on one text of a contract; a revision of the text removes it.

    `document` is the PDF with this signature in it, `stamped` whether its time is an authority's.
    """

    __tablename__ = "contract_signatures"
    __table_args__ = (UniqueConstraint("contract_id", "role"),)

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    role: Mapped[str] = mapped_column(String(10))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    method: Mapped[str] = mapped_column(String(10))
    subject: Mapped[Name]
    serial: Mapped[str] = mapped_column(String(50))
    stamped: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    contract: Mapped[Contract] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    document: Mapped[Document] = relationship(lazy="joined")


def flaws_of(found: Signed, contract: Contract) -> tuple[str, ...]:
    """What is wrong with a signature on a contract.

    What is wrong with it at all, and whether it is the party's.
    """
    role = next((role for role, field in FIELDS.items() if field == found.field), "")
    party = {"buyer": contract.buyer, "agency": contract.agency}.get(role)
    return (
        found.flaws if party is not None and names(found.certificate, party) else (*found.flaws, "stranger")
    )


def check_brought(
    before: bytes, after: bytes, found: list[Signed] | None, contract: Contract, role: str
) -> Signed:
    """The signature a party made elsewhere: `after` must be `before` with exactly its signature appended.

    RuleViolation at `file` for another text, for more or fewer signatures, or for one with a flaw.
    """
    if not after.startswith(before):
        raise RuleViolation(
            N_("上传的文件不是从这里下载的那一份,或者保存时改写了原来的内容;请用“增量保存”签署。"), "file"
        )
    mine = [each for each in found or [] if each.field == FIELDS[role]]
    others = [each for each in found or [] if each.field not in FIELDS.values()]
    if not mine or others:
        raise RuleViolation(N_("文件里没有签在“%(place)s”签名域的签名。"), "file", place=FIELDS[role])
    wrong = flaws_of(mine[0], contract)
    if wrong or any(flaws_of(each, contract) for each in found or []):
        raise RuleViolation(
            N_("签名没有通过核验:%(flaws)s。"), "file", flaws=FLAWS[wrong[0]] if wrong else FLAWS["altered"]
        )
    return mine[0]
