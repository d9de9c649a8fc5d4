"""What follows events here: award notices (中选通知书) are issued, keys that are not to be used any more destroyed."""

from __future__ import annotations

from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.files import hand_in
from market.keeper import keeper
from market.printing import pdf
from models import documents, money, policy
from models.actors import SYSTEM
from models.clock import BEIJING
from models.documents import Document
from models.events import Event
from models.sourcing import FUNDS, Award, Request


def notice_of(session: Session, award: Award) -> Document | None:
    """The notice of an award, if it has been issued."""
    return next(iter(documents.of_case(session, "award", award.identifier)), None)


def issue_notices(session: Session, happened: list[Event]) -> None:
    """The consumer: a notice for every award that has become final and has none yet."""
    final = [event.case_identifier for event in happened if event.kind == "award.finalise"]
    for award in session.scalars(select(Award).where(Award.identifier.in_(final)).order_by(Award.id)).unique():
        if notice_of(session, award) is None:
            at = next(event.at for event in happened if event.case_identifier == award.identifier and event.kind == "award.finalise")
            hand_in(session, SYSTEM, award, f"中选通知书 {award.identifier}.pdf", _print(award, at.astimezone(BEIJING)))


def _print(award: Award, at: datetime) -> bytes:
    request = award.request
    rows = [
        ["服务事项", request.item.name],
        ["中选价", f"{money.show(award.price)}"],
        ["服务期限", f"{award.days} 个工作日"],
        ["资金来源", FUNDS[request.funds]],
        ["公示期", f"至 {award.public_until.astimezone(BEIJING):%Y-%m-%d %H:%M} 止"],
        ["中选理由", award.reasons],
    ]
    data = {
        "identifier": award.identifier,
        "platform": "公信中介服务交易与信用平台",
        "agency": award.agency.name,
        "buyer": award.buyer.name,
        "project": request.project,
        "request": request.identifier,
        "mode": request.way.label,
        "rows": rows,
        "sign_days": policy.get(award.policy_version).number("contract.sign_days"),
        "date": f"{at.year} 年 {at.month} 月 {at.day} 日",
    }
    return pdf("award_notice", data, f"{current_app.config['PUBLIC_URL']}/check/{award.identifier}", at)


def destroy_keys(session: Session, happened: list[Event]) -> None:
    """The consumer: whatever was sealed for a request that ended unopened is never to be read by anyone."""
    ended = [event.case_identifier for event in happened if event.kind in ("request.cancel", "request.fail", "request.turn")]
    query = select(Request.keeper_handle).where(Request.identifier.in_(ended), Request.opened_at.is_(None))
    for handle in session.scalars(query.where(Request.keeper_handle.is_not(None))):
        keeper().destroy(handle or "")
