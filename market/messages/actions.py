"""Writing to the other party of a case, and naming whom it may call."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.files import Kept, hand_in, with_file
from market.transaction import action
from models import conflicts, contacts, events, messages, permission
from models.accounts import Organisation
from models.actors import Actor
from models.cases import Case, find_case
from models.contacts import ContactPerson
from models.errors import NotAllowed, NotFound
from models.i18n import N_
from models.messages import FILE, TALKS, MessageFile
from models.notifications import MESSAGE
from models.permission import NO_PART
from models.sourcing.tenders import Tender


def _locked(session: Session, identifier: str, kinds: tuple[type[Case], ...]) -> Case:
    """The case of this number, locked; NotFound for what is none of these kinds."""
    found = find_case(session, identifier)
    if not isinstance(found, kinds):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return type(found).lock(session, identifier)


def _side(session: Session, case: Case, actor: Actor, *, entering: bool = False) -> str:
    """The side of a case an actor is on.

    NotAllowed for whoever is on none, on both, or for an organisation that is not let in (but for what those
    `entering` may, too); one that is suspended has duties to talk about.
    """
    roles = messages.sides_of(case, actor)
    if not roles:
        raise NotAllowed(NO_PART)
    role = min(roles)
    permission.check_standing(actor, case.side_of(role), duty=True, entering=entering)
    conflicts.check(session, case, actor, frozenset({role}))
    return role


@with_file
@action
def send(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    text: str,
    file_name: str = "",
    content: bytes | Kept = b"",
) -> str:
    """Write to the other party of a case, with a file or without. Returns the case's number.

    The event says that something was written, and not what.
    """
    case = _locked(session, identifier, TALKS)
    role = _side(session, case, actor)
    message = messages.add(session, case, actor, role, text)
    if content:
        document = hand_in(session, actor, case, file_name, content)
        document.case_type = FILE
        session.flush()
        session.add(MessageFile(message_id=message.id, document_id=document.id))
    kind = case.workflow.name
    events.record(
        session,
        actor,
        f"{kind}{MESSAGE}",
        kind,
        identifier,
        role=role,
        audience="internal",
        data={"title": case.title},
        notify=[key for key in case.parties_told(sorted(messages.SIDES)) if key != actor.organisation_id],
    )
    return identifier


@action
def name_contact(session: Session, actor: Actor, identifier: str, *, person: int) -> str:
    """Name whom the other party may call about a purchase; 0 for nobody. Returns the case's number."""
    case = _locked(session, identifier, contacts.NAMED_FOR)
    role = _side(session, case, actor, entering=isinstance(case, Tender))  # as in its draft
    contacts.name_for(session, contacts.tender_of(case).id, case.side_of(role) or 0, person)
    kind = case.workflow.name
    events.record(session, actor, f"{kind}.contact", kind, identifier, role=role, audience="internal")
    return identifier


def _mine(session: Session, actor: Actor) -> Organisation:
    """The organisation whose list it is, locked, so that two colleagues do not fill its last place."""
    if actor.organisation_id is None:
        raise NotAllowed(NO_PART)
    return session.get_one(Organisation, actor.organisation_id, with_for_update=True)


def _tell(session: Session, actor: Actor, mine: Organisation) -> str:
    events.record(
        session, actor, "organisation.contacts", "organisation", mine.identifier, data={"title": mine.name}
    )
    return mine.identifier


@action
def add_contact(session: Session, actor: Actor, *, name: str, purpose: str, phone: str, email: str) -> str:
    """List one more person others may talk to. Returns the organisation's number, as the next two do."""
    mine = _mine(session, actor)
    contacts.add(session, mine.id, name=name, purpose=purpose, phone=phone, email=email)
    return _tell(session, actor, mine)


@action
def change_contact(
    session: Session, actor: Actor, number: int, *, name: str, purpose: str, phone: str, email: str
) -> str:
    """Put right what is said of one of them."""
    mine = _mine(session, actor)
    contacts.fill(_person(session, mine, number), name=name, purpose=purpose, phone=phone, email=email)
    return _tell(session, actor, mine)


@action
def remove_contact(session: Session, actor: Actor, number: int) -> str:
    """Take one off the list, and off all that it was named for."""
    mine = _mine(session, actor)
    contacts.remove(session, _person(session, mine, number))
    return _tell(session, actor, mine)


def _person(session: Session, mine: Organisation, number: int) -> ContactPerson:
    return contacts.of(session, mine.id, number)
