"""Contact persons (联系人): whom an organisation names for others to talk to, and of which purchase.

They are people: nobody but the parties of a purchase is told of them, and only as long as these have to talk
(个人信息保护法第六条). What an organisation takes off its list is gone everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import policy, spelling
from models.actors import Actor
from models.agencies.related_parties import phones
from models.base import Base
from models.cases import Case
from models.errors import NotFound, RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.messages import SIDES, TALKS, closed, sides_of
from models.sourcing.tenders import Invitation, Tender
from models.upsert import upsert

NAMED_FOR: tuple[type[Case], ...] = (Tender, *TALKS)
_LENGTH = N_("这里应为 %(least)s 到 %(most)s 个字。")


class ContactPerson(Base):
    """Somebody of an organisation, and what for: `purpose`, such as 技术对接."""

    __tablename__ = "contact_persons"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(60), info={LEAST: 2})
    purpose: Mapped[str] = mapped_column(String(60), info={LEAST: 2})
    phone: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(254))


class NamedContact(Base):
    """Whom an organisation named for a tender, and for all that comes of it."""

    __tablename__ = "named_contacts"
    __table_args__ = (UniqueConstraint("tender_id", "organisation_id"),)

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("contact_persons.id"), index=True)
    person: Mapped[ContactPerson] = relationship(lazy="joined")


def listed(session: Session, organisation_id: int) -> list[ContactPerson]:
    """The contact persons of an organisation, in the order they were named."""
    mine = select(ContactPerson).where(ContactPerson.organisation_id == organisation_id)
    return list(session.scalars(mine.order_by(ContactPerson.id)))


def of(session: Session, organisation_id: int, number: int) -> ContactPerson:
    """One of the organisation's own contact persons; NotFound for what is none."""
    found = session.get(ContactPerson, number)
    if found is None or found.organisation_id != organisation_id:
        raise NotFound(N_("名单里没有这位联系人。"))
    return found


def fill(person: ContactPerson, *, name: str, purpose: str, phone: str, email: str) -> None:
    """Keep what is said of a person. RuleViolation at the field that is wrong; a mail address may lack."""
    person.name = check_text(ContactPerson.name, name, _LENGTH)
    person.purpose = check_text(ContactPerson.purpose, purpose, _LENGTH)
    person.phone = phone.strip()
    if not phones(person.phone):
        raise RuleViolation(N_("请填写能打通的电话,例如 0971-1234567。"), "phone")
    person.email = spelling.email(email) if email.strip() else ""


def add(session: Session, organisation_id: int, **said: str) -> ContactPerson:
    """One more. RuleViolation where the list is full, or as `fill` says."""
    most = policy.current().number("messages.contacts_most")
    mine = select(func.count()).where(ContactPerson.organisation_id == organisation_id)
    if (session.scalar(mine) or 0) >= most:
        raise RuleViolation(N_("一个单位最多列 %(most)s 位联系人。"), most=most)
    person = ContactPerson(organisation_id=organisation_id)
    fill(person, **said)
    session.add(person)
    return person


def remove(session: Session, person: ContactPerson) -> None:
    """Off the list, and off every purchase it was named for."""
    session.execute(delete(NamedContact).where(NamedContact.person_id == person.id))
    session.delete(person)


def told(session: Session, case: Case, actor: Actor) -> dict[str, ContactPerson]:
    """Whom the sides of a case named, by their roles, for an actor of one of them.

    Nobody else, and not before they may write to each other, nor after: they have to talk no more.
    """
    if not sides_of(case, actor) or closed(session, case) is not None:
        return {}
    people = named(session, tender_of(case).id, case.parties_told(SIDES))
    return {role: people[side] for role in SIDES if (side := case.side_of(role)) in people}


def told_before(session: Session, tender: Tender, actor: Actor) -> ContactPerson | None:
    """Whom the buyer of a tender named, for its own side, and for an agency it asks by name.

    For that one only where the buyer sees offers as they come: elsewhere talk would be a side channel.
    """
    if "buyer" not in tender.roles_of(actor):
        talks = tender.state == "published" and not tender.way.sealed and not tender.rules.hidden
        asked = select(Invitation.id).where(
            Invitation.tender_id == tender.id, Invitation.agency_id == actor.organisation_id
        )
        if not talks or actor.organisation_id is None or session.scalar(asked) is None:
            return None
    return named(session, tender.id, [tender.buyer_id]).get(tender.buyer_id)


def tender_of(case: Case) -> Tender:
    """The tender a case is of, or is; ValueError for a case of none."""
    found = case if isinstance(case, Tender) else getattr(case, "tender", None)
    if not isinstance(found, Tender):
        raise ValueError(f"{case.identifier} is of no tender")
    return found


def name_for(session: Session, tender_id: int, organisation_id: int, number: int) -> None:
    """Name one of the list for a tender, in place of whoever was; 0 names nobody."""
    if not number:
        session.execute(
            delete(NamedContact).where(
                NamedContact.tender_id == tender_id, NamedContact.organisation_id == organisation_id
            )
        )
        return
    person = of(session, organisation_id, number)
    row = {"tender_id": tender_id, "organisation_id": organisation_id, "person_id": person.id}
    upsert(session, NamedContact, ["tender_id", "organisation_id"], row, replace=["person_id"])


def named(session: Session, tender_id: int, organisations: Iterable[int]) -> dict[int, ContactPerson]:
    """Whom these organisations named for a tender, by their keys."""
    found = select(NamedContact).where(
        NamedContact.tender_id == tender_id, NamedContact.organisation_id.in_(list(organisations))
    )
    return {each.organisation_id: each.person for each in session.scalars(found)}
