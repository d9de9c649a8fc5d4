"""People, organisations, who belongs where, and who may act for whom."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    and_,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, spelling, uscc
from models.actors import IN_STANDING, Actor
from models.base import Base, Code, Fen, Name
from models.cases import Case
from models.entry_rules import licence_was_handed_in, may_enter
from models.i18n import N_
from models.password_hashing import belongs, hash_of
from models.referrals import REFERRAL_ACTS, referrals, up
from models.regions import covers, current
from models.workflow_table import Move, State, Workflow

if TYPE_CHECKING:
    from models.authorisations import Authorisation

KINDS = {"enterprise": N_("企业(项目业主)"), "agency": N_("中介机构"), "authority": N_("政府部门")}


ORGANISATION = Workflow(
    name="organisation",
    unhurried={"draft": "an entry nobody has applied with is its own affair"},
    label=N_("主体入驻"),
    states=(
        State("draft", N_("填报中"), tone="plain"),
        State("applied", N_("待核验")),
        State("verified", N_("已入驻"), tone="good"),
        State("suspended", N_("已暂停"), tone="bad"),
        State("removed", N_("已退出"), tone="bad", terminal=True),
    ),
    moves=(
        Move(
            "draft",
            "submit",
            "applied",
            who={"agency"},
            rules=(may_enter,),
            limit=up("entry.check_days"),
            main=True,
        ),
        Move("draft", "commit", "verified", who={"agency"}, rules=(may_enter,), public=True),
        Move(
            "applied",
            "verify",
            "verified",
            who={"regulator", "admin"},
            rules=(licence_was_handed_in, may_enter),
            notify=("agency",),
            public=True,
            main=True,
        ),
        Move(
            "applied",
            "match",
            "verified",
            who={"system"},
            rules=(may_enter,),
            notify=("agency",),
            public=True,
        ),
        Move("applied", "return", "draft", who={"regulator", "admin"}, notify=("agency",), needs_reason=True),
        Move(
            "applied", "refuse", "removed", who={"regulator", "admin"}, notify=("agency",), needs_reason=True
        ),
        *referrals("applied", notify=("agency",), urged=False),
        Move(
            "verified",
            "suspend",
            "suspended",
            who={"regulator"},
            notify=("agency",),
            needs_reason=True,
            public=True,
        ),
        Move(
            "suspended",
            "restore",
            "verified",
            who={"regulator"},
            notify=("agency",),
            needs_reason=True,
            public=True,
        ),
    ),
    duties=("submit", "commit"),
    prepares=("submit", "commit"),  # its entry is how it comes to be let in
    openings={"enter": N_("提交入驻")},
    undone_by={"suspend": "restore", "restore": "suspend"},
    consequences={
        "verify": N_("从此可以在平台办理业务,并公开显示登记信息。"),
        "suspend": N_("其间不能发起采购或承接业务;已经开始的履约义务仍要完成。"),
        "restore": N_("从此又可以发起采购或承接业务。"),
        "commit": N_("凭承诺先行入驻;核查发现不实的,会被撤销并记入信用。"),
    },
    buttons={"verify": N_("核验"), "refuse": N_("不予核验")},
    acts={
        "submit": N_("提交核验"),
        "commit": N_("承诺入驻"),
        "verify": N_("核验通过"),
        "match": N_("与登记机关一致"),
        "return": N_("退回补正"),
        "refuse": N_("不予通过"),
        "suspend": N_("暂停"),
        "restore": N_("恢复"),
        "refer": REFERRAL_ACTS["refer"],
    },
)


SCOPE = ("tender", "quote", "contract", "deliverable", "payment")  # the cases a buyer may delegate


class User(Base):
    """A person who signs in.

    Belongs to organisations through memberships. Whoever is blocked does nothing until somebody of at least
    the rank `blocked_as` lifts it: see blocking.py.

    `email` is the address that was shown to be this person's (None while none was): whatever is addressed to
    a mail address looks here. `email_asked` is one that waits to be confirmed; several may claim the same,
    and none of them keeps it from its owner. An address others named before anybody has shown it to be theirs
    is held by a row without a password (holders.py). `handle` is what pages call the account by.
    """

    __tablename__ = "users"

    handle: Mapped[str] = mapped_column(
        String(16), unique=True, index=True, default=lambda: secrets.token_urlsafe(9)
    )
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    email_asked: Mapped[str] = mapped_column(String(254), default="", index=True)
    email_confirmed_at: Mapped[datetime | None]
    name: Mapped[Name]
    password_hash: Mapped[str] = mapped_column(String(200))
    is_admin: Mapped[bool] = mapped_column(default=False)
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[str | None] = mapped_column(String(1000))
    blocked_as: Mapped[str | None] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="user", lazy="selectin", order_by="Membership.id"
    )
    delegations: Mapped[list[Delegation]] = relationship(back_populates="user", lazy="selectin")

    @property
    def confirmed(self) -> bool:
        """Whether an address was shown to be this person's."""
        return self.email is not None

    @property
    def address(self) -> str:
        """The address this person goes by: the confirmed one, else the one that waits.

        Empty where somebody else has shown it to be theirs.
        """
        return self.email or self.email_asked

    @property
    def awaited(self) -> bool:
        """Whether this is nobody yet: an address others named."""
        return not self.password_hash

    def set_password(self, password: str) -> None:
        self.password_hash = hash_of(password)

    def check_password(self, password: str) -> bool:
        return belongs(self.password_hash, password)


