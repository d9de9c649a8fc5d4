"""Who holds an e-mail address, so that no form tells whether anybody does.

Whoever names an address (a buyer its delegate, a tender its evaluator) gets a person, registered or not: for
an address nobody has shown to be theirs a row that waits. Whoever signs up gets an account that claims the
address, whether or not it is somebody's. Once a letter has shown that it is this person's, `hold` makes it
so, and what others meant for the address is that person's.
"""

from __future__ import annotations

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from models import clock, spelling
from models.accounts import Delegation, Membership, User, known_as
from models.errors import Conflict, RuleViolation
from models.i18n import N_
from models.sourcing.evaluations import Evaluation


def with_address(email: str) -> Select[User]:
    """Everybody who signs in with this address: whoever holds it first, then whoever claims it."""
    asked = spelling.asked_email(email)
    claiming = and_(User.email.is_(None), User.email_asked == asked)
    return select(User).where(or_(User.email == asked, claiming)).order_by(User.email.is_(None), User.id)


def member_called(session: Session, organisation: int | None, email: str) -> Membership | None:
    """The membership of an organisation of whoever signs in with this address."""
    with_it = with_address(email).with_only_columns(User.id).order_by(None)
    found = select(Membership).where(
        Membership.organisation_id == organisation, Membership.user_id.in_(with_it)
    )
    return session.scalars(found.limit(1)).one_or_none()


def called(session: Session, email: str) -> User:
    """The person somebody means by this address; one that is awaited where nobody has it.

    RuleViolation at `email` for what is no address.
    """
    address = spelling.email(email)
    found = session.scalars(known_as(address)).one_or_none()
    if found is None:
        found = User(email=address, name="", password_hash="")
        session.add(found)
        session.flush()
    return found


def hold(session: Session, user: User, *, others_stay: bool = False) -> None:
    """The address that waits (`email_asked`) was shown to be this person's: a letter to it was answered.

    Nobody else claims it any more, and what was meant for it while nobody had it is this person's:
    delegations, evaluations, memberships. Conflict where somebody else has shown it first. `others_stay`:
    whoever reads the box forgot which account was which, so one that also claims the address goes on doing
    so, is signed in to with its own password and given another address.
    """
    address, before = (
        user.email_asked,
        session.scalars(known_as(user.email_asked).with_for_update()).one_or_none(),
    )
    if before is not None and not before.awaited:
        raise Conflict(N_("这个邮箱已经由另一个账号确认。请登录要用的账号,在“我的邮箱”改用别的邮箱。"))
    if before is not None:
        before.email = None
        session.flush()
        _pass_on(session, before, user)
    if not others_stay:
        added = select(Membership.user_id).where(
            Membership.role != "owner"
        )  # which whoever holds the address may still take on: `join`
        others = update(User).where(User.email_asked == address, User.id != user.id, User.id.not_in(added))
        session.execute(others.values(email_asked=""), execution_options={"synchronize_session": "fetch"})
    user.email, user.email_asked, user.email_confirmed_at = address, "", clock.now()
    session.flush()


def entered_by_others(user: User) -> bool:
    """Whether somebody else made this account for whoever reads its address.

    A member an owner added, an authority's first.
    """
    return bool(user.memberships) and all(
        each.role != "owner" or each.organisation.kind == "authority" for each in user.memberships
    )


def join(session: Session, user: User, made: User) -> None:
    """Whoever holds an address takes on the membership of an account `made` for it.

    They followed the link of a letter that says it was added as a member: the membership is their own, and
    that account nobody's. RuleViolation where they have one already: a second would count for nothing
    (`actor_for`).
    """
    if user.memberships:
        raise RuleViolation(
            N_(
                "您的账号已经属于“%(organisation)s”,一个账号只办理一个单位的事。请对方用您的另一个邮箱增加成员。"
            ),
            organisation=user.memberships[0].organisation.name,
        )
    session.execute(update(Membership).where(Membership.user_id == made.id).values(user_id=user.id))
    made.email_asked = ""
    session.expire(user, ["memberships"])
    session.expire(made, ["memberships"])


def _pass_on(session: Session, before: User, user: User) -> None:
    for column in (Delegation.user_id, Evaluation.evaluator_id, Membership.user_id):
        session.execute(update(column.class_).where(column == before.id).values({column: user.id}))
    session.expire(user, ["memberships", "delegations"])
