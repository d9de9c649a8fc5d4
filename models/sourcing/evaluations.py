"""Evaluators' sheets: each scores alone, and nobody reads a sheet before all are in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import sealing
from models.accounts import Membership, Organisation, User
from models.actors import Actor
from models.agencies.certificates import Practitioner
from models.agencies.related_parties import same_person
from models.base import Base, Json
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import REASON_LEAST, REASON_MOST
from models.sourcing.bids import Bid
from models.sourcing.of_tender import OfTender
from models.sourcing.scoring import QualityLine
from models.workflow_table import Limit, Move, State, Workflow

_BY = Limit(attribute="score_by", act="lapse")


def _no_conflict(session: Session, evaluation: Evaluation) -> None:
    found = conflict_of(session, evaluation)
    if found:
        raise RuleViolation(N_("您与投标机构“%(agency)s”有利害关系,应当回避。"), agency=found)


EVALUATION = Workflow(
    name="evaluation",
    label=N_("投标评审"),
    states=(
        State("appointed", N_("等待拆封"), tone="plain"),
        State("due", N_("待声明无利害关系")),
        State("scoring", N_("待评分")),
        State("scored", N_("已评分,密封中")),
        State("published", N_("已公布"), tone="good", terminal=True),
        State("recused", N_("已回避"), tone="plain", terminal=True),
        State("lapsed", N_("未评分"), tone="bad", terminal=True),
    ),
    moves=(
        Move("appointed", "begin", "due", who={"system"}, limit=_BY),
        Move(
            "appointed",
            "recuse",
            "recused",
            who={"evaluator", "system"},
            needs_reason=True,
            leaves=True,
            notify=("buyer",),
        ),
        Move("appointed", "lapse", "lapsed", who={"system"}),
        Move("due", "declare", "scoring", who={"evaluator"}, main=True, rules=(_no_conflict,), limit=_BY),
        Move(
            "due",
            "recuse",
            "recused",
            who={"evaluator", "system"},
            needs_reason=True,
            leaves=True,
            notify=("buyer",),
        ),
        Move("due", "lapse", "lapsed", who={"system"}, notify=("buyer",)),
        Move("scoring", "score", "scored", who={"evaluator"}, main=True, rules=(_no_conflict,)),
        Move(
            "scoring",
            "recuse",
            "recused",
            who={"evaluator"},
            needs_reason=True,
            leaves=True,
            notify=("buyer",),
        ),
        Move("scoring", "lapse", "lapsed", who={"system"}, notify=("buyer",)),
        Move("scored", "publish", "published", who={"system"}),
        Move("scored", "lapse", "lapsed", who={"system"}),
    ),
    duties=("declare", "score", "recuse"),
    openings={"appoint": N_("指定评审人")},
    acts={
        "begin": N_("开始评审"),
        "declare": N_("声明无利害关系"),
        "recuse": N_("回避"),
        "score": N_("提交评分"),
        "publish": N_("公布评分"),
        "lapse": N_("未评分结束"),
    },
)


class Evaluation(OfTender, Base):
    """One evaluator's sheet for one tender: `sheet` is {bid: {"points": {line: points}, "reason".

    Text}}, empty until it is published; before that it is `sealed` under the platform's key.
    """

    __tablename__ = "evaluations"
    __table_args__ = (UniqueConstraint("tender_id", "evaluator_id"),)
    workflow: ClassVar[Workflow] = EVALUATION
    prefix: ClassVar[str] = "EV"
    former_prefixes: ClassVar[tuple[str, ...]] = ("G",)  # an authority's, with which they shared one counter
    parties: ClassVar[dict[str, str]] = {"buyer": "buyer_id"}
    persons: ClassVar[dict[str, str]] = {"evaluator": "evaluator_id"}
    allied: ClassVar[dict[str, str]] = {
        "evaluator": "buyer"
    }  # its own people may evaluate (招标投标法第三十七条)

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    evaluator_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    score_by: Mapped[datetime | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    sheet: Mapped[Json | None]
    conflict: Mapped[str | None] = mapped_column(String(1000))
    evaluator: Mapped[User] = relationship(lazy="joined")

    def named_to(self, actor: Actor) -> bool:
        """Whether this reader is told who the evaluator is.

        The buyer reads the address it named until the person has declared, so that nobody learns by
        appointing whose an address is; everybody else who may see this reads the name.
        """
        acted = self.state in ("scoring", "scored", "published")
        return not self.evaluator.awaited and (acted or self.roles_of(actor) != {"buyer"})

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Whose matter the tender is."""
        return self.tender.involved(session, known)


def conflict_of(session: Session, evaluation: Evaluation) -> str | None:
    """The name of a bidder the evaluator is tied to; None if there is none on record.

    One the evaluator belongs to, or whose representative, member or certified practitioner bears the
    evaluator's name, however it is written.
    """
    bidders = select(Bid.agency_id).where(Bid.tender_id == evaluation.tender_id, Bid.state != "withdrawn")
    people = union_all(
        select(Organisation.id, Organisation.legal_representative, literal(0)).where(
            Organisation.id.in_(bidders)
        ),
        select(Membership.organisation_id, User.name, User.id)
        .join(Membership.user)
        .where(Membership.organisation_id.in_(bidders)),
        select(Practitioner.agency_id, Practitioner.name, literal(0)).where(
            Practitioner.agency_id.in_(bidders), Practitioner.left_on.is_(None)
        ),
    )
    who = evaluation.evaluator
    tied = [
        agency
        for agency, name, user in session.execute(people)
        if user == who.id or same_person(name, who.name)
    ]
    return session.scalar(select(Organisation.name).where(Organisation.id == min(tied))) if tied else None


def check_sheet(sheet: dict[str, Any], bids: list[str], lines: Sequence[QualityLine]) -> None:
    """RuleViolation, at the form's field, unless every bid has points within each weight and a reason."""
    for number, bid in enumerate(bids):
        said = sheet.get(bid) or {"points": {}, "reason": ""}
        for place, line in enumerate(lines):
            points = said["points"].get(line.name)
            if points is None or not 0 <= points <= line.weight:
                raise RuleViolation(
                    N_("请填写 0 到 %(most)s 分。"), f"points_{number}_{place}", most=line.weight
                )
        if not REASON_LEAST <= len(said["reason"].strip()) <= REASON_MOST:
            raise RuleViolation(
                N_("请写明评分理由(%(least)s 到 %(most)s 个字),它会公布。"),
                f"reason_{number}",
                least=REASON_LEAST,
                most=REASON_MOST,
            )


def seal_sheet(evaluation: Evaluation, sheet: dict[str, Any], key: bytes) -> None:
    evaluation.sealed = sealing.wrap(key, json.dumps(sheet, ensure_ascii=False).encode())


def open_sheet(evaluation: Evaluation, key: bytes) -> None:
    evaluation.sheet = json.loads(sealing.unwrap(key, evaluation.sealed or b""))
    evaluation.sealed = None