class Organisation(Case, Base):
    """An enterprise, an agency or an authority, known by its 统一社会信用代码.

    `authority_role` is `regulator` or `department` for authorities; `department` is the line of work
    (生态环境, 水利, ...) an authority answers for. Agencies carry the time of their commitment (告知承诺).
    `claimed` is false while an organisation that was imported waits for its first person. `register_asked_at`
    is when the register was asked about an enterprise that waits to be let in (None: to be asked), `unlike`
    in what it did not agree.
    """

    __tablename__ = "organisations"
    workflow: ClassVar[Workflow] = ORGANISATION
    prefix_of: ClassVar[dict[str, str]] = {"enterprise": "E", "agency": "A", "authority": "G"}  # by its kind
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
    register_asked_at: Mapped[datetime | None]
    unlike: Mapped[list[str] | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="organisation")

    @property
    def title(self) -> str:
        return self.name

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Nobody is over its own organisation, nor a regulator over one of the same level."""
        found = super().roles_of(actor)
        own = actor.organisation_id is not None and actor.organisation_id == self.id
        level = (
            self.authority_role == "regulator"
            and actor.region_code is not None
            and covers(self.region_code, actor.region_code)
        )
        return found - {"regulator"} if own or level else found

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        if role != "regulator" or actor.region_code is None:
            return found
        level = and_(
            func.coalesce(cls.authority_role, "") == "regulator",
            cls.region_code == current(actor.region_code),
        )
        return and_(found, cls.id != (actor.organisation_id or 0), not_(level))

    @property
    def code_sound(self) -> bool:
        """Whether the code's check character is right.

        Where it is not, somebody compared it with the licence, and a check was opened.
        """
        return uscc.sound(self.uscc)

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """An agency's page is everybody's once it has been let in."""
        return (self.kind == "agency" and self.state in ("verified", "suspended")) or super().readable_by(
            session, actor
        )


class Membership(Base):
    """A person in an organisation: `owner` manages members, `staff` works.

    `authorisation`: the last by which it signs and pays for it (authorisations.py), in force or not.
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    authorisation_id: Mapped[int | None] = mapped_column(ForeignKey("authorisations.id"))
    user: Mapped[User] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(back_populates="memberships", lazy="joined")
    authorisation: Mapped[Authorisation | None] = relationship(lazy="joined")


