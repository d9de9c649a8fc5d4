"""Messages between the two parties of a case: an offer, an award, a contract.

A conversation begins where the two may know each other: a bid has none at all, an offer none while it is
sealed, an award comes after the opening. It goes on where its matter does, and ends with it. Nobody reads it
but the two; that of a contract in dispute also the regulator the dispute is before, who decides by it. What
was written is never changed.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.actors import Actor
from models.append_only import AppendOnly
from models.base import Base, Code, Name
from models.cases import Case, find_case
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.disputes import Dispute
from models.documents import Document
from models.errors import RuleViolation
from models.events import Event
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.notifications import Notification
from models.sourcing.awards import Award, standing_award
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender

TALKS: tuple[type[Case], ...] = (Quote, Award, Contract)
SIDES = frozenset({"buyer", "agency"})
FILE = "message"  # in the place of its case's type: a file of a conversation is none of the case's papers


class Message(AppendOnly, Base):
    """What a person wrote for one side of a case (`role`), under the name he had then."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_case", "case_type", "case_identifier", "id"),)

    case_type: Mapped[Code]
    case_identifier: Mapped[Code]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    author: Mapped[Name]
    role: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(String(2000), info={LEAST: 1})
    at: Mapped[datetime] = mapped_column(default=clock.now)
    organisation: Mapped[Organisation] = relationship(lazy="joined")
    files: Mapped[list[MessageFile]] = relationship(lazy="selectin", order_by="MessageFile.id")


class MessageFile(AppendOnly, Base):
    """A file that came with a message."""

    __tablename__ = "message_files"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    document: Mapped[Document] = relationship(lazy="joined")


def sides_of(case: Case, actor: Actor) -> frozenset[str]:
    """The sides an actor is on: one of them as a rule."""
    return case.roles_of(actor) & SIDES


def readable_by(session: Session, case: Case, actor: Actor) -> bool:
    """Whether an actor may read the conversation of a case."""
    return isinstance(case, TALKS) and (bool(sides_of(case, actor)) or _decides(session, case, actor))


def _decides(session: Session, case: Case, actor: Actor) -> bool:
    """Whether a dispute about this contract is before the regulators of an actor's area, or was decided."""
    if not isinstance(case, Contract) or "regulator" not in actor.roles:
        return False
    found = select(Dispute.id).where(
        Dispute.contract_id == case.id,
        Dispute.state.in_(("deciding", "decided")),
        Dispute.scope("regulator", actor),
    )
    return session.scalar(found.limit(1)) is not None


def file_readable_by(session: Session, document: Document, actor: Actor) -> bool:
    """Whether an actor may have a file of a conversation; of no other file."""
    case = find_case(session, document.case_identifier) if document.case_type == FILE else None
    return case is not None and readable_by(session, case, actor)


def closed(session: Session, case: Case) -> RuleViolation | None:
    """Why nothing may be written on a case, not yet or no more; None where it may."""
    if isinstance(case, Quote) and case.sealed is not None:
        if case.tender.state != "published":
            return RuleViolation(N_("这份报价没有公开过,双方之间没有来往消息。"))
        return RuleViolation(
            N_(
                "报价还密封着:%(time)s 截止以前,业主与报价机构之间不能私下来往消息,以免影响公平。"
                "有问题请在需求页公开提问,答复人人看得到。"
            ),
            time=f"{case.tender.deadline.astimezone(BEIJING):%Y-%m-%d %H:%M}",
        )
    if isinstance(case, Quote):
        award = standing_award(session, case.tender_id, case.agency_id)
        if award is not None and contract_of(session, case) is None:
            return RuleViolation(N_("这份报价已经中选,消息请写在中选结果 %(award)s 上。"), award=award)
    if not isinstance(case, Contract):
        contract = contract_of(session, case)
        if contract is not None:
            return RuleViolation(N_("双方已有合同 %(contract)s,消息请写在合同上。"), contract=contract)
    if case.workflow.states[case.state].terminal and not _lately(session, case):
        return RuleViolation(N_("这件事已经了结,不能再写消息;以前的仍然可以看。"))
    return None


