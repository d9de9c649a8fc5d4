"""The contract on paper: one PDF for each text of it, with the fields to sign in; a signature makes the next."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.files import issue, store
from market.printing import PLATFORM, pdf
from models import clock, money
from models.accounts import Organisation
from models.agencies import profile_of
from models.catalogue import KINDS
from models.clock import BEIJING
from models.contracts import BOXES, Contract
from models.documents import Document
from models.signing import prepare
from models.text import N_

PAPER = N_("合同")


def newest_paper(session: Session, contract: Contract) -> Document | None:
    """The PDF of the contract as it stands: the present text, with the signatures it has so far. None for one signed
    before contracts were put on paper."""
    query = select(Document).where(Document.case_type == "contract", Document.case_identifier == contract.identifier, Document.issued.is_not(None))
    return session.scalars(query.order_by(Document.id.desc()).limit(1)).first()


def to_sign(session: Session, contract: Contract) -> bytes:
    """The PDF the next signature goes into."""
    return store().get((newest_paper(session, contract) or put_on_paper(session, contract)).sha256)


def put_on_paper(session: Session, contract: Contract) -> Document:
    """Print the contract as it reads now, unsigned."""
    return _keep(session, contract, N_("待签署"), partial(_print, session, contract))


def put_signature(session: Session, contract: Contract, content: bytes) -> Document:
    """Keep the PDF with one more signature in it."""
    standing = N_("双方已签署") if contract.state == "signed" else contract.state_label
    return _keep(session, contract, standing, lambda _identifier: content)


def _keep(session: Session, contract: Contract, standing: str, made: Any) -> Document:
    facts = [
        [N_("项目"), contract.title], [N_("业主"), contract.buyer.name], [N_("机构"), contract.agency.name],
        [N_("服务事项"), contract.request.item.name], [N_("签署情况"), standing],
    ]  # fmt: skip
    return issue(session, contract, f"{contract.heading} {contract.identifier}.pdf", PAPER, facts, made)


def _print(session: Session, contract: Contract, _identifier: str) -> bytes:
    at = clock.now().astimezone(BEIJING)
    link = f"{current_app.config['PUBLIC_URL']}/check/{contract.identifier}"
    return prepare(pdf("contract", _data(session, contract), link, at=at), BOXES)


def _data(session: Session, contract: Contract) -> dict[str, Any]:
    item = contract.request.item
    outputs, kind, _, version = "、".join(item.notice["zh"]["outputs"]), *contract.template_version.partition("/")
    return {
        "identifier": contract.identifier,
        "title": contract.heading,
        "platform": PLATFORM,
        "award": contract.award.identifier,
        "request": contract.request.identifier,
        "template": f"{KINDS.get(kind, kind)}第 {version} 版",
        "parties": [_party(session, "甲方（委托方）", contract.buyer), _party(session, "乙方（受托方）", contract.agency)],
        "clauses": [{key: clause[key] for key in ("key", "title", "text")} for clause in contract.clauses],
        "milestones": [
            [str(m.number), f"{m.name}：{outputs}" if m.number == len(contract.milestones) else m.name, f"{m.days} 个工作日",
             money.show(m.amount), "是" if m.reviewed else "否"]
            for m in contract.milestones
        ],
        "materials": item.notice["zh"]["materials"],
        "checklist": item.checklist,
    }  # fmt: skip


def _party(session: Session, role: str, organisation: Organisation) -> dict[str, Any]:
    profile = profile_of(session, organisation) if organisation.kind == "agency" else None
    account = f"{profile.bank_name} {profile.account_number}" if profile and profile.account_number else ""
    return {
        "role": role, "name": organisation.name, "representative": organisation.legal_representative,
        "facts": [
            ["统一社会信用代码", organisation.uscc], ["法定代表人", organisation.legal_representative], ["住所", organisation.address],
            ["电话", organisation.phone], ["收款账户", account],
        ],
    }  # fmt: skip
