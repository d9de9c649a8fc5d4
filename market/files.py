"""Handing in a file: its bytes to the store, its row to the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, current_app, send_file
from sqlalchemy.orm import Session

from market import quotas
from market.transaction import arriving, outside, transaction
from models import identifiers
from models.actors import Actor
from models.base import Json
from models.cases import Case
from models.documents import Document, FolderStore, check, clean_name
from models.errors import RuleViolation
from models.filekinds import SCANS
from models.i18n import N_


def store() -> FolderStore:
    files: FolderStore = current_app.extensions["files"]
    return files


def put(content: bytes) -> str:
    """Bytes of any kind into the store, outside of any transaction. Returns their SHA-256."""
    outside("a file is written")
    return store().put(content)


def put_for(actor: Actor, content: bytes, field: str = "file") -> str:
    """The same with what somebody uploads, which counts for the day.

    OverQuota at `field` where that is full.
    """
    quotas.count(actor, len(content), field)
    return put(content)


@dataclass(frozen=True)
class Kept:
    """Bytes of a kind we take that lie in the store."""

    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True)
class File:
    """A file that is handed in, under the name it has with whoever does."""

    name: str
    content: bytes | Kept


def keep(content: bytes, field: str = "file") -> Kept:
    """Check bytes and keep them, outside of any transaction: everybody would wait for the disk.

    RuleViolation at `field` for a wrong kind or over 20 MB. Bytes that no row comes to name are nobody's, and
    swept after a day.
    """
    media_type = check(content, field)
    return Kept(put(content), len(content), media_type)


def keep_for(actor: Actor, content: bytes | Kept, field: str = "file") -> Kept:
    """`keep` what somebody uploads, which counts for the day: OverQuota at `field` where that is full.

    What came before, in pieces, is checked, counted and kept.
    """
    if isinstance(content, Kept):
        return content
    media_type = check(content, field)
    return Kept(put_for(actor, content, field), len(content), media_type)


def with_file(act: Callable[..., str]) -> Callable[..., str]:
    """An act that takes a file's `content`: it is checked and on disk before the act's transaction begins."""

    @wraps(act)
    def kept_first(actor: Actor, *args: Any, content: bytes = b"", **kwargs: Any) -> str:
        with arriving():
            handed = content or kwargs.get("file_name")  # under a name, a file of nothing is refused
            return act(actor, *args, content=keep_for(actor, content) if handed else content, **kwargs)

    return kept_first


def with_files(act: Callable[..., str]) -> Callable[..., str]:
    """The same of an act that takes several `files`. RuleViolation says which one is refused."""

    @wraps(act)
    def kept_first(actor: Actor, *args: Any, files: Sequence[File] = (), **kwargs: Any) -> str:
        with arriving():
            return act(actor, *args, files=[_kept(actor, file, len(files)) for file in files], **kwargs)

    return kept_first


def _kept(actor: Actor, file: File, of: int) -> File:
    try:
        return File(file.name, keep_for(actor, file.content))
    except RuleViolation as problem:
        if of == 1:
            raise
        raise RuleViolation(
            N_("“%(name)s”:%(problem)s"), "file", name=file.name, problem=problem
        ) from problem


def check_any(files: Sequence[File], field: str = "file") -> None:
    """RuleViolation where no file was chosen."""
    if not files:
        raise RuleViolation(N_("请选择文件。"), field)


def hand_in_all(session: Session, actor: Actor, case: Case, files: Sequence[File]) -> list[Document]:
    """Make files part of a case, in their order."""
    return [hand_in(session, actor, case, file.name, file.content) for file in files]


def hashes_of(documents: Sequence[Document]) -> Json:
    """What an event says of files that were handed in, the first one first."""
    first, *others = [document.sha256 for document in documents]
    return {"sha256": first, **({"attachments": others} if others else {})}


def hand_in(
    session: Session,
    actor: Actor,
    case: Case,
    name: str,
    content: bytes | Kept,
    field: str = "file",
    scan: bool = False,
) -> Document:
    """Make a file part of a case.

    RuleViolation at `field` for an empty one, or where it should be the `scan` of a paper and is an invoice
    or a table.
    """
    if not isinstance(content, Kept):
        content = keep(content, field)
    if scan and content.media_type not in SCANS:
        raise RuleViolation(N_("这里要的是证照或盖章材料的扫描件:PDF、OFD、PNG 或 JPEG。"), field)
    document = Document(
        media_type=content.media_type,
        identifier=identifiers.issue(session, Document),
        sha256=content.sha256,
        name=clean_name(name),
        size=content.size,
        case_type=case.workflow.name,
        case_identifier=case.identifier,
        organisation_id=actor.organisation_id,
    )
    session.add(document)
    session.flush()
    return document


def state(
    session: Session,
    case: Case,
    identifier: str,
    name: str,
    title: str,
    facts: list[list[str]],
    content: Kept,
) -> Document:
    """A paper of the platform's own on a case, already printed under its identifier.

    What it states (label and value) is kept beside it, for whoever checks a copy.
    """
    document = Document(
        identifier=identifier,
        media_type=content.media_type,
        sha256=content.sha256,
        name=name,
        size=content.size,
        case_type=case.workflow.name,
        case_identifier=case.identifier,
        organisation_id=None,
        issued={"title": title, "facts": facts},
    )
    session.add(document)
    session.flush()
    return document


def issue_outside(
    case: Case,
    name: str,
    title: str,
    facts: list[list[str]],
    made: Callable[[str], bytes],
    wanted: Callable[[Session, Case], bool],
) -> None:
    """A paper for the jobs.

    Printed outside of any transaction, under an identifier taken before, and kept in a short one, where it is
    still `wanted` then. A case locked meanwhile tells two workers apart.
    """
    with transaction() as session:
        identifier = identifiers.issue(session, Document)
    content = keep(made(identifier))
    with transaction() as session:
        found = type(case).lock(session, case.identifier)
        if wanted(session, found):
            state(session, found, identifier, name, title, facts, content)


def sent(document: Document) -> Response:
    """A kept file as an answer, under the name it was handed in with, with the ending of what it is.

    To be kept, never to be shown within a page, and not guessed at (`nosniff`, market/application.py).
    """
    name = clean_name(document.name, document.media_type)
    answer = send_file(
        store().open(document.sha256), document.media_type, as_attachment=True, download_name=name
    )
    answer.content_length = document.size
    return answer
