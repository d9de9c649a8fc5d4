"""A tender's draft: for whom it is made, what it asks for step by step, and what it repeats.

A step is a few of its values together; what no step has told yet stands in its columns as what is usual, and
is shown nowhere (`Tender.told`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.files import File, hand_in_all, with_files
from market.transaction import action
from models import clock, contacts, documents, identifiers, money, policy, workdays
from models.accounts import Organisation, authority_for
from models.actors import Actor
from models.base import Json
from models.catalogue import item_by_code
from models.conflicts import check_delegate
from models.documents import Document
from models.errors import Conflict, NotAllowed, NotFound, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.permission import check_standing
from models.regions import Region, current
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.modes import FUNDS, MODES, OPENNESS
from models.sourcing.modes.inquiry import Inquiry
from models.sourcing.scoring import Criteria
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


def _fill(session: Session, actor: Actor, tender: Tender, values: dict[str, Any]) -> None:
    """Take the values of some steps into a draft the actor may act on.

    RuleViolation at the field that is wrong.
    """
    for step, (take, names) in _STEPS.items():
        given = {name: values.pop(name) for name in names if name in values}
        if given:
            take(session, tender, **given)
            _tell(tender, step)
    if values:
        raise TypeError(f"no step takes {sorted(values)}")
    if "buyer" not in tender.roles_of(actor):
        raise RuleViolation(N_("受托采购须设预算上限,且不超过委托的金额。"), "budget")


def _tell(tender: Tender, step: str) -> None:
    if tender.told is not None and step not in tender.told:
        tender.told = [*tender.told, step]


def _take_what(
    session: Session, tender: Tender, *, item_code: str, region_code: str, project: str, description: str
) -> None:
    """What is to be done, and where.

    A project without a name is called by what it is. What an item without a size is worth was said by that;
    of another item than before nothing was.
    """
    item = item_by_code(session, item_code)
    if item is None or item.withdrawn:
        raise RuleViolation(N_("清单里没有这个服务事项。"), "item_code")
    region = session.scalars(select(Region).where(Region.code == current(region_code))).one_or_none()
    if region is None:
        raise RuleViolation(N_("请选择项目所在地区。"), "region_code")
    project = check_text(
        Tender.project,
        project.strip() or f"{region.name}{item.name}",
        N_("项目名称应为 %(least)s 到 %(most)s 个字。"),
    )
    if tender.item_id is not None and tender.item.code != item.code:
        told = STEPS if tender.told is None else tender.told
        tender.quantity, tender.told = {}, [step for step in told if step != "size"]
    tender.item_id, tender.item = item.id, item
    if item.measure == "none":
        _tell(tender, "size")
    tender.region_code, tender.project, tender.description = region.code, project, description.strip()
    department = authority_for(session, "department", item.department, region.code)
    tender.department_id = department.id if department else None


def _take_size(_session: Session, tender: Tender, *, quantity: Json) -> None:
    tender.item.check_quantity(quantity)
    tender.quantity = quantity


def _take_choice(
    _session: Session,
    tender: Tender,
    *,
    budget: int | None,
    mode: str,
    funds: str,
    criteria: Json | None = None,
) -> None:
    for value, known, field in ((mode, MODES, "mode"), (funds, FUNDS, "funds")):
        if value not in known:
            raise RuleViolation(N_("请选择一项。"), field)
    check_budget(budget)
    tender.mode, tender.funds, tender.budget = mode, funds, budget
    tender.criteria = Criteria.from_json(criteria) if criteria and MODES[mode].scored else None


def _take_whom(
    session: Session,
    tender: Tender,
    *,
    openness: str,
    deadline: datetime,
    invited: Sequence[str],
    wanted_on: date | None = None,
    contact: int | None = None,
) -> None:
    if openness not in OPENNESS:
        raise RuleViolation(N_("请选择一项。"), "openness")
    tender.openness, tender.deadline, tender.wanted_on = openness, deadline, wanted_on
    _invite(session, tender, invited)
    if contact is not None:
        contacts.name_for(session, tender.id, tender.buyer_id, contact)


def _invite(session: Session, tender: Tender, invited: Sequence[str]) -> None:
    named = set(
        session.scalars(
            select(Organisation.id).where(Organisation.identifier.in_(invited), Organisation.kind == "agency")
        )
    )
    kept = [each for each in tender.invitations if each.agency_id in named]
    new = sorted(named - {each.agency_id for each in kept})
    tender.invitations = [*kept, *(Invitation(agency_id=agency) for agency in new)]


_STEPS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "what": (_take_what, ("item_code", "region_code", "project", "description")),
    "size": (_take_size, ("quantity",)),
    "choice": (_take_choice, ("budget", "mode", "funds", "criteria")),
    "whom": (_take_whom, ("openness", "deadline", "invited", "wanted_on", "contact")),
}


def ask_for(tender: Tender, description: str, quantity: Json, budget: int | None) -> None:
    """What is asked for, and for how much at the most."""
    check_budget(budget)
    tender.item.check_quantity(quantity)
    tender.description, tender.quantity, tender.budget = description.strip(), quantity, budget


def check_budget(budget: int | None) -> None:
    """RuleViolation for one of nothing."""
    if budget is not None and not budget > 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "budget")


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
    key: str = "",
    files: Sequence[File] = (),
    **values: Any,
) -> str:
    """Start a draft, which may repeat one of the buyer's that came to nothing, or be said not to.

    It starts as one of the buyer's is that it is `like`, asks those it is to `invite`, and takes the values
    of the steps that are told. What the same person begins by the same `key` is one draft: begun again (he
    went back), it is told anew. Returns its identifier.
    """
    begun_with = f"{actor.user_id} {key}" if key else None
    begun = begun_by(session, actor, key)
    if begun is not None:
        if on_behalf_of not in (None, begun.buyer_id):  # another tab, in which it is told for somebody else
            raise Conflict(N_("这份草稿已经替另一家单位开始,请刷新后另起一份。"))
        return _edit(session, actor, begun.identifier, again_of, files, values)
    with session.no_autoflush:
        tender = _begin(session, actor, _buyer(session, actor, on_behalf_of), like)
        tender.begun_with = begun_with
        _say(session, tender, again_of)
        if invite:
            _invite(session, tender, invite)
        _fill(session, actor, tender, values)
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
) -> str:
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    _say(session, tender, again_of or tender.again_said)
    with session.no_autoflush:
        _fill(session, actor, tender, values)
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


def templates(session: Session, actor: Actor) -> list[Tender]:
    """What the actor's enterprise keeps to begin others from, the newest first, and no more than MOST."""
    kept = select(Tender).where(Tender.buyer_id == actor.organisation_id, Tender.template_name.is_not(None))
    return list(session.scalars(kept.order_by(Tender.id.desc()).limit(MOST)).unique())


def last_published(session: Session, actor: Actor) -> Tender | None:
    """The newest tender the actor's enterprise published."""
    newest = select(Tender).where(Tender.buyer_id == actor.organisation_id, Tender.published_at.is_not(None))
    return session.scalars(newest.order_by(Tender.id.desc()).limit(1)).unique().one_or_none()
