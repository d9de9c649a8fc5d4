"""Signing up, belonging, and acting for a buyer."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from market.accounts.actions.confirming import claim, show_address
from market.accounts.actions.sessions import note
from market.extensions import db
from market.identity import PLAYED, known_to_all
from market.owner_letters import notify_owners_of_change
from market.transaction import action, looking
from models import blocking, events, identifiers, passwords, regions, sessions, spelling
from models.accounts import Membership, Organisation, User, known_as, named
from models.actors import Actor
from models.agencies.checks import check_code
from models.authorisations import stop
from models.claims import Claim, open_claim, taken
from models.errors import NotAllowed, NotFound, RuleViolation
from models.holders import called, hold, member_called
from models.i18n import N_
from models.password_hashing import worked_out
from models.regions import Region
from models.uscc import check as check_uscc
from models.workflow import perform, start


def with_password(act: Callable[..., str]) -> Callable[..., str]:
    """An act that sets a `password`, perhaps in the place of the `current` one.

    The slow work on them is done before its transaction.
    """

    @wraps(act)
    def worked_out_first(actor: Actor, *args: Any, password: str, **kwargs: Any) -> str:
        with looking() as session:
            user = session.get(User, actor.user_id) if "current" in kwargs and actor.user_id else None
            about = _about(session, user, kwargs)
        if user or not str(kwargs.get("email", "")).endswith(
            PLAYED
        ):  # theirs is published; in public nobody has such an address
            passwords.check(password, about=about)
        with worked_out(
            password, hashed=user.password_hash if user else "", current=kwargs.get("current", "")
        ):
            return act(actor, *args, password=password, **kwargs)

    return worked_out_first


def _about(session: Session, user: User | None, told: dict[str, Any]) -> list[str]:
    """What a password may not be made of: who somebody is, as it is known or being told."""
    if user is not None:
        return [user.name, user.address, *(each.organisation.name for each in user.memberships)]
    return [str(told.get(name, "")) for name in ("name", "email", "organisation", "uscc")]


def _new_user(session: Session, email: str, name: str, password: str) -> User:
    """A person who says this address is theirs, and is sent a letter there."""
    user = _made(session, email, name, password)
    claim(session, user, email)
    return user


def _made(session: Session, email: str, name: str, password: str) -> User:
    """A person's account; the letter comes once what others made it for is put down, and says so."""
    spelling.email(email)
    if not name.strip():
        raise RuleViolation(N_("请填写姓名。"), "name")
    user = User(name=name.strip())
    user.set_password(password)
    session.add(user)
    session.flush()
    return user


def meant(session: Session, email: str) -> User:
    """Whoever somebody means by this address, registered or not.

    In public nobody is meant by one of the demonstration's: a market that holds one is not started again.
    """
    if known_to_all(spelling.asked_email(email)):
        raise RuleViolation(N_("这个邮箱属于演示账号,请换一个。"), "email")
    return called(session, email)


def claim_code(agency: Organisation) -> str:
    """What the first person of an imported organisation shows at sign-up.

    Nobody can guess it, and nothing is kept.
    """
    digest = hmac.digest(
        str(current_app.config["SECRET_KEY"]).encode(), f"claim {agency.identifier}".encode(), "sha256"
    )
    return base64.b32encode(digest)[:12].decode()


def _claim(session: Session, user: User, code: str, claim: str) -> Organisation | None:
    """The imported organisation of this code, now with this person as its owner.

    None where there is none to claim.
    """
    waiting = (
        select(Organisation)
        .where(Organisation.uscc == code, Organisation.claimed.is_(False))
        .with_for_update()
    )
    found = session.scalars(waiting).one_or_none()
    if found is None:
        return None
    if not hmac.compare_digest(claim_code(found).encode(), spelling.code(claim).encode()):
        raise RuleViolation(N_("这家单位已由监管部门登记,请填写监管部门发给的入驻码。"), "claim")
    found.claimed = True
    session.add(Membership(user_id=user.id, organisation_id=found.id, role="owner"))
    events.record(
        session,
        Actor(user.name, frozenset({found.kind}), user.id),
        "organisation.claim",
        "organisation",
        found.identifier,
    )
    return found


