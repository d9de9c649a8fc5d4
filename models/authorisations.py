"""Who may sign and pay for an organisation: by its letter of authorisation (授权书).

A code and a name are in every register, and whoever registered a company or was let in by its owner has shown
nothing of what he may bind it to. Before somebody signs or pays for it, a letter signed by its legal
representative and sealed is handed in and checked (民法典第一百六十五条). The legal representative needs none
(第六十一条), and shows instead who he is; whoever brought the company's own certificate (电子签名法第十四条)
needs neither, nor does a person to whom an owner who is authorised hands on what he may himself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, false, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers, policy, workdays
from models.accounts import Delegation, Membership, Organisation, User
from models.actors import SYSTEM, Actor
from models.agencies.related_parties import asserted, person
from models.base import Base
from models.cases import Case
from models.documents import of_case
from models.errors import NotAllowed, RuleViolation, WrongState
from models.i18n import N_
from models.permission import LENT, powers_of
from models.referrals import REFERRAL_ACTS, referrals, up
from models.signing.keys import valid_key
from models.workflow import perform, start
from models.workflow_table import Limit, Move, State, Workflow

SCOPES = {"sign": N_("签署合同"), "pay": N_("付款")}
BASES = {
    "letter": N_("授权书"),
    "representative": N_("本人是法定代表人"),
    "certificate": N_("单位自备的签名证书"),
    "owner": N_("管理员转授"),
    "before": N_("升级以前已经为本单位签署或付款,沿用"),
}
# What is handed in for each that is checked; by any other basis an authority is in force at once.
PROOFS = {
    "letter": N_("由法定代表人签字、加盖公章的授权书"),
    "representative": N_("法定代表人身份证正反面和加盖公章的法定代表人身份证明书"),
}
_TO_THE_END = Limit(attribute="until", act="expire")


def _scanned(session: Session, case: Authorisation) -> None:
    if not of_case(session, "authorisation", case.identifier):
        raise RuleViolation(N_("请上传证明的扫描件。"), "file")


def _in_time(session: Session, case: Authorisation) -> None:
    if case.until is not None and case.until <= clock.now():
        raise RuleViolation(N_("授权期限已经过去,请撤回后重新办理。"))


def _belongs(session: Session, case: Authorisation) -> None:
    """The company was let in, and the person is of it still."""
    if case.organisation.state not in ("verified", "suspended"):
        raise RuleViolation(N_("这家单位还没有通过核验,请先核验单位。"))
    if membership_of(session, case.user_id, case.organisation_id) is None:
        raise RuleViolation(N_("被授权人已经不是这家单位的成员。"))


AUTHORISATION = Workflow(
    name="authorisation",
    label=N_("签署付款授权"),
    unhurried={"draft": "what nobody has handed in is its own affair"},
    states=(
        State("draft", N_("待上传证明"), tone="plain"),
        State("filed", N_("待核对")),
        State("standing", N_("有效"), tone="good"),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
        State("expired", N_("已到期"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "draft",
            "file",
            "filed",
            who={"signatory"},
            rules=(_in_time, _scanned),
            main=True,
            limit=up("authorisation.check_days"),
        ),
        Move("draft", "withdraw", "withdrawn", who={"signatory", "principal", "system"}),
        Move(
            "filed",
            "accept",
            "standing",
            who={"regulator", "admin"},
            rules=(_in_time, _belongs),
            main=True,
            limit=_TO_THE_END,
        ),
        Move("filed", "return", "draft", who={"regulator", "admin"}, needs_reason=True),
        Move("filed", "withdraw", "withdrawn", who={"signatory", "principal", "system"}),
        *referrals("filed", urged=False),
        Move(
            "standing",
            "withdraw",
            "withdrawn",
            who={"signatory", "principal", "regulator", "admin", "system"},
            needs_reason=True,
        ),
        Move("standing", "expire", "expired", who={"system"}),
    ),
    duties=("open", "declare", "hand_on", "file", "withdraw"),  # whoever owes money has to be able to pay it
    prepares=("open", "file", "withdraw"),
    openings={"open": N_("填写授权书"), "declare": N_("登记授权"), "hand_on": N_("管理员转授")},
    consequences={
        "accept": N_("被授权人从此可以在授权范围内代表这家单位签署合同、付款,直到期限届满或被撤回。"),
        "withdraw": N_("被授权人不能再代表这家单位签署和付款,由他转授的同时失效;各项期限照常计算。"),
    },
    decides={"filed": N_("核对授权书")},
    buttons={"accept": N_("确认授权有效"), "file": N_("上传证明")},
    undone_by={"file": "withdraw", "accept": "withdraw"},
    acts={
        "file": N_("提交证明"),
        "accept": N_("授权生效"),
        "return": N_("退回补正"),
        "withdraw": N_("撤回授权"),
        "expire": N_("授权到期"),
        "refer": REFERRAL_ACTS["refer"],
    },
)


class Authorisation(Case, Base):
    """What a person may bind an organisation to, on what basis, until when (None: until it is withdrawn).

    `covers`: of `SCOPES`. `given_under`: that of the owner who handed it on, and ends with it. Its scan has
    the number of somebody's identity card on it: it is for the organisation's owners, the person itself and
    whoever checks it. They hear of it by mail, since a notice is everybody's of the organisation.
    """

    __tablename__ = "authorisations"
    workflow: ClassVar[Workflow] = AUTHORISATION
    prefix: ClassVar[str] = "LA"
    parties: ClassVar[dict[str, str]] = {"principal": "organisation_id"}
    persons: ClassVar[dict[str, str]] = {"signatory": "user_id"}
    allied: ClassVar[dict[str, str]] = {"signatory": "principal"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    basis: Mapped[str] = mapped_column(String(20))
    covers: Mapped[list[str]]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    given_under_id: Mapped[int | None] = mapped_column(ForeignKey("authorisations.id"), index=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    user: Mapped[User] = relationship()

    @property
    def title(self) -> str:
        return self.organisation.name

    @property
    def powers(self) -> frozenset[str]:
        """What it lets the person do now."""
        return powers_of(self.state, self.covers, self.until)

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Of the organisation its owners alone: a letter holds what is nobody else's affair."""
        found = super().roles_of(actor)
        return found if actor.owner else found - {"principal"}

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return false() if role == "principal" and not actor.owner else found


