"""Whether a copy of a paper is genuine.

Whether it is one of ours, who signed it, when, and whether anything was changed since.

What a copy says it is proves nothing, so whoever brings one learns no more of the contract it names than of a
contract that there is not.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from market import sandbox, signature_validation
from market.contracts.actions.contract_pdf import PAPER, facts, has_pdf, stored_pdf
from market.signing import trusted
from models.contracts.agreement import Contract
from models.contracts.signatures import FIELDS, flaws_of
from models.documents import Document
from models.i18n import N_
from models.signing.pades import Foreign, Signed

# What a copy turns out to be: words, and the tone they are said in.
VERDICTS = {
    "issued": (N_("这份文件就是平台签发的,一个字节也没有改过。"), "good"),
    "same": (N_("这份文件与平台存档的合同完全一致,一个字节也没有改过。"), "good"),
    "earlier": (N_("这是平台存档的较早文本:还没有签全,或者之后修改过。以现行文本为准。"), "wait"),
    "genuine": (N_("签名全部有效,签名之后没有改动;但平台没有存这一份。"), "wait"),
    "changed": (N_("这份文件在签名之后被改动过,或者签名不属于这份文件。"), "bad"),
    "doubtful": (N_("签名完整,但有问题,见下。"), "bad"),
    "unsigned": (N_("这份文件没有电子签名,也不是平台存档的任何一份文书。"), "bad"),
    "foreign": (N_("这份 PDF 有平台不能核验的电子签名,见下;请用签署方指定的验签工具核验。"), "wait"),
    "unreadable": (N_("这份文件不是可以读取的 PDF。"), "bad"),
}
_MOVED = frozenset({"broken", "altered"})  # with one of these, what a file says is not what was signed


@dataclass(frozen=True)
class Copy:
    """What was found of a copy: the verdict (see VERDICTS).

    The `paper` whose holder this shows somebody to be, by its bytes or by its parties' sound signatures, and
    none otherwise; the number of the contract it `claims` to be; its signatures with their flaws; those
    nobody here can verify; of one that was added to since, the revision that was signed, and whether that one
    is kept here.
    """

    verdict: str
    paper: Document | None = None
    claims: str = ""
    signatures: tuple[tuple[Signed, tuple[str, ...]], ...] = ()
    foreign: tuple[Foreign, ...] = ()
    revision: bytes = b""
    revision_kept: bool = False


def issued(session: Session, identifier: str) -> Document | None:
    """A paper by its own number, or the newest of the case it was issued on.

    Of a contract the one with its present text, or only what it will state, where nobody has needed it on
    paper yet. None where there is none.
    """
    contract = _named(session, identifier)
    if contract is not None and has_pdf(contract):
        stated = {"title": PAPER, "facts": facts(contract)}
        return stored_pdf(session, contract) or Document(
            case_type="contract", case_identifier=identifier, identifier=identifier, issued=stated
        )
    query = select(Document).where(
        Document.issued.is_not(None),
        or_(Document.identifier == identifier, Document.case_identifier == identifier),
    )
    return session.scalars(query.order_by(Document.id.desc()).limit(1)).first()


def check_copy(session: Session, content: bytes) -> Copy:
    """Compare a copy with what is kept, and verify every signature in it.

    Nothing of it is stored, and nothing is held open in the database while it is examined. RuleViolation at
    `file` for one that costs too much.
    """
    kept = _kept(session, content)
    if kept is not None and kept.case_type != "contract":
        return Copy("issued", kept)
    roots = trusted(session)
    session.rollback()
    title, rows, foreign = signature_validation.signatures(content, roots, sandbox.CHECKING)
    if rows is None:
        return Copy("unreadable")
    kept = _kept(session, content)
    claims = kept.case_identifier if kept else _claimed(title)
    contract = _named(session, claims)
    signatures = tuple((each, _flaws(each, contract)) for each in map(Signed.of, rows))
    if kept is not None:
        return Copy(_standing(session, kept, len(rows)), _present(session, contract), claims, signatures)
    if not signatures and not foreign:
        return Copy("unsigned", claims=claims)
    flaws = {flaw for _, wrong in signatures for flaw in wrong}
    if foreign:
        torn = any(not way for _, way in foreign)
        return Copy(
            "changed" if torn or "broken" in flaws else "foreign",
            claims=claims,
            signatures=signatures,
            foreign=tuple(foreign),
        )
    if not flaws & _MOVED:
        return Copy(
            "doubtful" if flaws else "genuine",
            None if flaws else _present(session, contract),
            claims,
            signatures,
        )
    revision = _revision(content, signatures)
    signed = _kept(session, revision) if revision else None
    paper = (
        _present(session, _named(session, signed.case_identifier))
        if signed is not None and signed.case_type == "contract"
        else None
    )
    return Copy("changed", paper, claims, signatures, revision=revision, revision_kept=signed is not None)


def _standing(session: Session, kept: Document, signatures: int) -> str:
    """Whether a kept text of a contract is the newest, and signed by both."""
    of_it = select(Document.id).where(
        Document.case_type == "contract",
        Document.case_identifier == kept.case_identifier,
        Document.issued.is_not(None),
    )
    newest = session.scalars(of_it.order_by(Document.id.desc()).limit(1)).first()
    return "same" if kept.id == newest and signatures == len(FIELDS) else "earlier"


def _flaws(found: Signed, contract: Contract | None) -> tuple[str, ...]:
    """What is wrong with a signature.

    Whether it is a party's is asked only where it is sound, by whom its certificate says and over all the
    file says; and a contract there is not has no parties. Else a title or a name that anybody wrote would
    tell which contracts there are, and whose.
    """
    if found.flaws:
        return found.flaws
    return flaws_of(found, contract) if contract is not None else (*found.flaws, "stranger")


def _revision(content: bytes, signatures: tuple[tuple[Signed, tuple[str, ...]], ...]) -> bytes:
    """The file as it was when its last signature was made.

    Where every signature covers what it signed and only something was added since.
    """
    ends = max((each.ends for each, _ in signatures), default=0)
    if any("broken" in wrong or not each.ends for each, wrong in signatures) or ends >= len(content):
        return b""
    return content[:ends]


def _kept(session: Session, content: bytes) -> Document | None:
    """The paper of the platform's that is these bytes."""
    query = select(Document).where(
        Document.issued.is_not(None), Document.sha256 == hashlib.sha256(content).hexdigest()
    )
    return session.scalars(query.order_by(Document.id.desc()).limit(1)).first()


def _present(session: Session, contract: Contract | None) -> Document | None:
    return issued(session, contract.identifier) if contract is not None else None


def _named(session: Session, identifier: str) -> Contract | None:
    return (
        session.scalars(select(Contract).where(Contract.identifier == identifier)).one_or_none()
        if identifier
        else None
    )


def _claimed(title: str) -> str:
    """The contract a file says it is, by its title; only a hint for what to compare it with."""
    match = re.search(r"C-\d{4}-\d{6,9}(?!\d)", title)
    return match[0] if match else ""
