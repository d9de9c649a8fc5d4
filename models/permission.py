"""Whether somebody may act: one rule, asked of every act and of every page.

In this order: is the account in force; has it one of the roles the act is for, and the rank in its
organisation; is that organisation in standing for this sort of act; and does its area reach as far as what is
acted on. What a case's own table says of roles comes on top (workflow.py), and so does that nobody acts on
both sides of one case (conflicts.py).

An organisation out of standing (suspended, gone) does its duties alone: it delivers, answers, pays and is
paid, lodges objections, steps back from what does not bind it yet, reads and takes away its own. One that is
not let in yet prepares, and does nothing others rely on: a code and a name are in every register, so knowing
them shows nothing. An authority out of standing has no office at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models import clock
from models.actors import ENTERING, IN_STANDING, OFFICES, Actor, Standing
from models.errors import NotAllowed, Problem, Unauthorised, Unconfirmed
from models.i18n import N_
from models.regions import covers

# What a delegate needs no letter for: a delegation of these kinds of case is given by an owner who has one.
LENT = {"sign": "contract", "pay": "payment"}
NO_PART = N_("您在这件事里没有办理这一步的权限。")


@dataclass(frozen=True)
class Ask:
    """What an act or a page asks of whoever comes: one of the roles `who` (none: anybody who is signed in.

    `visitor`: anybody at all). `duty`: open to an organisation out of standing too; `entering`: to one that
    is not let in yet; `whole`: it concerns the whole market, so that an authority's area has to be that;
    `owner`: only whoever manages its organisation; `confirmed`: only whoever confirmed its mail address.
    """

    who: Iterable[str] = ()
    duty: bool = False
    entering: bool = False
    whole: bool = False
    owner: bool = False
    confirmed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", frozenset(self.who))


def check_account(actor: Actor) -> None:
    """NotAllowed unless this person's account may act at all.

    Whatever else an account has to be is asked here.
    """
    if actor.blocked:
        raise NotAllowed(N_("您的账号已被停用,不能办理任何事项。理由:%(reason)s"), reason=actor.blocked)


def unconfirmed() -> Unconfirmed:
    """What whoever has not confirmed its mail address is told, by every page and act that asks for it."""
    return Unconfirmed(
        N_(
            "请先确认您的邮箱:打开我们发到邮箱的链接即可。确认之前可以随便看、填写自己的草稿,但不能发布、报价、签署、付款或委托他人。"
        )
    )


def check_proved(actor: Actor) -> None:
    """NotAllowed unless this person showed its password once more: a session that is open is not enough.

    Asked before whatever binds an organisation by its key, or sends its money or authority elsewhere
    (电子签名法第十三条第一款第二项).
    """
    if not actor.proved:
        raise NotAllowed(N_("办理这一步之前,请再次输入登录密码。"))


def check(ask: Ask, actor: Actor, market: str) -> None:
    """NotAllowed, saying why, unless this actor may do what asks this.

    `market` is the area of the whole market.
    """
    check_account(actor)
    if "visitor" in ask.who:  # type: ignore[operator]
        return
    if not ask.who and actor.user_id is None and "admin" not in actor.roles:
        raise NotAllowed(N_("请先登录。"))
    fitting = actor.roles & ask.who if ask.who else actor.roles  # type: ignore[operator]
    if ask.who and not fitting:
        _explain_office(actor, ask)
        raise NotAllowed(NO_PART)
    if ask.owner and not actor.owner:
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))
    if ask.confirmed and not actor.confirmed:
        raise unconfirmed()
    if not fitting & {"system", "admin"} and actor.organisation_id is not None:
        check_standing(actor, actor.organisation_id, duty=ask.duty, entering=ask.entering)
    if ask.whole and not fitting & {"system", "admin", "custodian"} and not reaches(actor, market):
        raise NotAllowed(N_("这件事关系整个市场,只由管辖整个市场的部门或平台管理员办理。"))


def may(ask: Ask, actor: Actor, market: str) -> bool:
    """Whether `check` would let this actor pass."""
    try:
        check(ask, actor, market)
    except Problem:
        return False
    return True


def reaches(actor: Actor, market: str) -> bool:
    """Whether an actor's area is the whole market, or more."""
    return actor.region_code is not None and covers(actor.region_code, market)


def _explain_office(actor: Actor, ask: Ask) -> None:
    """An authority that has no office while it is out of standing is told so."""
    standing = actor.standing_of(actor.organisation_id)
    if (
        standing is not None
        and standing.office in ask.who
        and not stands(actor, actor.organisation_id, duty=False)
    ):  # type: ignore[operator]
        raise _out_of_standing(standing)


def stands(actor: Actor, organisation: int | None, *, duty: bool = False, entering: bool = False) -> bool:
    """Whether the organisation an actor stands for in a case may do an act of this sort.

    An office, and whoever acts alone, stands for none.
    """
    standing = actor.standing_of(organisation)
    if standing is None or standing.state == IN_STANDING:
        return True
    return entering if standing.state in ENTERING else duty


def check_standing(
    actor: Actor, organisation: int | None, *, duty: bool = False, entering: bool = False
) -> None:
    """NotAllowed, naming the organisation and how it stands, unless it `stands`."""
    standing = actor.standing_of(organisation)
    if standing is not None and not stands(actor, organisation, duty=duty, entering=entering):
        raise _out_of_standing(standing)


