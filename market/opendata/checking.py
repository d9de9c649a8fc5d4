"""Whether a copy of a signed contract is genuine: who signed it, when, and whether anything was changed since."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market import examining, sandbox
from market.signing import trusted
from models.contracts import FIELDS, Contract, flaws_of
from models.documents import Document
from models.signing import Signed
from models.signing.pades import Foreign
from models.text import N_

# What a copy turns out to be: words, and the tone they are said in.
VERDICTS = {
    "same": (N_("这份文件与平台存档的合同完全一致,一个字节也没有改过。"), "good"),
    "earlier": (N_("这是平台存档的较早文本:还没有签全,或者之后修改过。以现行文本为准。"), "wait"),
    "genuine": (N_("签名全部有效,签名之后没有改动;但平台没有存这一份。"), "wait"),
    "changed": (N_("这份文件在签名之后被改动过,或者签名不属于这份文件。"), "bad"),
    "doubtful": (N_("签名完整,但有问题,见下。"), "bad"),
    "unsigned": (N_("这份文件没有电子签名。"), "bad"),
    "foreign": (N_("这份 PDF 有电子签名,但用的算法平台不能核验,见下;请用签署方指定的验签工具核验。"), "wait"),
    "unreadable": (N_("这份文件不是可以读取的 PDF。"), "bad"),
}


@dataclass(frozen=True)
class Copy:
    """What was found of a copy: the verdict (see VERDICTS), the contract it claims to be, its signatures with their flaws; those by algorithms
    nobody here verifies; of one that was added to since, the revision that was signed, and whether that one is kept here."""

    verdict: str
    contract: Contract | None
    signatures: tuple[tuple[Signed, tuple[str, ...]], ...] = ()
    foreign: tuple[Foreign, ...] = ()
    revision: bytes = b""
    revision_kept: bool = False


def check_copy(session: Session, content: bytes) -> Copy:
    """Compare a copy with what is kept, and verify every signature in it. Nothing of it is stored, and nothing is held open in the
    database while it is examined. RuleBroken at `file` for one that costs too much."""
    roots = trusted(session)
    session.rollback()
    title, rows, foreign = examining.signatures(content, roots, sandbox.CHECKING)
    if rows is None:
        return Copy("unreadable", None)
    found = [Signed.of(row) for row in rows]
    kept = session.scalars(_papers().where(Document.sha256 == hashlib.sha256(content).hexdigest())).first()
    contract = _named(session, kept.case_identifier if kept else _claimed(title))
    signatures = tuple((each, flaws_of(each, contract) if contract else each.flaws) for each in found)
    if kept is not None:
        newest = session.scalars(_papers().where(Document.case_identifier == kept.case_identifier).order_by(Document.id.desc())).first()
        return Copy("same" if kept is newest and len(found) == len(FIELDS) else "earlier", contract, signatures)
    if not signatures and not foreign:
        return Copy("unsigned", contract)
    flaws = {flaw for _, wrong in signatures for flaw in wrong}
    if foreign:
        return Copy("changed" if "broken" in flaws else "foreign", contract, signatures, foreign=tuple(foreign))
    if not flaws & {"broken", "altered"}:
        return Copy("doubtful" if flaws else "genuine", contract, signatures)
    revision = _revision(content, signatures)
    kept_so = bool(revision) and session.scalars(_papers().where(Document.sha256 == hashlib.sha256(revision).hexdigest())).first() is not None
    return Copy("changed", contract, signatures, revision=revision, revision_kept=kept_so)


def _revision(content: bytes, signatures: tuple[tuple[Signed, tuple[str, ...]], ...]) -> bytes:
    """The file as it was when its last signature was made, where every signature covers what it signed and only something was added since."""
    ends = max((each.ends for each, _ in signatures), default=0)
    if any("broken" in wrong or not each.ends for each, wrong in signatures) or ends >= len(content):
        return b""
    return content[:ends]


def _papers() -> Select[Any]:
    return select(Document).where(Document.case_type == "contract", Document.issued.is_not(None))


def _named(session: Session, identifier: str | None) -> Contract | None:
    return session.scalars(select(Contract).where(Contract.identifier == identifier)).one_or_none() if identifier else None


def _claimed(title: str) -> str | None:
    """The contract a file says it is, by its title; only a hint for what to compare it with."""
    match = re.search(r"C-\d{4}-\d{6}", title)
    return match[0] if match else None