def membership_of(session: Session, user: int, organisation: int) -> Membership | None:
    return session.scalars(
        select(Membership).where(Membership.user_id == user, Membership.organisation_id == organisation)
    ).one_or_none()


def living(session: Session, user: int, organisation: int) -> list[Authorisation]:
    """What a person has of an organisation, or has begun to get; the newest first."""
    query = select(Authorisation).where(
        Authorisation.user_id == user,
        Authorisation.organisation_id == organisation,
        Authorisation.state.in_(("draft", "filed", "standing")),
    )
    return list(session.scalars(query.order_by(Authorisation.id.desc())))


def wanting(session: Session, actor: Actor) -> bool:
    """Whether this person should see to its authority before it is asked for.

    It manages its organisation or has an authority of it, that runs out soon or there is none, and none is
    under way.
    """
    if actor.user_id is None or actor.organisation_id is None:
        return False
    found = living(session, actor.user_id, actor.organisation_id)
    soon = workdays.add(clock.now(), policy.current().number("authorisation.remind_days"))
    return (actor.owner or bool(found)) and not any(
        each.state != "standing" or each.until is None or each.until > soon for each in found
    )


def check_terms(covers: Iterable[str], until: datetime, *, most: datetime | None = None) -> list[str]:
    """What an authorisation covers, in order.

    RuleViolation where that is nothing or unknown, or its end is past, or later than `most` or the policy's.
    """
    chosen = [each for each in SCOPES if each in set(covers)]
    if not chosen or not set(covers) <= SCOPES.keys():
        raise RuleViolation(N_("请至少选择一项授权事项。"), "covers")
    if until <= clock.now():
        raise RuleViolation(N_("授权期限应在将来。"), "until")
    days = policy.current().number("authorisation.longest_days")
    if until > clock.now() + timedelta(days=days):
        raise RuleViolation(N_("一次授权最长 %(days)s 天。"), "until", days=days)
    if most is not None and until > most:
        raise RuleViolation(N_("转授的期限不能超过您自己的授权期限。"), "until")
    return chosen


def begin(
    session: Session,
    actor: Actor,
    act: str,
    member: Membership,
    basis: str,
    *,
    covers: list[str],
    **terms: Any,
) -> Authorisation:
    """A new authorisation, in force at once unless its basis is to be proved.

    WrongState where the person has another to be proved.
    """
    proved = basis not in PROOFS
    under_way = living(session, member.user_id, member.organisation_id)
    if not proved and any(each.state != "standing" for each in under_way):
        raise WrongState(N_("您已有一份授权在办理;请先上传证明、等候核对或撤回它。"))
    case = Authorisation(
        identifier=identifiers.issue(session, Authorisation),
        organisation_id=member.organisation_id,
        organisation=member.organisation,
        user_id=member.user_id,
        region_code=member.organisation.region_code,
        basis=basis,
        covers=covers,
        state="standing" if proved else "draft",
        **terms,
    )
    start(session, case, actor, act, data={"name": member.user.name, "basis": basis})
    if proved:
        case.due_at = case.until
        take_effect(session, case, member)
    return case


def take_effect(session: Session, case: Authorisation, member: Membership) -> None:
    """From now on the person has what this covers.

    What it had before ends; what it handed on rests on this one, as far as this one covers it.
    """
    before, member.authorisation_id = member.authorisation, case.id
    session.flush()
    if before is None:
        return
    handed_on = select(Authorisation).where(Authorisation.given_under_id == before.id)
    lent = select(Delegation).where(Delegation.given_under_id == before.id)
    for each in session.scalars(handed_on).all():
        if set(each.covers) <= set(case.covers):
            each.given_under_id = case.id
    for delegation in session.scalars(lent).all():
        if powers_lent(delegation.scope) <= set(case.covers):
            delegation.given_under_id = case.id
    session.flush()
    old = Authorisation.lock(session, before.identifier)
    if old.state == "standing":
        end(session, old, "withdraw", SYSTEM, reason=N_("由新的授权替代。"))


