"""What follows events here: award notices (中选通知书) are issued, keys that are not to be used any more destroyed."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.files import issue
from market.keeper import keeper
from market.printing import letter
from models import documents, money, policy
from models.clock import BEIJING
from models.documents import Document
from models.events import Event
from models.sourcing import FUNDS, Award, Request
from models.text import N_


def notice_of(session: Session, award: Award) -> Document | None:
    """The notice of an award, if it has been issued."""
    return next(iter(documents.of_case(session, "award", award.identifier)), None)


def issue_notices(session: Session, happened: list[Event]) -> None:
    """The consumer: a notice for every award that has become final and has none yet."""
    final = {event.case_identifier: event.at for event in happened if event.kind == "award.finalise"}
    for award in session.scalars(select(Award).where(Award.identifier.in_(final)).order_by(Award.id)).unique():
        if notice_of(session, award) is None:
            facts = [[N_("项目"), award.request.project], [N_("业主"), award.buyer.name], [N_("中选机构"), award.agency.name], *_rows(award)]
            at = final[award.identifier].astimezone(BEIJING)
            issue(session, award, f"中选通知书 {award.identifier}.pdf", N_("中选通知书"), facts, partial(_print, award, at))


def _rows(award: Award) -> list[list[str]]:
    request = award.request
    return [
        [N_("服务事项"), request.item.name],
        [N_("中选价"), money.show(award.price)],
        [N_("服务期限"), f"{award.days} 个工作日"],
        [N_("资金来源"), FUNDS[request.funds]],
        [N_("公示期"), f"至 {award.public_until.astimezone(BEIJING):%Y-%m-%d %H:%M} 止"],
        [N_("中选理由"), award.reasons],
    ]


def _print(award: Award, at: datetime, _identifier: str) -> bytes:
    """The notice, under its award's identifier."""
    request, days = award.request, policy.get(award.policy_version).number("contract.sign_days")
    return letter(
        award.identifier, "中选通知书", at, to=award.agency.name, by=award.buyer.name, rows=_rows(award),
        before=[
            f"{award.buyer.name}的“{request.project}”(需求编号 {request.identifier})以{request.way.label}的方式选取中介服务机构,"
            "经公示无异议或异议已处理完毕,现确定贵单位为中选机构。"
        ],
        after=[f"请自本通知书发出之日起 {days} 个工作日内,与项目业主在平台上签订合同。"],
    )  # fmt: skip


def destroy_keys(session: Session, happened: list[Event]) -> None:
    """The consumer: whatever was sealed for a request that ended unopened is never to be read by anyone."""
    ended = [event.case_identifier for event in happened if event.kind in ("request.cancel", "request.fail", "request.turn")]
    query = select(Request.keeper_handle).where(Request.identifier.in_(ended), Request.opened_at.is_(None))
    for handle in session.scalars(query.where(Request.keeper_handle.is_not(None))):
        keeper().destroy(handle or "")
