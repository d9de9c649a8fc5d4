"""Signing: with the key held here, with a certificate brought along, or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.x509 import load_der_x509_certificate
from flask import current_app
from sqlalchemy.orm import Session

from market import signature_validation
from market.contracts.actions.contract_pdf import pdf_to_sign, rendered, store_signed
from market.extensions import db
from market.files import Kept, keep, keep_for, store
from market.owner_letters import notify_owners_of_change
from market.settlement.lifecycle import ask_deposit
from market.signing import key_in_force, secret, signed, trusted
from market.transaction import Beforehand, action, looking
from models import clock, events
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.authorisations import end_of_basis
from models.contracts.agreement import Contract
from models.contracts.signatures import FIELDS, ContractSignature, check_brought
from models.documents import check
from models.errors import Conflict, NotAllowed, RuleViolation
from models.i18n import N_
from models.permission import check_proved
from models.signing.keys import Opened, SigningKey, issue_key, keep_own, valid_key
from models.signing.pades import Row, Signed
from models.workflow import may, perform, permit


def _party(contract: Contract, actor: Actor) -> tuple[str, Organisation]:
    """Whom the actor signs for; NotAllowed if for neither."""
    for role, party in (("agency", contract.agency), ("buyer", contract.buyer)):
        if role in contract.roles_of(actor):
            return role, party
    raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))


def _sign(
    session: Session,
    contract: Contract,
    actor: Actor,
    role: str,
    party: Organisation,
    content: Kept,
    **about: object,
) -> None:
    """Take one party's signature, as it is in `content`, which it has the permit for.

    With the second the contract stands and the deposit is due.
    """
    perform(session, contract, f"agree_{role}", actor, data={"sha256": content.sha256})
    document = store_signed(session, contract, content)
    session.add(
        ContractSignature(
            contract_id=contract.id,
            role=role,
            organisation_id=party.id,
            document_id=document.id,
            at=clock.now(),
            **about,
        )
    )
    if contract.state == "signed":
        contract.signed_at = clock.now()
        ask_deposit(session, contract)
        if contract.tender.state == "revoking":  # who signs asks no more to be let off signing
            perform(session, contract.tender, "keep", SYSTEM)


@dataclass(frozen=True)
class Signature:
    """A party's signature as it was made outside.

    The text and the paper it was put on, that paper with it, and the key it was made with.
    """

    text: str
    paper: str
    content: Kept
    key: SigningKey
    stamped: bool


class Overtaken(Conflict):
    """The other party signed the same text meanwhile: this signature goes onto that paper."""


def agree(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """A party signs with the key held for it.

    The paper is printed and signed first, outside; once more where the other party was quicker. RuleViolation
    where its own certificate has run out; Conflict where the text or the key was changed meanwhile.
    """
    try:
        return _agree(actor, identifier, made=Beforehand(_made(actor, identifier)), submission=submission)
    except Overtaken:
        return _agree(actor, identifier, made=Beforehand(_made(actor, identifier)), submission=submission)


def _made(actor: Actor, identifier: str) -> Signature | None:
    """The signature of the party this actor signs for. NotAllowed where it has not proved who it is.

    None where that cannot be now, and the act says why.
    """
    check_proved(actor)
    with looking() as session:
        contract = Contract.load(session, identifier)
        role, party = _party(contract, actor)
        if not may(session, contract, f"agree_{role}", actor):
            return None
        text = contract.text_digest
    key, paper = key_in_force(party), rendered(identifier)
    content = keep(signed(store().get(paper.sha256), FIELDS[role], key, party))
    return Signature(text, paper.identifier, content, key, bool(current_app.config["TSA_URL"]))


@action
def _agree(session: Session, actor: Actor, identifier: str, *, made: Beforehand[Signature | None]) -> str:
    contract = Contract.lock(session, identifier, after="tender")
    role, party = _party(contract, actor)
    permit(session, contract, f"agree_{role}", actor)
    mine, key = made.got, valid_key(session, party.id)
    if mine is None or key is None or (contract.text_digest, key.id) != (mine.text, mine.key.id):
        raise Conflict(N_("合同或签名密钥刚刚有了变动,请看过现在的文本再签。"))
    if contract.paper != mine.paper:
        raise Overtaken(N_("合同或签名密钥刚刚有了变动,请看过现在的文本再签。"))
    about = {"subject": key.subject, "serial": key.serial, "stamped": mine.stamped}
    _sign(session, contract, actor, role, party, mine.content, method=key.origin, **about)
    return identifier


def bring_signature(
    actor: Actor, identifier: str, *, file_name: str, content: bytes, submission: str = ""
) -> str:
    """A party uploads the PDF it downloaded here and signed elsewhere.

    RuleViolation at `file` for anything but that. It is examined before the transaction begins.
    """
    _party(Contract.load(db.session, identifier), actor)
    roots = trusted(db.session)
    db.session.rollback()
    if check(content) != "application/pdf":
        raise RuleViolation(N_("请上传签署后的 PDF。"), "file")
    _title, found, foreign = signature_validation.signatures(content, roots)
    if foreign and not foreign[0][1]:
        raise RuleViolation(N_("文件里有读不出的签名:已经损坏,或者不是签名。请重新签署后上传。"), "file")
    if foreign:
        raise RuleViolation(
            N_("文件里的签名用的是 %(algorithm)s,平台不能核验;请用 RSA 或 ECDSA 证书签署。"),
            "file",
            algorithm=foreign[0][1],
        )
    return _take_signature(
        actor, identifier, content=content, kept=keep_for(actor, content), found=found, submission=submission
    )


@action
def _take_signature(
    session: Session, actor: Actor, identifier: str, *, content: bytes, kept: Kept, found: list[Row] | None
) -> str:
    contract = Contract.lock(session, identifier, after="tender")
    role, party = _party(contract, actor)
    permit(session, contract, f"agree_{role}", actor)
    mine = check_brought(
        pdf_to_sign(session, contract), content, [Signed.of(row) for row in found or []], contract, role
    )
    about = {
        "subject": mine.certificate.subject.rfc4514_string()[:200],
        "serial": f"{mine.certificate.serial_number:x}",
        "stamped": mine.stamped,
    }
    _sign(session, contract, actor, role, party, kept, method="elsewhere", **about)
    return identifier


def bring_certificate(
    actor: Actor, *, file_name: str, content: bytes, password: str, submission: str = ""
) -> str:
    """An organisation's owner replaces the key held for it by its own (PKCS #12).

    The file is opened before the transaction begins.
    """
    _owned(db.session, actor)
    roots = trusted(db.session)
    db.session.rollback()
    return _take_certificate(
        actor, opened=signature_validation.bundle(content, password, roots), submission=submission
    )


@action
def _take_certificate(session: Session, actor: Actor, *, opened: Opened) -> str:
    party = _owned(session, actor)
    return _told(session, actor, party, "bring_key", keep_own(session, party, opened, secret()).certificate)


@action
def renew_key(session: Session, actor: Actor) -> str:
    """An organisation's owner asks for a fresh key held here; the one before signs nothing more."""
    party = _owned(session, actor)
    end_of_basis(session, party, "certificate", reason=N_("单位自备的签名证书已经停用。"))
    return _told(session, actor, party, "renew_key", issue_key(session, party, secret()).certificate)


def _owned(session: Session, actor: Actor) -> Organisation:
    if not actor.owner or actor.organisation_id is None:
        raise NotAllowed(N_("只有本单位管理员可以更换签名密钥。"))
    return session.get_one(Organisation, actor.organisation_id)


def _told(session: Session, actor: Actor, party: Organisation, act: str, certificate: bytes) -> str:
    serial = f"{load_der_x509_certificate(certificate).serial_number:x}"[:16].upper()
    events.record(
        session,
        actor,
        f"organisation.{act}",
        "organisation",
        party.identifier,
        data={"title": party.name, "number": serial},
        notify=[party.id],
    )
    notify_owners_of_change(session, party, N_("更换了签名密钥"), "/my/signing")
    return party.identifier