def powers_lent(scope: Iterable[str]) -> set[str]:
    """What whoever delegates these kinds of case has to be authorised for."""
    return {power for power, kind in LENT.items() if kind in scope}


def no_basis(session: Session, member: Membership) -> RuleViolation:
    """Why somebody needs a letter: what `own_basis` lacks."""
    organisation = member.organisation
    if member.role != "owner":
        return RuleViolation(N_("只有本单位的管理员可以直接登记;请填写授权书,或请管理员转授。"))
    if organisation.state != "verified":
        return RuleViolation(N_("单位还没有通过核验,请先等核验。"))
    name = organisation.legal_representative or "—"
    if person(name) == person(member.user.name):
        return RuleViolation(
            N_("登记的法定代表人“%(name)s”还没有核对过,暂不能直接登记:请填写授权书。"), name=name
        )
    return RuleViolation(
        N_("您的姓名与登记的法定代表人“%(name)s”不一致,本单位也没有换用自备证书:请填写授权书。"), name=name
    )


def own_basis(session: Session, member: Membership) -> str:
    """On what basis this owner needs no letter: by the company's certificate, or as the legal representative.

    Empty where neither is so. A representative's name counts that the register gave or somebody read from the
    licence, and that its owner did not change since; that he is who has this name is proved.
    """
    organisation = member.organisation
    if member.role != "owner" or organisation.state != "verified":
        return ""
    key = valid_key(session, organisation.id)
    if key is not None and key.origin == "own":
        return "certificate"
    named = person(organisation.legal_representative)
    is_his = named and named == person(member.user.name) and not asserted(session, [organisation.id])
    return "representative" if is_his else ""


def end(session: Session, case: Authorisation, act: str, actor: Actor, *, reason: str = "") -> None:
    """End one the caller has locked, and what was handed on by it."""
    perform(session, case, act, actor, reason=reason)
    case.ended_at = clock.now()
    session.flush()
    below = select(Authorisation.identifier).where(
        Authorisation.given_under_id == case.id, Authorisation.state == "standing"
    )
    for identifier in session.scalars(below.order_by(Authorisation.id)).all():
        below_it = Authorisation.lock(session, identifier)
        end(session, below_it, "withdraw", SYSTEM, reason=N_("转授人的授权已经结束。"))
    lent = update(Delegation).where(Delegation.given_under_id == case.id, Delegation.revoked_at.is_(None))
    session.execute(lent.values(revoked_at=clock.now()), execution_options={"synchronize_session": False})


def stop(session: Session, member: Membership) -> None:
    """Whoever leaves an organisation has no authority of it any more, nor those it handed it on to."""
    for each in living(session, member.user_id, member.organisation_id):
        case = Authorisation.lock(session, each.identifier)
        end(session, case, "withdraw", SYSTEM, reason=N_("被授权人已经不是这家单位的成员。"))


def end_of_basis(session: Session, organisation: Organisation, basis: str, *, reason: str) -> None:
    """Whoever is authorised on this basis, or would be, is not any more: it is gone.

    Another represents the organisation, or its own certificate was given up.
    """
    declared = select(Authorisation.identifier).where(
        Authorisation.organisation_id == organisation.id,
        Authorisation.basis == basis,
        Authorisation.state.in_(("draft", "filed", "standing")),
    )
    for identifier in session.scalars(declared.order_by(Authorisation.id)).all():
        case = Authorisation.lock(session, identifier)
        end(session, case, "withdraw", SYSTEM, reason=reason)


def check_narrower(member: Membership, covers: Iterable[str]) -> None:
    """RuleViolation where what an owner hands on would end more than it gives, or goes to another owner."""
    if member.role == "owner":
        raise RuleViolation(N_("管理员自己办理授权,不由别的管理员转授。"))
    has = member.authorisation
    if has is not None and has.basis != "owner" and has.powers - set(covers):
        raise RuleViolation(
            N_("这位成员已有授权 %(identifier)s,范围更宽;要改,请先撤回它。"), identifier=has.identifier
        )


def given_by(session: Session, actor: Actor, scope: Iterable[str]) -> Authorisation | None:
    """What an owner delegates these kinds of case by, where they sign or pay; None where they do neither.

    NotAllowed where he may not do so himself: nobody gives more than he has.
    """
    needed = powers_lent(scope)
    member = membership_of(session, actor.user_id or 0, actor.organisation_id or 0)
    own = member.authorisation if member is not None else None
    if own is not None and needed:  # nobody withdraws it meanwhile
        own = Authorisation.lock(session, own.identifier)
    if needed and (own is None or not needed <= own.powers):
        raise NotAllowed(N_("您自己还没有这几项的签署付款授权,不能交给别人。请先在“签署付款授权”页办理。"))
    return own if needed else None
