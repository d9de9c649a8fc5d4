"""A tender's draft: for whom it is made, what it asks for step by step, and what it repeats.

What a step's values come to in it is said in `draft_steps.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.files import File, hand_in_all, with_files
from market.sourcing.actions import draft_steps
from market.transaction import action
from models import clock, documents, identifiers, money, policy, workdays
from models.actors import Actor
from models.conflicts import check_delegate
from models.documents import Document
from models.errors import Conflict, NotAllowed, NotFound, RuleViolation
from models.i18n import N_
from models.permission import check_standing
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.modes.inquiry import Inquiry
from models.sourcing.steps import STEPS
from models.sourcing.tenders import Invitation, Tender
from models.workflow import check_role, perform, permit, start

MOST = 20  # templates that are offered


def _buyer(session: Session, actor: Actor, on_behalf_of: int | None) -> int:
    """Whom a new tender is for: the actor's own enterprise, or one that delegated this to it."""
    wanted = actor.organisation_id if on_behalf_of is None else on_behalf_of
    if wanted in actor.buyers() and wanted is not None:
        return wanted
    check_standing(actor, wanted, entering=True)
    check_delegate(actor, on_behalf_of)
    if on_behalf_of is not None and on_behalf_of != actor.organisation_id:
        raise NotAllowed(N_("您没有得到这家单位的采购委托。"))
    raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))


def _say(session: Session, tender: Tender, said: str | None) -> None:
    """Keep what the buyer says of whether this repeats one of its own.

    Which, or that it does not (NOT_AGAIN).
    """
    if said and said != NOT_AGAIN:
        before = session.scalars(
            select(Tender).where(Tender.identifier == said, Tender.buyer_id == tender.buyer_id)
        ).one_or_none()
        if before is None:
            raise RuleViolation(N_("请选择一项。"), "again_of")
        if before.published_at is None:  # a draft is named nowhere: what it repeats is
            said = before.again_said
    tender.again_said = said or None
    tender.again_of = (
        None if said == NOT_AGAIN else tender.again_said
    )  # until it is published: then what is found outranks it


def _begin(session: Session, actor: Actor, buyer: int, like: str | None) -> Tender:
    """A draft nobody told anything yet; of one `like` another of the buyer's, all but until when.

    A delegate's has the most he may spend for a budget, until he says another: what is not his to act on, he
    could not go on with.
    """
    lent = [m.most for m in actor.mandates if m.buyer_id == buyer and buyer != actor.organisation_id]
    tender = Tender(
        identifier=identifiers.issue(session, Tender),
        buyer_id=buyer,
        description="",
        quantity={},
        budget=max(lent) if lent and max(lent) < money.MOST else None,
        mode=Inquiry.name,
        funds="private",
        openness="open",
        deadline=workdays.add(clock.now(), policy.current().number("tender.usual_days")),
        told=[],
    )
    if like:
        before = session.scalars(select(Tender).where(Tender.identifier == like)).one_or_none()
        if before is None or "buyer" not in before.roles_of(actor) or before.buyer_id != buyer:
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=like)
        for name in ("item_id", "item", "quantity", "budget", "mode", "funds", "criteria", "openness"):
            setattr(tender, name, getattr(before, name))
        tender.invitations = [Invitation(agency_id=each.agency_id) for each in before.invitations]
        tender.told = [step for step in STEPS if before.knows(step) and step not in ("what", "whom")]
        if before.knows("whom") or before.knows("openness"):
            tender.told.append("openness")
    return tender


@with_files
@action
def create(
    session: Session,
    actor: Actor,
    *,
    on_behalf_of: int | None = None,
    again_of: str | None = None,
    like: str | None = None,
    invite: Sequence[str] = (),
    way: Mapping[str, str] | None = None,
    key: str = "",
    stops: bool = False,
    files: Sequence[File] = (),
    **values: Any,
) -> str:
    """Start a draft, which may repeat one of the buyer's that came to nothing, or be said not to.

    It starts as one of the buyer's is that it is `like`, asks those it is to `invite`, and takes the values
    of the steps that are told; `way` is the mode and the funds, where they were said before their step. What
    the same person begins by the same `key` is one draft: begun again (he went back), it is told anew. Of
    who `stops` here no more is asked than an item. Returns its identifier.
    """
    begun_with = f"{actor.user_id} {key}" if key else None
    begun = begun_by(session, actor, key)
    if begun is not None:
        if on_behalf_of not in (None, begun.buyer_id):  # another tab, in which it is told for somebody else
            raise Conflict(N_("这份草稿已经替另一家单位开始,请刷新后另起一份。"))
        return _edit(session, actor, begun.identifier, again_of, files, values, way, stops=stops)
    with session.no_autoflush:
        tender = _begin(session, actor, _buyer(session, actor, on_behalf_of), like)
        tender.begun_with = begun_with
        _say(session, tender, again_of)
        if invite:
            draft_steps.invite(session, tender, invite)
        _hear(session, actor, tender, values, way, stops=stops)
        if tender.item is None:
            raise RuleViolation(N_("请选择一项。"), "item_code")
    start(session, tender, actor, "create")
    _attach(session, actor, tender, files)
    return tender.identifier


