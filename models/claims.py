"""A second person with a credit code that is taken.

Whoever works there asks its owner to be let in, which is what most are here for. Who says the organisation is
theirs shows it: on what evidence, what the present members say, and what a person decides. Nobody is locked
out by whoever was first, and nobody is put out unheard.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, and_, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import identifiers
from models.accounts import Membership, Organisation, User
from models.actors import Actor
from models.base import Base
from models.cases import Case
from models.documents import of_case
from models.errors import RuleViolation
from models.events import Event
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow import start
from models.workflow_table import Limit, Move, State, Workflow

TO_DECIDE = up("claim.decide_days")
TO_SHOW = Limit(policy="claim.file_days", act="lapse")
MOST_ROUNDS = 2
BY_OWNERS = frozenset({"admit", "decline"})  # who belongs to an organisation is for its owners to say


def _has_evidence(session: Session, claim: Claim) -> None:
    if not of_case(session, "claim", claim.identifier):
        raise RuleViolation(N_("请上传能证明您代表这家单位的材料,例如加盖公章的营业执照和授权书。"), "file")


def _nobody_was_let_in(session: Session, claim: Claim) -> None:
    """Before the present members were heard, only where they have shown nothing themselves."""
    if claim.organisation.state in ("verified", "suspended"):
        raise RuleViolation(N_("请先等现登记的成员说明,或期限届满。"))


def _done_before(session: Session, claim: Claim, act: str) -> int:
    done = select(func.count(Event.id)).where(
        Event.case_type == "claim", Event.case_identifier == claim.identifier, Event.kind == f"claim.{act}"
    )
    return session.scalar(done) or 0


def _may_go_on(session: Session, claim: Claim) -> None:
    """Each round is told to the members; and whoever found another organisation meanwhile has one."""
    if _done_before(session, claim, "resume") >= MOST_ROUNDS:
        raise RuleViolation(
            N_("这项认领已经继续过 %(most)s 次,不能再继续;请联系监管部门。"), most=MOST_ROUNDS
        )
    _belongs_nowhere(session, claim)


def _may_ask(session: Session, claim: Claim) -> None:
    """The owners are asked often enough, and there is one to ask."""
    if _done_before(session, claim, "ask") >= MOST_ROUNDS:
        raise RuleViolation(
            N_("已经请管理员同意过 %(most)s 次,不能再请;可以提交材料,由监管部门认定。"), most=MOST_ROUNDS
        )
    owners = select(Membership.id).where(
        Membership.organisation_id == claim.organisation_id, Membership.role == "owner"
    )
    if session.scalar(owners.limit(1)) is None:
        raise RuleViolation(N_("这家单位还没有管理员,请提交材料,由监管部门认定。"))
    _belongs_nowhere(session, claim)


def why_not_ask(session: Session, claim: Claim) -> RuleViolation | None:
    """What keeps the claimant from asking an owner to be let in, so that evidence is what is left."""
    try:
        _may_ask(session, claim)
    except RuleViolation as problem:
        return problem.with_traceback(None)
    return None


def _belongs_nowhere(session: Session, claim: Claim) -> None:
    if session.scalar(select(Membership.id).where(Membership.user_id == claim.applicant_id)) is not None:
        raise RuleViolation(N_("认领人已经是另一家单位的成员。"))


CLAIM = Workflow(
    name="claim",
    label=N_("单位认领"),
    states=(
        State("draft", N_("待提出申请"), tone="plain"),
        State("asked", N_("待管理员同意")),
        State("filed", N_("待现有成员说明")),
        State("answered", N_("待认定")),
        State("joined", N_("已加入"), tone="good", terminal=True),
        State("granted", N_("认领成立"), tone="good", terminal=True),
        State("refused", N_("认领不成立"), tone="bad", terminal=True),
        State("withdrawn", N_("已撤回"), tone="plain"),
    ),
    moves=(
        Move(
            "draft",
            "ask",
            "asked",
            who={"applicant"},
            rules=(_may_ask,),
            notify=("holder",),
            needs_reason=True,
            main=True,
            limit=Limit(policy="claim.answer_days", act="lapse"),
        ),
        Move(
            "draft",
            "file",
            "filed",
            who={"applicant"},
            rules=(_has_evidence,),
            notify=("holder",),
            main=True,
            limit=Limit(policy="claim.answer_days", act="lapse"),
        ),
        Move("draft", "withdraw", "withdrawn", who={"applicant"}, leaves=True),
        Move("draft", "lapse", "withdrawn", who={"system"}),
        Move("asked", "admit", "joined", who={"holder"}, rules=(_belongs_nowhere,), main=True),
        Move("asked", "decline", "draft", who={"holder"}, needs_reason=True, limit=TO_SHOW),
        Move("asked", "lapse", "draft", who={"system"}, limit=TO_SHOW),
        Move("asked", "withdraw", "withdrawn", who={"applicant"}, notify=("holder",), leaves=True),
        Move("filed", "answer", "answered", who={"holder"}, needs_reason=True, main=True, limit=TO_DECIDE),
        Move("filed", "lapse", "answered", who={"system"}, notify=("holder",), limit=TO_DECIDE),
        Move(
            "filed",
            "grant",
            "granted",
            who={"regulator", "admin"},
            rules=(_nobody_was_let_in, _belongs_nowhere),
            notify=("holder",),
            needs_reason=True,
        ),
        Move("filed", "refuse", "refused", who={"regulator", "admin"}, notify=("holder",), needs_reason=True),
        Move("filed", "withdraw", "withdrawn", who={"applicant"}, notify=("holder",), leaves=True),
        Move(
            "answered",
            "grant",
            "granted",
            who={"regulator", "admin"},
            rules=(_belongs_nowhere,),
            notify=("holder",),
            needs_reason=True,
            main=True,
        ),
        Move(
            "answered", "refuse", "refused", who={"regulator", "admin"}, notify=("holder",), needs_reason=True
        ),
        Move("answered", "withdraw", "withdrawn", who={"applicant"}, notify=("holder",), leaves=True),
        *referrals("answered", notify=("holder",), urged=False),
        Move(
            "withdrawn",
            "resume",
            "draft",
            who={"applicant"},
            rules=(_may_go_on,),
            limit=TO_SHOW,
        ),
    ),
    opening=TO_SHOW,
    duties=("answer", "file", "withdraw", "ask", "decline"),
    prepares=("open", "answer", "file", "withdraw", "resume", "ask", "admit", "decline"),
    before_confirming=("withdraw", "resume"),
    openings={"open": N_("有人用本单位的代码注册")},
    undone_by={"ask": "withdraw", "file": "withdraw", "withdraw": "resume", "resume": "withdraw"},
    consequences={
        "grant": N_("这个统一社会信用代码今后由认领人使用,现登记单位不再使用它。"),
    },
    decides={"answered": N_("认定认领")},
    buttons={
        "file": N_("不是我单位的人登记的,提交材料认领"),
        "grant": N_("认定认领成立"),
        "refuse": N_("认定认领不成立"),
    },
    acts={
        "ask": N_("请管理员同意我加入"),
        "admit": N_("同意加入"),
        "decline": N_("不同意加入"),
        "file": N_("提交认领材料"),
        "withdraw": N_("撤回申请"),
        "resume": N_("继续申请"),
        "answer": N_("说明情况"),
        "lapse": N_("期限届满"),
        "grant": N_("认领成立"),
        "refuse": N_("认领不成立"),
        "refer": REFERRAL_ACTS["refer"],
    },
)


class Claim(Case, Base):
    """Somebody without an organisation says that one here is theirs.

    `replaces`: once granted, the present members are members no more.
    """

    __tablename__ = "claims"
    workflow: ClassVar[Workflow] = CLAIM
    prefix: ClassVar[str] = "CL"
    parties: ClassVar[dict[str, str]] = {"holder": "organisation_id"}
    persons: ClassVar[dict[str, str]] = {"applicant": "applicant_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    replaces: Mapped[bool | None]
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    applicant: Mapped[User] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.organisation.name

    def in_standing(self, actor: Actor, played: Iterable[str], act: str) -> frozenset[str]:
        found = super().in_standing(actor, played, act)
        return found - {"holder"} if act in BY_OWNERS and not actor.owner else found

    @property
    def overseen(self) -> bool:
        """Who is an authority is for administrators alone to say, in whatever way."""
        return self.organisation.kind != "authority"

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return (
            and_(found, cls.organisation.has(Organisation.kind != "authority"))
            if role == "regulator"
            else found
        )


def open_claim(session: Session, user: User, organisation: Organisation) -> Claim:
    """Somebody signs up with a code that is taken.

    Anybody can, so nobody is told before there is evidence, and without it the case ends.
    """
    claim = Claim(
        identifier=identifiers.issue(session, Claim),
        organisation_id=organisation.id,
        organisation=organisation,
        applicant_id=user.id,
        applicant=user,
        region_code=organisation.region_code,
    )
    start(session, claim, Actor(user.name, frozenset({"applicant"}), user.id), "open")
    return claim


def taken(session: Session, code: str) -> Organisation | None:
    """The organisation that stands under this code."""
    return session.scalars(select(Organisation).where(Organisation.uscc == code)).one_or_none()


def latest(session: Session, user: int) -> Claim | None:
    """The last claim a person made."""
    return session.scalars(
        select(Claim).where(Claim.applicant_id == user).order_by(Claim.id.desc()).limit(1)
    ).one_or_none()


def unfinished(session: Session, user: int) -> Claim | None:
    """The last claim a person made, while it has not come to an end and does not wait for that person."""
    last = latest(session, user)
    if last is None or CLAIM.states[last.state].terminal or last.state == "draft":
        return None
    return last
