"""Checks (核查): something about an agency that does not agree, and what the regulator finds.

Or that it only committed itself to. Nothing is held against an agency before it could answer, and nothing
follows by itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers, uscc
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Base, Json
from models.cases import Case
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow import start
from models.workflow_table import Limit, Move, State, Workflow

# What a check may be about, and what it would be if it is so.
CHECKS = {
    "commitment": N_("承诺入驻后的核查"),
    "revoked": N_("证照已被吊销或注销"),
    "expired": N_("证照已过有效期"),
    "scope": N_("经营范围与登记不一致"),
    "address": N_("登记地址已变更而未更新"),
    "representative": N_("法定代表人与登记不一致"),
    "name": N_("名称与登记不一致"),
    "unregistered": N_("登记机关查无此主体"),
    "code": N_("统一社会信用代码校验位不符"),
}
TO_DECIDE = up("check.decide_days")
CHECK = Workflow(
    name="check",
    label=N_("机构核查"),
    states=(
        State("open", N_("待核实")),
        State("asked", N_("待机构说明")),
        State("answered", N_("待认定")),
        State("cleared", N_("核实无误"), tone="good", terminal=True),
        State("confirmed", N_("情况属实"), tone="bad", terminal=True),
    ),
    moves=(
        Move(
            "open",
            "ask",
            "asked",
            who={"regulator"},
            notify=("agency",),
            needs_reason=True,
            main=True,
            limit=Limit(policy="check.answer_days", act="lapse"),
        ),
        Move("open", "clear", "cleared", who={"regulator"}, notify=("agency",), needs_reason=True),
        Move("asked", "answer", "answered", who={"agency"}, main=True, limit=TO_DECIDE),
        Move("asked", "lapse", "answered", who={"system"}, notify=("agency",), limit=TO_DECIDE),
        Move("asked", "clear", "cleared", who={"regulator"}, notify=("agency",), needs_reason=True),
        Move(
            "answered",
            "clear",
            "cleared",
            who={"regulator"},
            notify=("agency",),
            needs_reason=True,
            main=True,
        ),
        Move("answered", "confirm", "confirmed", who={"regulator"}, notify=("agency",), needs_reason=True),
        Move(
            "answered",
            "ask",
            "asked",
            who={"regulator"},
            notify=("agency",),
            needs_reason=True,
            limit=Limit(policy="check.answer_days", act="lapse"),
        ),
        *referrals("open", "answered", notify=("agency",), urged=False),
    ),
    duties=("answer",),
    prepares=("answer",),
    openings={"open": N_("发起核查")},
    buttons={"clear": N_("认定无误")},
    decides={"answered": N_("认定情况")},
    acts={
        "refer": REFERRAL_ACTS["refer"],
        "ask": N_("要求机构说明"),
        "answer": N_("说明情况"),
        "lapse": N_("逾期未说明"),
        "clear": N_("核实无误"),
        "confirm": N_("认定属实"),
    },
    opening=TO_DECIDE,
)


UNDECIDED = ("open", "asked", "answered")


class Check(Case, Base):
    """One thing to find out about an agency.

    `evidence` stands side by side: rows of field, what is here, what the register says; `source` names the
    register and `seen_at` when it was asked.
    """

    __tablename__ = "checks"
    workflow: ClassVar[Workflow] = CHECK
    prefix: ClassVar[str] = "H"
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[list[Json]]
    source: Mapped[str] = mapped_column(String(200), default="")
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    agency: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.agency.name


def open_check(
    session: Session, actor: Actor, agency: Organisation, kind: str, evidence: list[Json], source: str = ""
) -> Check | None:
    """Begin a check, unless one of this kind is under way, or the same evidence was decided on before."""
    earlier = session.scalars(select(Check).where(Check.agency_id == agency.id, Check.kind == kind)).all()
    if any(
        not check.workflow.states[check.state].terminal or check.evidence == evidence for check in earlier
    ):
        return None
    check = Check(
        identifier=identifiers.issue(session, Check),
        agency_id=agency.id,
        agency=agency,
        kind=kind,
        evidence=evidence,
        source=source,
    )
    check.region_code = agency.region_code
    start(session, check, actor, "open", data={"check": kind})
    return check


def check_code(session: Session, organisation: Organisation, source: str = "") -> Check | None:
    """Have the regulator of the area look at a code whose check character is wrong.

    It was taken as it is printed, and only a licence tells whether it was issued so. None for a sound one.
    """
    if organisation.code_sound:
        return None
    right = organisation.uscc[:-1] + uscc.check_character(organisation.uscc)
    return open_check(
        session,
        SYSTEM,
        organisation,
        "code",
        [{"field": "uscc", "ours": organisation.uscc, "theirs": right}],
        source,
    )
