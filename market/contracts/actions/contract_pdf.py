"""The contract on paper: one PDF for each text of it, with the fields to sign in; a signature makes the next.

A text is printed when somebody first needs it, to sign or to read, and outside of any transaction; the one
kept first counts.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.access_codes import check_link
from market.files import Kept, keep, state, store
from market.printing import PLATFORM, pdf
from market.transaction import action, looking
from models import clock, identifiers, money
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies.entry import profile_of
from models.catalogue import KINDS
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.signatures import BOXES
from models.documents import Document
from models.errors import Conflict, NotFound, RuleViolation
from models.i18n import N_
from models.printable import missing, words
from models.signing.pades import prepare

PAPER = N_("合同")
TRIES = 3  # a text that is changed again and again while it is printed


def has_pdf(contract: Contract) -> bool:
    """Whether there is a PDF of it, or will be for whoever asks.

    One signed before contracts were put on paper has none.
    """
    return contract.paper is not None or contract.signed_at is None


def stored_pdf(session: Session, contract: Contract) -> Document | None:
    """The PDF of the contract as it stands: the present text, with the signatures it has so far.

    None where nobody needed it yet.
    """
    if contract.paper is None:
        return None
    return session.scalars(select(Document).where(Document.identifier == contract.paper)).one()


def rendered(identifier: str) -> Document:
    """The PDF of a contract as it stands, printed now if nobody needed it before.

    NotFound where it has none.
    """
    for _ in range(TRIES):
        with looking() as session:
            contract = Contract.load(session, identifier)
            if not has_pdf(contract):
                break
            paper, data, text = stored_pdf(session, contract), _data(session, contract), contract.text_digest
        if paper is not None:
            return paper
        _keep_text(SYSTEM, identifier, text=text, content=keep(_print(data)))
    else:
        raise Conflict(N_("合同或签名密钥刚刚有了变动,请看过现在的文本再签。"))
    raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)


@action
def _keep_text(session: Session, actor: Actor, identifier: str, *, text: str, content: Kept) -> str:
    """Keep the PDF of a text, unsigned, if it is still the text and no other was kept meanwhile."""
    contract = Contract.lock(session, identifier)
    if contract.paper is None and contract.text_digest == text:
        _keep(session, contract, N_("待签署"), content)
    return identifier


def pdf_to_sign(session: Session, contract: Contract) -> bytes:
    """The PDF the next signature goes into.

    RuleViolation where nobody asked for it yet: there is nothing to have signed.
    """
    paper = stored_pdf(session, contract)
    if paper is None:
        raise RuleViolation(
            N_("上传的文件不是从这里下载的那一份,或者保存时改写了原来的内容;请用“增量保存”签署。"), "file"
        )
    return store().get(paper.sha256)


def store_signed(session: Session, contract: Contract, content: Kept) -> Document:
    """Keep the PDF with one more signature in it."""
    standing = N_("双方已签署") if contract.state == "signed" else contract.state_label
    return _keep(session, contract, standing, content)


def _keep(session: Session, contract: Contract, standing: str, content: Kept) -> Document:
    document = state(
        session,
        contract,
        identifiers.issue(session, Document),
        f"{contract.heading} {contract.identifier}.pdf",
        PAPER,
        facts(contract, standing),
        content,
    )
    contract.paper = document.identifier
    return document


def facts(contract: Contract, standing: str = N_("待签署")) -> list[list[str]]:
    """What a contract's paper says of it to whoever checks a copy: who and what, not how much."""
    return [
        [N_("项目"), contract.title],
        [N_("业主"), contract.buyer.name],
        [N_("机构"), contract.agency.name],
        [N_("服务事项"), contract.tender.item.name],
        [N_("签署情况"), standing],
    ]


def _print(data: dict[str, Any]) -> bytes:
    """The PDF.

    RuleViolation where it would have 〓 in it: nobody is to sign for somebody whose name is not on the paper.
    """
    if lacking := missing(json.dumps(data, ensure_ascii=False)):
        raise RuleViolation(
            N_("合同里有打印不出来的字:%(characters)s。请在填写的地方改用别的写法,再来签署。"),
            characters=words(lacking),
        )
    return prepare(
        pdf("contract", data, check_link(data["identifier"]), at=clock.now().astimezone(BEIJING)), BOXES
    )


def _data(session: Session, contract: Contract) -> dict[str, Any]:
    item = contract.tender.item
    outputs, kind, _, version = (
        "、".join(item.notice["zh"]["outputs"]),
        *contract.template_version.partition("/"),
    )
    return {
        "identifier": contract.identifier,
        "title": contract.heading,
        "platform": PLATFORM,
        "award": contract.award.identifier,
        "tender": contract.tender.identifier,
        "template": f"{KINDS.get(kind, kind)}第 {version} 版",
        "parties": [
            _party(session, "甲方（委托方）", contract.buyer),
            _party(session, "乙方（受托方）", contract.agency),
        ],
        "clauses": [{key: clause[key] for key in ("key", "title", "text")} for clause in contract.clauses],
        "milestones": [
            [
                str(m.number),
                f"{m.name}：{outputs}" if m.number == len(contract.milestones) else m.name,
                f"{m.days} 个工作日",
                money.show(m.amount),
                "是" if m.reviewed else "否",
            ]
            for m in contract.milestones
        ],
        "materials": item.notice["zh"]["materials"],
        "checklist": item.checklist,
    }


def _party(session: Session, role: str, organisation: Organisation) -> dict[str, Any]:
    profile = profile_of(session, organisation) if organisation.kind == "agency" else None
    account = f"{profile.bank_name} {profile.account_number}" if profile and profile.account_number else ""
    return {
        "role": role,
        "name": organisation.name,
        "representative": organisation.legal_representative,
        "facts": [
            ["统一社会信用代码", organisation.uscc],
            ["法定代表人", organisation.legal_representative],
            ["住所", organisation.address],
            ["电话", organisation.phone],
            ["收款账户", account],
        ],
    }
