"""People, organisations, who belongs where, and who may act for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, spelling, uscc
from models.actors import Actor, Mandate
from models.base import Base, Code, Fen, Name
from models.referrals import REFERRAL_ACTS, referrals, up
from models.text import N_
from models.workflow import Case, Move, State, Workflow

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's least for argon2id

# What was worked out beforehand, by a hash and a password: whether they belong together; by "" and a password: a hash of it.
_found: ContextVar[Mapping[tuple[str, str], str | bool]] = ContextVar("worked out beforehand", default=MappingProxyType({}))

KINDS = {"enterprise": N_("企业(项目业主)"), "agency": N_("中介机构"), "authority": N_("政府部门")}

ORGANISATION = Workflow(
    name="organisation",
    label=N_("主体入驻"),
    states=(
        State("draft", N_("填报中"), tone="plain"),
        State("applied", N_("待核验")),
        State("verified", N_("已入驻"), tone="good"),
        State("suspended", N_("已暂停"), tone="bad"),
        State("removed", N_("已退出"), tone="bad", terminal=True),
    ),
    moves=(
        Move("draft", "submit", "applied", who={"agency"}, limit=up("entry.check_days"), main=True),
        Move("draft", "commit", "verified", who={"agency"}, public=True),
        Move("applied", "verify", "verified", who={"regulator"}, tells=("agency",), public=True, main=True),
        Move("applied", "return", "draft", who={"regulator"}, tells=("agency",), needs_reason=True),
        Move("applied", "refuse", "removed", who={"regulator"}, tells=("agency",), needs_reason=True),
        *referrals("applied", tells=("agency",), urged=False),
        Move("verified", "suspend", "suspended", who={"regulator"}, tells=("agency",), needs_reason=True, public=True),
        Move("suspended", "restore", "verified", who={"regulator"}, tells=("agency",), needs_reason=True, public=True),
    ),
    acts={
        "submit": N_("提交核验"),
        "commit": N_("承诺入驻"),
        "verify": N_("核验通过"),
        "return": N_("退回补正"),
        "refuse": N_("不予通过"),
        "suspend": N_("暂停承接业务"),
        "restore": N_("恢复"),
        "refer": REFERRAL_ACTS["refer"],
    },
)


SCOPE = ("request", "quote", "contract", "deliverable", "payment")  # the cases a buyer may delegate


class User(Base):
    """A person who signs in. Belongs to organisations through memberships.

    Who holds an address has it in `email`. Who signs in with an address somebody else holds has it in `claims` until it is shown to be this
    person's, and nothing of anybody's in `email`; an address others named before anybody signed up with it is held by a row without
    a password (models/holders.py).
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    claims: Mapped[str | None] = mapped_column(String(254), index=True)
    name: Mapped[Name]
    password_hash: Mapped[str] = mapped_column(String(200))
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="user", lazy="selectin", order_by="Membership.id")
    delegations: Mapped[list[Delegation]] = relationship(back_populates="user", lazy="selectin")

    @property
    def address(self) -> str:
        """The address this person signs in with."""
        return self.claims or self.email

    @property
    def awaited(self) -> bool:
        """Whether this is nobody yet: an address others named."""
        return not self.password_hash

    def set_password(self, password: str) -> None:
        found = _found.get()
        self.password_hash = str(found["", password]) if ("", password) in found else _hasher.hash(password)

    def check_password(self, password: str) -> bool:
        found = _found.get()
        return bool(found[self.password_hash, password]) if (self.password_hash, password) in found else _verifies(self.password_hash, password)


class Organisation(Case, Base):
    """An enterprise, an agency or an authority, known by its 统一社会信用代码.

    `authority_role` is `regulator` or `department` for authorities; `department` is the line of
    work (生态环境, 水利, ...) an authority answers for. Agencies carry the time of their
    commitment (告知承诺). `claimed` is false while an organisation that was imported waits for its first person.
    """

    __tablename__ = "organisations"
    workflow: ClassVar[Workflow] = ORGANISATION
    parties: ClassVar[dict[str, str]] = {"agency": "id"}

    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[Name] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(12), index=True)
    authority_role: Mapped[str | None] = mapped_column(String(12))
    department: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[Name] = mapped_column(default="")
    legal_representative: Mapped[Name] = mapped_column(default="")
    phone: Mapped[Code] = mapped_column(default="")
    introduction: Mapped[str] = mapped_column(String(2000), default="")
    committed_at: Mapped[datetime | None]
    claimed: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="organisation")

    @property
    def title(self) -> str:
        return self.name

    @property
    def code_sound(self) -> bool:
        """Whether the code's check character is right; where it is not, somebody compared it with the licence, and a check was opened."""
        return uscc.sound(self.uscc)

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """An agency's page is everybody's once it has been let in."""
        return (self.kind == "agency" and self.state in ("verified", "suspended")) or super().readable_by(session, actor)