class Delegation(Base):
    """A buyer lets a person act for it (采购受托人): in which kinds of case, up to what sum, until when.

    It is offered: it gives power and ties (conflicts.py) once the person has accepted it, until either of the
    two ends it, or what the buyer's owner was authorised by ends (`given_under_id`).
    """

    __tablename__ = "delegations"

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    scope: Mapped[list[str]]
    most: Mapped[Fen]
    until: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]  # by the buyer
    laid_down_at: Mapped[datetime | None]  # by the person, accepted or not
    given_under_id: Mapped[int | None] = mapped_column(ForeignKey("authorisations.id"))
    user: Mapped[User] = relationship(back_populates="delegations")
    buyer: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def stands(self) -> bool:
        """Whether it may still be accepted, or counts if it was."""
        return self.revoked_at is None and self.laid_down_at is None and self.until > clock.now()

    @property
    def counts(self) -> bool:
        return self.stands and self.accepted_at is not None

    @classmethod
    def counting(cls) -> ColumnElement[bool]:
        """The SQL twin of `counts`."""
        return and_(
            cls.accepted_at.is_not(None),
            cls.revoked_at.is_(None),
            cls.laid_down_at.is_(None),
            cls.until > clock.now(),
        )


@cache
def _nobodys_hash() -> str:
    return hash_of("nobody has this password")


def known_as(email: str) -> Select[User]:
    """Whoever holds this address, however it is written."""
    return select(User).where(User.email == spelling.asked_email(email))


def named(which: str) -> Select[User]:
    """The account of this handle, or whoever holds this address."""
    return select(User).where(or_(User.handle == which, User.email == spelling.asked_email(which)))


def claimed_as(email: str) -> Select[User]:
    """Those who have shown no address yet and say this one is theirs, the first of them first."""
    return (
        select(User)
        .where(User.email.is_(None), User.email_asked == spelling.asked_email(email))
        .order_by(User.id)
    )


def authenticate(session: Session, email: str, password: str) -> User | None:
    """The person with this address and password, or None.

    Two passwords are checked whoever has the address, whether nobody, its holder alone or with others who
    claim it, so that the time it takes tells nothing; of those who claim it the first counts, whom nobody who
    came later can push out.
    """
    known = [
        session.scalars(known_as(email)).one_or_none(),
        session.scalars(claimed_as(email).limit(1)).one_or_none(),
    ]
    right = [_is_theirs(user, password) for user in known]
    return next((user for user, theirs in zip(known, right, strict=True) if theirs), None)


def _is_theirs(user: User | None, password: str) -> bool:
    somebody = user if user and not user.awaited else User(password_hash=_nobodys_hash())
    return somebody.check_password(password) and somebody is user


def may_buy_for_others(user: User) -> bool:
    """Whether a person may be delegated by a buyer.

    Nobody of an agency, which answers buyers, or of an authority, which watches them.
    """
    return all(membership.organisation.kind == "enterprise" for membership in user.memberships)


def authority_for(
    session: Session, role: str, department: str | None, region_code: str, among: list[str] | None = None
) -> Organisation | None:
    """The authority of this role nearest to a place: the county's, else the city's, else the province's.

    Only of these areas if `among` is given.

    `department` of None takes any line of work; a regulator that is of none answers for every one. One out of
    standing is passed over.
    """
    from models.regions import above

    areas = above(region_code) if among is None else among
    query = select(Organisation).where(
        Organisation.kind == "authority",
        Organisation.authority_role == role,
        Organisation.region_code.in_(areas),
        Organisation.state == IN_STANDING,
    )
    if department is not None:
        fits = Organisation.department == department
        query = query.where(
            or_(fits, func.coalesce(Organisation.department, "") == "") if role == "regulator" else fits
        )
    found = {o.region_code: o for o in session.scalars(query.order_by(Organisation.id.desc()))}
    return next((found[area] for area in areas if area in found), None)