def enter(
    session: Session,
    user: User,
    *,
    uscc: str,
    organisation: str,
    kind: str,
    region_code: str,
    address: str = "",
    phone: str = "",
    legal_representative: str = "",
    introduction: str = "",
    claim: str = "",
    authority_role: str | None = None,
    department: str | None = None,
    as_printed: bool = False,
) -> Organisation:
    """Put an organisation on the register with this person as its owner.

    An enterprise waits until the register agrees or somebody has looked at its licence; an agency goes on
    with its application, step by step. Whoever calls has looked whether the code is taken, and says what
    follows; where another transaction took it since, the database's constraint refuses with a Conflict, so
    that the same person is told of the claim next time. `as_printed`: whoever enters it has compared a code
    whose check character is wrong with the licence; then it is taken, and the regulator of the area checks
    it.
    """
    code, region_code = check_uscc(uscc, as_printed=as_printed), regions.current(region_code)
    if not organisation.strip():
        raise RuleViolation(N_("请填写单位名称。"), "organisation")
    if session.scalar(select(Region.id).where(Region.code == region_code)) is None:
        raise RuleViolation(N_("请选择所在地区。"), "region_code")
    claimed = _claim(session, user, code, claim) if kind == "agency" else None
    if claimed is not None:
        return claimed
    new = Organisation(
        identifier=identifiers.issue(session, Organisation, kind),
        uscc=code,
        name=organisation.strip(),
        kind=kind,
        region_code=region_code,
        state="verified" if kind == "authority" else "draft",
        address=address.strip(),
        phone=phone.strip(),
        legal_representative=legal_representative.strip(),
        introduction=introduction.strip(),
        authority_role=authority_role,
        department=department,
    )
    who = Actor(user.name, frozenset({kind}), user.id)
    start(session, new, who, "enter")
    session.add(Membership(user_id=user.id, organisation_id=new.id, role="owner"))
    if kind != "authority":
        check_code(session, new)
    if kind == "enterprise":
        perform(session, new, "submit", replace(who, organisation_id=new.id))
    return new


@with_password
@action
def register(
    session: Session, actor: Actor, *, email: str, name: str, password: str, **organisation: str | bool
) -> str:
    """A new person with a new enterprise or agency.

    Returns the person's key: it is this person, and nobody a form names, who may be signed in after it.
    """
    if organisation["kind"] not in ("enterprise", "agency"):
        raise RuleViolation(N_("请选择单位类型。"), "kind")
    user = _new_user(session, email, name, password)
    held = taken(
        session, check_uscc(str(organisation["uscc"]), as_printed=bool(organisation.get("as_printed")))
    )
    if held is not None and (held.claimed or organisation["kind"] != "agency"):
        open_claim(session, user, held)
    else:
        enter(session, user, **organisation)  # type: ignore[arg-type]
    return str(user.id)


def sign_up(actor: Actor, **person: Any) -> str:
    """`register` and the letter's link followed, for who asks for the organisation it made.

    Its identifier, or that of the claim.
    """
    key = register(actor, **person)
    show_address(person["email"])
    user = db.session.get_one(User, int(key), populate_existing=True)
    if user.memberships:
        return user.memberships[0].organisation.identifier
    return db.session.scalars(select(Claim.identifier).where(Claim.applicant_id == user.id)).one()


@with_password
@action
def appoint_admin(session: Session, actor: Actor, *, email: str, name: str, password: str) -> str:
    """The operator of the machine (the command line) appoints an administrator.

    Returns the e-mail address.
    """
    holder = session.scalars(known_as(email)).one_or_none()
    if holder is not None and not holder.awaited:  # who runs the machine may know
        raise RuleViolation(N_("这个邮箱已经注册过,请换一个。"), "email")
    user = _new_user(session, email, name, password)
    hold(session, user)  # whoever runs the machine knows whom he appoints
    user.is_admin = True
    return user.address


