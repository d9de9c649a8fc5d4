"""Signing up, belonging, and acting for a buyer."""

from __future__ import annotations

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.transaction import action
from models import clock, events, identifiers
from models.accounts import SCOPE, Delegation, Membership, Organisation, User, check_password_strength, check_uscc
from models.actors import Actor
from models.regions import Region
from models.text import N_, NotAllowed, NotFound, RuleBroken
from models.workflow import perform, start

PREFIXES = {"enterprise": "E", "agency": "A", "authority": "G"}


def _new_user(session: Session, email: str, name: str, password: str) -> User:
    try:
        email = validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise RuleBroken(N_("邮箱地址不正确。"), "email") from error
    check_password_strength(password)
    if not name.strip():
        raise RuleBroken(N_("请填写姓名。"), "name")
    if session.scalar(select(User.id).where(User.email == email)):
        raise RuleBroken(N_("这个邮箱已经注册过,请直接登录。"), "email")
    user = User(email=email, name=name.strip())
    user.set_password(password)
    session.add(user)
    session.flush()
    return user


def enter(
    session: Session,
    user: User,
    *,
    uscc: str,
    organisation: str,
    kind: str,
    region_code: str,
    committed: bool = False,
    address: str = "",
    phone: str = "",
    legal_representative: str = "",
    introduction: str = "",
    authority_role: str | None = None,
    department: str | None = None,
) -> Organisation:
    """Put an organisation on the register with this person as its owner.

    An enterprise is in as soon as its code is sound; an agency must commit (告知承诺) and is then
    checked by the regulator of its area.
    """
    code = check_uscc(uscc)
    if not organisation.strip():
        raise RuleBroken(N_("请填写单位名称。"), "organisation")
    if session.scalar(select(Region.id).where(Region.code == region_code)) is None:
        raise RuleBroken(N_("请选择所在地区。"), "region_code")
    if session.scalar(select(Organisation.id).where(Organisation.uscc == code)):
        raise RuleBroken(N_("这个统一社会信用代码已经入驻,请联系本单位管理员把您加为成员。"), "uscc")
    if kind == "agency" and not committed:
        raise RuleBroken(N_("入驻须作出承诺:所填内容真实,并公示收费、守信执业。"), "committed")
    new = Organisation(
        identifier=identifiers.issue(session, PREFIXES[kind]),
        uscc=code,
        name=organisation.strip(),
        kind=kind,
        region_code=region_code,
        state="applied" if kind == "agency" else "verified",
        address=address.strip(),
        phone=phone.strip(),
        legal_representative=legal_representative.strip(),
        introduction=introduction.strip(),
        authority_role=authority_role,
        department=department,
        committed_at=clock.now() if kind == "agency" else None,
    )
    who = Actor(user.name, frozenset({kind}), user.id)
    start(session, new, who, "enter", public=kind == "agency")
    if kind != "agency":
        new.due_at = None
    session.add(Membership(user_id=user.id, organisation_id=new.id, role="owner"))
    return new


@action
def sign_up(session: Session, actor: Actor, *, email: str, name: str, password: str, **organisation: str | bool) -> str:
    """A new person with a new enterprise or agency. Returns the organisation's identifier."""
    if organisation["kind"] not in ("enterprise", "agency"):
        raise RuleBroken(N_("请选择单位类型。"), "kind")
    user = _new_user(session, email, name, password)
    return enter(session, user, **organisation).identifier  # type: ignore[arg-type]


@action
def appoint_admin(session: Session, actor: Actor, *, email: str, name: str, password: str) -> str:
    """The operator of the machine (the command line) appoints an administrator. Returns the e-mail address."""
    if "system" not in actor.roles:
        raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))
    user = _new_user(session, email, name, password)
    user.is_admin = True
    return user.email


@action
def set_up_authority(session: Session, actor: Actor, *, email: str, name: str, password: str, **organisation: str) -> str:
    """An administrator sets up a regulator or approving department with its first member."""
    if "admin" not in actor.roles:
        raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))
    user = _new_user(session, email, name, password)
    return enter(session, user, kind="authority", **organisation).identifier  # type: ignore[arg-type]