def begun_by(session: Session, actor: Actor, key: str) -> Tender | None:
    """What this person began by this key."""
    if not key:
        return None
    return session.scalars(select(Tender).where(Tender.begun_with == f"{actor.user_id} {key}")).one_or_none()


@with_files
@action
def edit(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    again_of: str | None = None,
    files: Sequence[File] = (),
    **values: Any,
) -> str:
    """Tell some steps of a draft anew."""
    return _edit(session, actor, identifier, again_of, files, values)


def _edit(
    session: Session,
    actor: Actor,
    identifier: str,
    again_of: str | None,
    files: Sequence[File],
    values: dict[str, Any],
    way: Mapping[str, str] | None = None,
    *,
    stops: bool = False,
) -> str:
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    _say(session, tender, again_of or tender.again_said)
    with session.no_autoflush:
        _hear(session, actor, tender, values, way, stops=stops)
    _attach(session, actor, tender, files)
    perform(session, tender, "edit", actor)
    return identifier


def _hear(
    session: Session,
    actor: Actor,
    tender: Tender,
    values: dict[str, Any],
    way: Mapping[str, str] | None,
    *,
    stops: bool,
) -> None:
    """Take what is told of some steps; of who `stops` at the first, what he said of it so far."""
    if stops:
        what = {name: values.pop(name) for name in draft_steps.WHAT}
        draft_steps.set_aside(session, actor, tender, "what", what, whole=True)
    draft_steps.fill(session, actor, tender, values)
    if way:
        draft_steps.hear_way(session, tender, **way)


@with_files
@action
def put_aside(
    session: Session,
    actor: Actor,
    identifier: str,
    step: str,
    *,
    whole: bool,
    again_of: str | None = None,
    files: Sequence[File] = (),
    **values: Any,
) -> str:
    """Keep what was typed at a step so far, which is told by that if it is `whole` and breaks no rule."""
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    _say(session, tender, again_of or tender.again_said)
    with session.no_autoflush:
        draft_steps.set_aside(session, actor, tender, step, values, whole=whole)
    _attach(session, actor, tender, files)
    perform(session, tender, "edit", actor)
    return identifier


def _attach(session: Session, actor: Actor, tender: Tender, files: Sequence[File]) -> None:
    if not files:
        return
    most = policy.get(tender.policy_version).number("tender.attachments_most")
    if len(documents.of_case(session, "tender", tender.identifier)) + len(files) > most:
        raise RuleViolation(N_("一项需求最多附 %(most)s 份文件。"), "file", most=most)
    hand_in_all(session, actor, tender, files)


@action
def detach(session: Session, actor: Actor, identifier: str, document: str) -> str:
    """Take a file out of a draft again."""
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    found = session.scalars(
        select(Document).where(Document.identifier == document, Document.case_identifier == identifier)
    ).one_or_none()
    if found is not None:  # else it is gone already
        session.delete(found)
        perform(session, tender, "edit", actor)
    return identifier


@action
def keep_as_template(session: Session, actor: Actor, identifier: str, *, name: str) -> str:
    """Keep a tender under a name to begin others from; without one, no longer."""
    tender = Tender.lock(session, identifier)
    check_role(session, tender, "edit", actor, {"buyer"})
    tender.template_name = " ".join(name.split()) or None
    return identifier


def may_begin_from(actor: Actor, tender: Tender) -> bool:
    """Whether an actor may begin others from a tender, or keep it for that.

    For whoever buys in it: a delegate not where more is at stake than was lent it.
    """
    return tender.buyer_id in actor.buyers() and "buyer" in tender.roles_of(actor)


def templates(session: Session, actor: Actor) -> list[Tender]:
    """What the actor may begin others from by its name, the newest first, and no more than MOST."""
    kept = select(Tender).where(
        Tender.template_name.is_not(None),
        Tender.buyer_id.in_(actor.buyers()),
        Tender.scope("buyer", actor),
    )
    return list(session.scalars(kept.order_by(Tender.id.desc()).limit(MOST)).unique())


def last_published(session: Session, actor: Actor) -> Tender | None:
    """The newest tender the actor's enterprise published."""
    newest = select(Tender).where(Tender.buyer_id == actor.organisation_id, Tender.published_at.is_not(None))
    return session.scalars(newest.order_by(Tender.id.desc()).limit(1)).unique().one_or_none()
