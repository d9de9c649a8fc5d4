"""What follows events here.

Award notices (中选通知书) are issued, keys that are not to be used any more destroyed, and buyers told of a
chosen agency that may not sign any more. Agencies that may answer a tender that was published openly hear of
it, and whoever saved such a search.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import and_, or_, select, union
from sqlalchemy.orm import Session

from market.chunks import chunk_size
from market.extensions import db
from market.files import issue_outside
from market.keeper import keeper
from market.notices.telling import put_down
from market.printing import letter
from models import documents, events, money, notifications, policy
from models.accounts import Organisation
from models.actors import IN_STANDING, SYSTEM
from models.agencies import eligibility
from models.agencies.related_parties import TIES
from models.cases import Case
from models.clock import BEIJING
from models.contracts.agreement import UNSIGNED, Contract
from models.credit.listings import ExternalListing
from models.credit.records import CreditRecord
from models.credit.restrictions import Restricted, in_brief
from models.documents import Document
from models.errors import RuleViolation, serialize_problem
from models.events import Event
from models.i18n import N_
from models.sourcing import matching, saved_searches
from models.sourcing.awards import Award
from models.sourcing.modes import FUNDS
from models.sourcing.modes.reference_price import reference_words
from models.sourcing.related_bidders import links_of
from models.sourcing.tenders import Tender


def notice_of(session: Session, award: Award) -> Document | None:
    """The notice of an award, if it has been issued."""
    return next(iter(documents.of_case(session, "award", award.identifier)), None)


def issue_notices(happened: list[Event]) -> None:
    """The consumer, outside of any transaction.

    A notice for every award that has become final and has none yet.
    """
    for event in happened:
        if event.kind == "award.finalise":
            _issue_notice(event.case_identifier, event.at.astimezone(BEIJING))


def _issue_notice(identifier: str, at: datetime) -> None:
    award = Award.load(db.session, identifier)
    if not _lacks_notice(db.session, award):
        return
    facts = [
        [N_("项目"), award.tender.project],
        [N_("业主"), award.buyer.name],
        [N_("中选机构"), award.agency.name],
        *_rows(award),
    ]
    issue_outside(
        award, f"中选通知书 {identifier}.pdf", N_("中选通知书"), facts, _printer(award, at), _lacks_notice
    )


def _lacks_notice(session: Session, award: Case) -> bool:
    return not documents.of_case(session, "award", award.identifier)


def _rows(award: Award) -> list[list[str]]:
    tender = award.tender
    reckoned = tender.outcome.reference if tender.outcome else None
    return [
        [N_("服务事项"), tender.item.name],
        [N_("中选价"), money.show(award.price)],
        [N_("服务期限"), f"{award.days} 个工作日"],
        [N_("资金来源"), FUNDS[tender.funds]],
        [N_("公示期"), f"至 {award.public_until.astimezone(BEIJING):%Y-%m-%d %H:%M} 止"],
        [N_("中选理由"), award.reasons],
        *([[N_("关联单位"), _linked(award)]] if links_of(tender) else []),
        *([[N_("参考价的计算"), reference_words(reckoned)]] if reckoned and reckoned.kept else []),
    ]


def _linked(award: Award) -> str:
    return ";".join(
        f"{'、'.join(group.answers)}({'、'.join(TIES[tie] for tie in group.ties)})"
        for group in links_of(award.tender)
    )


def _printer(award: Award, at: datetime) -> Callable[[str], bytes]:
    """What prints the notice, under its award's identifier, without asking the database any more."""
    tender, days = award.tender, policy.get(award.policy_version).number("contract.sign_days")
    name, to, by, rows = award.identifier, award.agency.name, award.buyer.name, _rows(award)
    before = (
        f"{by}的“{tender.project}”(需求编号 {tender.identifier})"
        f"以{tender.way.label}的方式选取中介服务机构,"
        "经公示无异议或异议已处理完毕,现确定贵单位为中选机构。"
    )
    after = f"请自本通知书发出之日起 {days} 个工作日内,与项目业主在平台上签订合同。"
    return lambda _identifier: letter(
        name, "中选通知书", at, to=to, by=by, rows=rows, before=[before], after=[after]
    )


def destroy_keys(happened: list[Event]) -> None:
    """The consumer, outside of any transaction.

    Whatever was sealed for a tender that ended unopened is never to be read by anyone.
    """
    ended = [
        event.case_identifier
        for event in happened
        if event.kind in ("tender.cancel", "tender.fail", "tender.turn")
    ]
    query = select(Tender.keeper_handle).where(Tender.identifier.in_(ended), Tender.opened_at.is_(None))
    handles = list(db.session.scalars(query.where(Tender.keeper_handle.is_not(None))))
    db.session.rollback()
    for handle in handles:
        keeper().destroy(handle or "")


