"""Credit records: what is proposed to be held against an agency.

A proposal counts for nothing and is seen by nobody but the regulator: before notice and an answer nothing
negative may (国办发〔2020〕49号).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Code, Name
from models.cases import Case
from models.i18n import N_
from models.workflow import start
from models.workflow_table import Move, State, Workflow

# What a record may be about, and the basis on which it is held.
RECORDS = {
    "commitment": (N_("入驻承诺不实"), "国办发〔2020〕42号 全面推行证明事项和涉企经营许可事项告知承诺制"),
    "revoked": (N_("无照经营"), "《无证无照经营查处办法》"),
    "expired": (N_("证照过期仍在平台经营"), "《无证无照经营查处办法》"),
    "scope": (N_("超出登记的经营范围"), "《市场主体登记管理条例》第二十四条"),
    "address": (N_("变更地址未登记"), "《市场主体登记管理条例》第二十四条"),
    "representative": (N_("变更法定代表人未更新"), "《市场主体登记管理条例》第二十四条"),
    "name": (N_("变更名称未更新"), "《市场主体登记管理条例》第二十四条"),
    "unsigned": (N_("中选后逾期不签订合同"), "《招标投标法实施条例》第七十四条"),
    "given_up": (N_("中选后放弃"), "《招标投标法实施条例》第七十四条"),
    "not_contracted": (N_("确定中选后不与中选机构签订合同"), "《招标投标法实施条例》第七十三条"),
    "late_payment": (N_("逾期付款"), "《民法典》第五百七十九条"),
    "code": (N_("统一社会信用代码不实"), "《市场主体登记管理条例》第十七条"),
    "unregistered": (N_("查无登记主体"), "《无证无照经营查处办法》"),
}
CREDIT_RECORD = Workflow(
    name="credit_record",
    label=N_("信用记录"),
    states=(State("proposed", N_("拟认定")), State("dropped", N_("不予认定"), tone="plain", terminal=True)),
    moves=(Move("proposed", "drop", "dropped", who={"regulator"}, needs_reason=True),),
    openings={"propose": N_("提出信用记录")},
    acts={"drop": N_("不予认定")},
)


class CreditRecord(Case, Base):
    """A fact about an agency, or a buyer, with its basis and where it was found.

    `source_identifier` is that of a check, a payment or a contract.
    """

    __tablename__ = "credit_records"
    workflow: ClassVar[Workflow] = CREDIT_RECORD
    prefix: ClassVar[str] = "X"
    parties: ClassVar[dict[str, str]] = {}

    subject_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(String(1000))
    basis: Mapped[Name]
    source_identifier: Mapped[Code]
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    subject: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.subject.name

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Whom it is about."""
        return {self.subject_id}


def recorded(session: Session, source: str, about: int | None = None) -> bool:
    """Whether a record was put forward from this source, about this organisation if one is given."""
    found = select(CreditRecord.id).where(CreditRecord.source_identifier == source)
    return (
        session.scalars(found if about is None else found.where(CreditRecord.subject_id == about)).first()
        is not None
    )


def propose(
    session: Session, actor: Actor, agency: Organisation, kind: str, facts: str, source: str
) -> CreditRecord:
    """Put a record forward for the regulator of the agency's area to take up."""
    record = CreditRecord(
        identifier=identifiers.issue(session, CreditRecord),
        subject_id=agency.id,
        subject=agency,
        kind=kind,
        facts=facts,
        basis=RECORDS[kind][1],
        source_identifier=source,
    )
    record.region_code = agency.region_code
    start(session, record, actor, "propose", data={"reason": facts, "source": source})
    return record
