"""How an enterprise is let in.

By the register where it agrees with what the enterprise told, else by somebody who looks at its licence.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import business_register
from market.chunks import each
from market.extensions import db
from market.files import hand_in, with_file
from market.signing import prepare_key
from market.transaction import Beforehand, action
from models import clock, events
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies.register import Registered, unlike
from models.errors import NotAllowed, Problem, RuleViolation, WrongState
from models.failures import Attempt
from models.i18n import N_
from models.workflow import may, perform

SOON = 5  # seconds somebody who signs up waits for the register; after that the jobs ask it
AT_ONCE = 50


def ask_register(identifier: str, patience: float = business_register.PATIENCE) -> str:
    """Ask the register about an enterprise that waits, and let it in where they agree.

    Outside of any transaction. Unavailable if the register does not answer: the jobs ask again. Does nothing
    where there is no register, and a person looks.
    """
    source = business_register.source(patience)
    if source is None:
        return identifier
    uscc = db.session.scalar(select(Organisation.uscc).where(Organisation.identifier == identifier))
    db.session.rollback()
    said = source.lookup([uscc])[uscc] if uscc else None
    return judge(SYSTEM, identifier, said=Beforehand(said), source=source.name)


def try_register(identifier: str) -> None:
    """The same for somebody who waits before a page.

    A register that does not answer in time is asked by the jobs.
    """
    try:
        ask_register(identifier, SOON)
    except Problem:
        db.session.rollback()


@action
def judge(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    said: Beforehand[Registered | Problem | None],
    source: str,
) -> str:
    """What the register said of an enterprise that waits: it is in where all agrees.

    Otherwise a person looks at its licence.
    """
    enterprise = Organisation.lock(session, identifier)
    if (enterprise.kind, enterprise.state) != ("enterprise", "applied"):
        return identifier
    enterprise.register_asked_at = clock.now()
    enterprise.unlike = ["unregistered"] if isinstance(said.got, Problem) else unlike(enterprise, said.got)
    if not enterprise.unlike and may(
        session, enterprise, "match", actor
    ):  # else somebody looks, and reads why
        perform(session, enterprise, "match", actor, data={"number": source})
        prepare_key(session, enterprise)
    return identifier


def work() -> int:
    """What the jobs do: ask the register about whoever it was not asked about yet.

    Returns how many it was asked about.
    """
    db.session.rollback()
    if not business_register.has_source():
        return 0
    waiting = select(Organisation.identifier).where(
        Organisation.kind == "enterprise",
        Organisation.state == "applied",
        Organisation.register_asked_at.is_(None),
    )
    found = db.session.scalars(waiting.order_by(Organisation.id).limit(AT_ONCE)).all()
    db.session.rollback()
    return each(
        "register asked",
        {
            Attempt("register asked", "match", "organisation", identifier): partial(ask_register, identifier)
            for identifier in found
        },
    )


def _own(session: Session, actor: Actor) -> Organisation:
    if not actor.owner or actor.organisation_id is None:
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))
    locked = (
        select(Organisation)
        .where(Organisation.id == actor.organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    own = session.scalars(locked).one()
    if own.kind != "enterprise" or own.state not in ("draft", "applied"):
        raise WrongState(N_("只有待核验的企业需要补正资料。"))
    return own


@with_file
@action
def correct(
    session: Session,
    actor: Actor,
    *,
    organisation: str,
    legal_representative: str,
    file_name: str = "",
    content: bytes = b"",
) -> str:
    """An enterprise that waits puts right what it told, or hands in its licence.

    It is asked about anew, and looked at again where it was sent back.
    """
    own = _own(session, actor)
    if not organisation.strip():
        raise RuleViolation(N_("请填写单位名称。"), "organisation")
    own.name, own.legal_representative = organisation.strip(), legal_representative.strip()
    if content:
        hand_in(session, actor, own, file_name, content, scan=True)
    own.register_asked_at = own.unlike = None
    if own.state == "draft":
        perform(session, own, "submit", actor)
    events.record(session, actor, "organisation.correct", "organisation", own.identifier)
    return own.identifier