@with_password
@action
def set_up_authority(
    session: Session, actor: Actor, *, email: str, name: str, password: str, **organisation: str
) -> str:
    """An administrator sets up a regulator or approving department with its first member."""
    if taken(session, check_uscc(organisation["uscc"], as_printed=bool(organisation.get("as_printed")))):
        raise RuleViolation(N_("这个统一社会信用代码已经入驻,请联系本单位管理员把您加为成员。"), "uscc")
    user = _made(session, email, name, password)
    entered = enter(session, user, kind="authority", **organisation)  # type: ignore[arg-type]
    _invite(session, user, email)
    return entered.identifier


def _invite(session: Session, user: User, email: str) -> None:
    """The letter to whoever an account was made for.

    To confirm the address, or, where somebody holds it, to take the membership on.
    """
    session.flush()
    session.expire(user, ["memberships"])
    claim(session, user, email)


def _own(session: Session, actor: Actor) -> Organisation:
    if actor.organisation_id is None:
        raise NotAllowed(N_("您还没有加入任何单位。"))
    return session.get_one(Organisation, actor.organisation_id)


@with_password
@action
def add_member(session: Session, actor: Actor, *, email: str, name: str, password: str) -> str:
    """The owner adds a member of staff, with a first password to hand over.

    Somebody who has an account is sent a letter and takes it on with that one: nobody is made a member
    unasked, and nothing tells the owner which it was.
    """
    organisation = _own(session, actor)
    user = _made(session, email, name, password)
    session.add(Membership(user_id=user.id, organisation_id=organisation.id, role="staff"))
    _invite(session, user, email)
    events.record(
        session,
        actor,
        "organisation.member",
        "organisation",
        organisation.identifier,
        data={"name": user.name},
        notify=[organisation.id],
    )
    notify_owners_of_change(session, organisation, N_("增加了一名成员"), "/my/organisation")
    return organisation.identifier


@action
def remove_member(session: Session, actor: Actor, email: str) -> str:
    """The owner ends somebody's membership; what was done stays on record. Nobody removes an owner."""
    organisation = _own(session, actor)
    found = member_called(session, organisation.id, email)
    if found is None or found.role == "owner":
        raise NotFound(N_("没有找到这位成员。"))
    stop(session, found)
    session.delete(found)
    events.record(
        session,
        actor,
        "organisation.leave",
        "organisation",
        organisation.identifier,
        data={"name": found.user.name},
    )
    return organisation.identifier


@with_password
@action
def change_password(session: Session, actor: Actor, *, current: str, password: str) -> str:
    """A person chooses another password, and shows that the present one is known.

    Returns the person's key.
    """
    user = session.get_one(User, actor.user_id)
    if not user.check_password(current):
        raise RuleViolation(N_("现在的密码不正确。"), "current")
    user.set_password(password)
    sessions.end_all(session, user.id)
    note(session, actor, "password")
    mail.post_to_holder(session, "password_changed", user)
    return str(user.id)


def _tell_blocked(session: Session, kind: str, which: str, reason: str) -> str:
    """Whoever cannot sign in reads no page.

    The reason goes by mail to an address that was shown to be theirs, with whom to turn to.
    """
    person = session.scalars(named(which)).one()
    if person.email and person.email_confirmed_at:
        mail.post(session, kind, person.email, person, reason=reason.strip(), whom=blocking.lifted_by(person))
    return which


@action
def block_account(session: Session, actor: Actor, which: str, *, reason: str) -> str:
    """Take an account out of force.

    Done by an administrator, the regulator over its organisations, or the owner of its one organisation.
    """
    blocking.block(session, actor, which, reason)
    return _tell_blocked(session, "blocked", which, reason)


@action
def unblock_account(session: Session, actor: Actor, which: str, *, reason: str) -> str:
    """Whoever may block it, of no lower rank than whoever did, puts an account into force again."""
    blocking.unblock(session, actor, which, reason)
    return _tell_blocked(session, "unblocked", which, reason)