SILENT = ("published", "closed", "auction", "scoring", "evaluated", "cancelling")


def silent(tender: Tender) -> bool:
    """Whether the buyer of a tender and those who answer it may not write to each other for now."""
    if tender.way.sealed:
        return tender.state in SILENT
    return tender.state == "published" and tender.rules.hidden


def contract_of(session: Session, case: Case) -> str | None:
    """The number of the contract that came of an offer or an award between the same two."""
    tender, agency = getattr(case, "tender_id", None), case.side_of("agency")
    found = select(Contract.identifier).where(Contract.tender_id == tender, Contract.agency_id == agency)
    return session.scalar(found.order_by(Contract.id.desc()).limit(1))


def _lately(session: Session, case: Case) -> bool:
    """Whether a contract ended so lately that its parties still talk: about invoices, or the report."""
    days = policy.get(case.policy_version).number("messages.after_days")
    since = clock.now() - timedelta(days=days)
    happened = select(Event.id).where(
        Event.case_type == case.workflow.name,
        Event.case_identifier == case.identifier,
        Event.audience != "internal",
        Event.at > since,
    )
    return isinstance(case, Contract) and session.scalar(happened.limit(1)) is not None


def add(session: Session, case: Case, actor: Actor, role: str, text: str) -> Message:
    """One more message on a case the caller has locked, for the side of this role.

    RuleViolation where nothing may be written, for a text too long or none, or where the side wrote enough
    for a day (`messages.a_day` of the policy).
    """
    why, side = closed(session, case), case.side_of(role)
    if why is not None:
        raise why
    said = check_text(Message.text, text, N_("请写 %(least)s 到 %(most)s 个字。"))
    midnight = datetime.combine(clock.today(), time(), BEIJING)
    most = policy.get(case.policy_version).number("messages.a_day")
    today = _of(case).where(Message.organisation_id == side, Message.at >= midnight)
    if (session.scalar(today.with_only_columns(func.count()).order_by(None)) or 0) >= most:
        raise RuleViolation(N_("今天在这件事上已经写了 %(most)s 条,请明天再写。"), "text", most=most)
    message = Message(
        case_type=case.workflow.name,
        case_identifier=case.identifier,
        organisation_id=side,
        user_id=actor.user_id,
        author=actor.name,
        role=role,
        text=said,
    )
    session.add(message)
    session.flush()
    return message


def _of(case: Case) -> Select[Message]:
    return (
        select(Message)
        .where(Message.case_type == case.workflow.name, Message.case_identifier == case.identifier)
        .order_by(Message.id.desc())
    )


def page(session: Session, case: Case, before: int, most: int) -> list[Message]:
    """The last messages of a case, or the last before that one; newest first, and no more than `most`."""
    query = _of(case).where(Message.id < before) if before else _of(case)
    return list(session.scalars(query.limit(most)))


def newest_at(session: Session, case: Case) -> datetime | None:
    """When the last message was written, if any was."""
    return session.scalar(_of(case).with_only_columns(Message.at).limit(1))


def earlier(session: Session, contract: Contract) -> list[str]:
    """The numbers of the offer and the award a contract came of, where the two wrote to each other."""
    kinds: tuple[type[Quote] | type[Award], ...] = (Quote, Award)
    of_both = [
        and_(
            Message.case_type == kind.workflow.name,
            Message.case_identifier.in_(
                select(kind.identifier).where(
                    kind.tender_id == contract.tender_id, kind.agency_id == contract.agency_id
                )
            ),
        )
        for kind in kinds
    ]
    found = select(Message.case_identifier).where(or_(*of_both)).distinct()
    return sorted(session.scalars(found))


def unread(session: Session, case: Case, organisation_id: int | None) -> int:
    """How many messages on a case nobody of an organisation has read, up to a page of them."""
    waiting = (
        select(Notification.id)
        .join(Event, Event.id == Notification.event_id)
        .where(
            Notification.organisation_id == (organisation_id or 0),
            Notification.read_at.is_(None),
            Notification.kind == "message",
            Event.case_identifier == case.identifier,
        )
        .limit(20)
    )
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