def powers_of(state: str, covers: Iterable[str], until: datetime | None) -> frozenset[str]:
    """What an authorisation lets its person do now (authorisations.py)."""
    lasts = state == "standing" and (until is None or until > clock.now())
    return frozenset(covers) if lasts else frozenset()


def authorised(actor: Actor, organisation: int | None, power: str) -> bool:
    """Whether an actor may bind the organisation it stands for to what asks this power, if any.

    By its own authorisation, or as a delegate in such cases. An office stands for none.
    """
    standing = actor.standing_of(organisation)
    if not power or standing is None or power in standing.powers:
        return True
    return any(
        m.buyer_id == organisation and LENT[power] in m.scope and m.until > clock.now()
        for m in actor.mandates
    )


def unauthorised(actor: Actor, organisation: int | None, power: str) -> Unauthorised | None:
    """Why an actor may not, in the words every page and act says it with; None where it may."""
    if authorised(actor, organisation, power):
        return None
    name = getattr(actor.standing_of(organisation), "name", "")
    if power == "sign":
        return Unauthorised(
            N_("“%(name)s”还没有授权您签署合同。请先办理签署付款授权;期限照常计算,不会因此停止。"), name=name
        )
    return Unauthorised(
        N_("“%(name)s”还没有授权您付款。请先办理签署付款授权;期限照常计算,不会因此停止。"), name=name
    )


def _out_of_standing(standing: Standing) -> NotAllowed:
    from models.accounts import ORGANISATION

    label = ORGANISATION.states[standing.state].label
    if standing.office:
        return NotAllowed(
            N_("“%(name)s”现在的状态是“%(state)s”,其间不能行使职权。"), name=standing.name, state=label
        )
    if standing.state in ENTERING:
        return NotAllowed(
            N_(
                "“%(name)s”现在的状态是“%(state)s”,还没有通过核验,只能起草和填写资料,不能发布、报价、签署或委托。请在“本单位”页按提示补齐资料。"
            ),
            name=standing.name,
            state=label,
        )
    return NotAllowed(
        N_(
            "“%(name)s”现在的状态是“%(state)s”,不能办理这件事;已承担的义务(交付、答复、收付款)和提出异议不受影响。"
        ),
        name=standing.name,
        state=label,
    )


def fresh(session: Session, actor: Actor) -> Actor:
    """The actor as everything that gives it power is now, in one statement.

    Its account, its memberships, its delegations and the organisations it stands for: what was suspended,
    blocked, revoked or ended since the tender began does not act any more. What was given since comes with
    the next tender.
    """
    from models.accounts import Delegation, Membership, Organisation, User
    from models.authorisations import Authorisation

    if actor.user_id is None:
        return actor
    keys = {standing.organisation_id for standing in actor.standings} | actor.members()
    query = (
        select(
            User.blocked_at,
            User.blocked_reason,
            User.email,
            User.is_admin,
            Organisation.id,
            Organisation.state,
            Membership.role,
            Delegation.scope,
            Delegation.most,
            Delegation.until,
            Authorisation.state.label("letter"),
            Authorisation.covers,
            Authorisation.until.label("letter_until"),
        )
        .select_from(User)
        .outerjoin(Organisation, Organisation.id.in_(keys))
        .outerjoin(
            Membership, and_(Membership.user_id == User.id, Membership.organisation_id == Organisation.id)
        )
        .outerjoin(Authorisation, Authorisation.id == Membership.authorisation_id)
        .outerjoin(
            Delegation,
            and_(
                Delegation.user_id == User.id, Delegation.buyer_id == Organisation.id, Delegation.counting()
            ),
        )
        .where(User.id == actor.user_id)
    )
    rows = session.execute(query).all()
    states = {row.id: row.state for row in rows}
    letters = {row.id: powers_of(row.letter, row.covers, row.letter_until) for row in rows if row.letter}
    standings = tuple(
        replace(
            each,
            state=states.get(each.organisation_id, each.state),
            powers=letters.get(each.organisation_id, frozenset()),
        )
        for each in actor.standings
    )
    return _left(actor, rows, standings)


def _left(actor: Actor, rows: Sequence[Any], standings: tuple[Standing, ...]) -> Actor:
    """What an actor is still, by the rows of now."""
    lent = {(row.id, frozenset(row.scope), row.most, row.until) for row in rows if row.scope is not None}
    belongs = {row.id: row.role for row in rows if row.role is not None}
    gone = actor.organisation_id is not None and actor.organisation_id not in belongs
    own = next((each for each in standings if each.organisation_id == actor.organisation_id), None)
    lost = OFFICES if own is not None and own.state != IN_STANDING else frozenset()
    found = replace(
        actor,
        roles=(actor.roles & {"admin"} if gone else actor.roles - lost)
        - (frozenset() if any(row.is_admin for row in rows) else {"admin"}),
        owner=actor.owner and belongs.get(actor.organisation_id) == "owner",
        mandates=tuple(
            each for each in actor.mandates if (each.buyer_id, each.scope, each.most, each.until) in lent
        ),
        resting=tuple(
            each for each in actor.resting if (each.buyer_id, each.scope, each.most, each.until) in lent
        ),
        belongs=tuple((key, kind) for key, kind in actor.belongs if key in belongs),
        standings=standings,
        blocked=next((row.blocked_reason or "—" for row in rows if row.blocked_at is not None), ""),
        confirmed=any(row.email is not None for row in rows),
    )
    return (
        replace(found, organisation_id=None, organisation_name="", region_code=None, department=None)
        if gone
        else found
    )