_MADE = ("award.propose", "award.finalise")


def watch(session: Session, happened: list[Event]) -> None:
    """Event handler: look again at the awards of agencies about which something changed.

    As long as their contracts are not signed. It is said once that an agency may not sign, and once that it
    may again.
    """
    concerned = {event.case_identifier for event in happened if event.case_type == "organisation"}
    concerned |= _limited_anew(session, happened)
    made = {event.case_identifier for event in happened if event.kind in _MADE}
    if not concerned and not made:
        return
    theirs = select(Award.id).join(Organisation, Organisation.id == Award.agency_id)
    looked_at = union(  # each by its own index: one condition for both would look at every award there is
        theirs.where(Organisation.identifier.in_(concerned)),
        select(Award.id).where(Award.identifier.in_(made)),
    )
    waiting = (
        select(Award)
        .outerjoin(Contract, Contract.award_id == Award.id)
        .where(
            or_(
                Award.state.in_(("proposed", "objected")),
                and_(Award.state == "final", Contract.state.in_(UNSIGNED)),
            )
        )
        .where(Award.id.in_(looked_at))
        .order_by(Award.id)
    )
    awards = list(
        session.scalars(waiting.with_for_update(of=Award).execution_options(populate_existing=True)).unique()
    )
    for award, problem in zip(
        awards,
        eligibility.unfit(session, [(award.agency, award.tender.item) for award in awards], "sign"),
        strict=True,
    ):
        _note(session, award, problem)


def _limited_anew(session: Session, happened: list[Event]) -> set[str]:
    """Whom these events stop at something, or let go on: the agencies, by identifier.

    Those a record of whom came into force or ended, those on a list others keep or off it, and those whose
    grade is another now.
    """
    records = {event.case_identifier for event in happened if event.case_type == "credit_record"}
    found = {
        name for event in happened if event.kind == "credit.refreshed" for name in event.data["agencies"]
    }
    listings = {event.case_identifier for event in happened if event.case_type == "external_listing"}
    for of, names in ((CreditRecord, records), (ExternalListing, listings)):
        if names:
            subjects = select(of.subject_id).where(of.identifier.in_(names))
            about = select(Organisation.identifier).where(Organisation.id.in_(subjects))
            found |= set(session.scalars(about))
    return found


def _note(session: Session, award: Award, problem: RuleViolation | None) -> None:
    if isinstance(problem, Restricted) and award.agency.state == IN_STANDING:  # no fact that may be repaired
        problem = in_brief(award.agency)
    found = serialize_problem(problem) if problem else None
    if found == award.unfit:
        return
    was, award.unfit = award.unfit, found
    if was is not None and found is not None:  # for another reason than before
        return
    follows = policy.get(award.policy_version).text("contract.unfit_follows")
    events.record(
        session,
        SYSTEM,
        "award.unfit" if problem else "award.fit",
        "award",
        award.identifier,
        data={
            "title": award.title,
            "agency": award.agency.name,
            **({"problem": found, "follows": follows} if problem else {}),
        },
        notify=[award.buyer_id, award.agency_id],
    )


OPENED = ("tender.publish", "tender.turn")  # acts after which agencies answer, anew or at all
Find = Callable[[Session, Tender, int, int], tuple[list[int], int | None]]
# By what a notice is about; whoever may answer and also saved such a search is told as one who may answer.
FOUND: dict[str, Find] = {"work": matching.able_agencies, "saved": saved_searches.told_of}


def alert(happened: list[Event]) -> None:
    """Who hears of a tender that opened: the consumer, outside of any transaction.

    Some at a time, and each once: what was told before a kill is not told again.
    """
    for event in happened:
        if event.kind in OPENED:
            for kind, find in FOUND.items():
                _alert(event.id, event.case_identifier, kind, find)


def _alert(event: int, identifier: str, kind: str, find: Find) -> None:
    size, after = chunk_size(("alerts", kind), most=200), 0
    while True:
        tender = Tender.load(db.session, identifier)
        if tender.state != "published" or tender.openness != "open":
            db.session.rollback()
            return
        told, go_on = find(db.session, tender, after, size.size)
        db.session.rollback()
        if told:
            with size.piece(full=go_on is not None) as session:
                put_down(session, notifications.tell(session, [(key, event, kind) for key in told]))
        if go_on is None:
            return
        after = go_on