def _own(session: Session, actor: Actor) -> Organisation:
    if not actor.organisation_id or not actor.owner:
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))
    return session.get_one(Organisation, actor.organisation_id)


@action
def add_member(session: Session, actor: Actor, *, email: str, name: str, password: str) -> str:
    """The owner adds a member of staff, with a first password to hand over."""
    organisation = _own(session, actor)
    user = _new_user(session, email, name, password)
    session.add(Membership(user_id=user.id, organisation_id=organisation.id, role="staff"))
    events.record(
        session, actor, "organisation.member", "organisation", organisation.identifier, data={"name": user.name}
    )
    return organisation.identifier


@action
def remove_member(session: Session, actor: Actor, email: str) -> str:
    """The owner ends somebody's membership; what was done stays on record. Nobody removes an owner."""
    organisation = _own(session, actor)
    found = session.scalars(
        select(Membership).join(Membership.user).where(Membership.organisation_id == organisation.id, User.email == email)
    ).one_or_none()
    if found is None or found.role == "owner":
        raise NotFound(N_("没有找到这位成员。"))
    session.delete(found)
    events.record(
        session, actor, "organisation.leave", "organisation", organisation.identifier, data={"name": found.user.name}
    )
    return organisation.identifier


@action
def change_password(session: Session, actor: Actor, *, current: str, password: str) -> str:
    """A person chooses another password, and shows that the present one is known."""
    if actor.user_id is None:
        raise NotAllowed(N_("请先登录。"))
    user = session.get_one(User, actor.user_id)
    if not user.check_password(current):
        raise RuleBroken(N_("现在的密码不正确。"), "current")
    check_password_strength(password)
    user.set_password(password)
    return user.email


@action
def delegate(session: Session, actor: Actor, *, email: str, scope: list[str], most: int, until: datetime) -> str:
    """The owner of an enterprise lets a person act for it in these kinds of case, up to a sum, until a day."""
    organisation = _own(session, actor)
    if organisation.kind != "enterprise":
        raise NotAllowed(N_("只有项目业主可以委托他人采购。"))
    user = session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()
    if user is None:
        raise RuleBroken(N_("没有用这个邮箱注册的人。"), "email")
    if not scope or not set(scope) <= set(SCOPE):
        raise RuleBroken(N_("请至少选择一项委托事项。"), "scope")
    if until <= clock.now():
        raise RuleBroken(N_("委托期限应在将来。"), "until")
    if most <= 0:
        raise RuleBroken(N_("金额应大于 0,且不超过 100 亿元。"), "most")
    session.add(Delegation(buyer_id=organisation.id, user_id=user.id, scope=sorted(scope), most=most, until=until))
    events.record(
        session, actor, "organisation.delegate", "organisation", organisation.identifier, data={"name": user.name}
    )
    return organisation.identifier


@action
def revoke_delegation(session: Session, actor: Actor, delegation_id: int) -> str:
    """The owner takes a delegation back, at once."""
    organisation = _own(session, actor)
    lent = session.get(Delegation, delegation_id)
    if lent is None or lent.buyer_id != organisation.id:
        raise NotFound(N_("没有找到这项委托。"))
    lent.revoked_at = lent.revoked_at or clock.now()
    events.record(
        session, actor, "organisation.revoke", "organisation", organisation.identifier, data={"name": lent.user.name}
    )
    return organisation.identifier


def _act(name: str, act: str):  # type: ignore[no-untyped-def]
    def run(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
        organisation = Organisation.load(session, identifier, lock=True)
        perform(session, organisation, act, actor, reason=reason)
        return organisation.identifier

    run.__name__ = name
    return action(run)


verify = _act("verify", "verify")
refuse = _act("refuse", "refuse")
suspend = _act("suspend", "suspend")
restore = _act("restore", "restore")