class Membership(Base):
    """A person in an organisation: `owner` manages members, `staff` works."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    user: Mapped[User] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(back_populates="memberships", lazy="joined")


class Delegation(Base):
    """A buyer lets a person act for it (采购受托人): in which kinds of case, up to what sum, until when."""

    __tablename__ = "delegations"

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    scope: Mapped[list[str]]
    most: Mapped[Fen]
    until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(back_populates="delegations")
    buyer: Mapped[Organisation] = relationship(lazy="joined")


def _verifies(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@contextmanager
def worked_out(password: str, *, hashed: str = "", current: str = "") -> Iterator[None]:
    """Hashing is slow on purpose, and nobody should wait with whoever does it: in here setting this password, and finding out whether the
    `current` one belongs to its hash, take no more time."""
    found: dict[tuple[str, str], str | bool] = {("", password): _hasher.hash(password)}
    if hashed:
        found[hashed, current] = _verifies(hashed, current)
    outer = _found.set(found)
    try:
        yield
    finally:
        _found.reset(outer)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def known_as(email: str) -> Select[User]:
    """Whoever holds this address, however it is written."""
    return select(User).where(User.email == spelling.asked_email(email))


def authenticate(session: Session, email: str, password: str) -> User | None:
    """The person with this address and password, or None. Two passwords are checked whoever has the address, whether nobody, its holder alone or
    with others who claim it, so that the time it takes tells nothing; of those who claim it the first counts, whom nobody who came later can push out."""
    asked = spelling.asked_email(email)
    claiming = select(User).where(User.claims == asked).order_by(User.id).limit(1)
    known = [session.scalars(known_as(asked)).one_or_none(), session.scalars(claiming).one_or_none()]
    right = [_is_theirs(user, password) for user in known]
    return next((user for user, theirs in zip(known, right, strict=True) if theirs), None)


def _is_theirs(user: User | None, password: str) -> bool:
    somebody = user if user and not user.awaited else User(password_hash=_nobodys_hash())
    return somebody.check_password(password) and somebody is user


def may_buy_for_others(user: User) -> bool:
    """Whether a person may be delegated by a buyer: nobody of an agency, which answers buyers, or of an authority, which watches them."""
    return all(membership.organisation.kind == "enterprise" for membership in user.memberships)


def actor_for(user: User) -> Actor:
    """The actor a signed-in person is, from its first membership and its live delegations; these rest while it may not buy for others."""
    roles = {"admin"} if user.is_admin else set()
    lent = tuple(
        Mandate(d.buyer_id, d.buyer.name, frozenset(d.scope), d.most, d.until)
        for d in user.delegations
        if d.revoked_at is None and d.until > clock.now()
    )
    mandates, resting = (lent, ()) if may_buy_for_others(user) else ((), lent)
    membership = user.memberships[0] if user.memberships else None
    if membership is None:
        return Actor(user.name, frozenset(roles), user.id, mandates=mandates)
    organisation = membership.organisation
    roles.add(organisation.authority_role or organisation.kind)
    return Actor(
        name=user.name,
        roles=frozenset(roles),
        user_id=user.id,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        region_code=organisation.region_code,
        department=organisation.department,
        owner=membership.role == "owner",
        mandates=mandates,
        resting=resting,
        belongs=tuple((m.organisation_id, m.organisation.kind) for m in user.memberships),
    )


def authority_for(session: Session, role: str, department: str | None, region_code: str, among: list[str] | None = None) -> Organisation | None:
    """The authority of this role nearest to a place: the county's, else the city's, else the province's; only of these areas if `among` is given.

    `department` of None takes any line of work.
    """
    from models.regions import above

    areas = above(region_code) if among is None else among
    query = select(Organisation).where(
        Organisation.kind == "authority",
        Organisation.authority_role == role,
        Organisation.region_code.in_(areas),
    )
    if department is not None:
        query = query.where(Organisation.department == department)
    found = {o.region_code: o for o in session.scalars(query.order_by(Organisation.id.desc()))}
    return next((found[area] for area in areas if area in found), None)
