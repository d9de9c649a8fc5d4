"""Handing in a file: its bytes to the store, its row to the case."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Response, current_app, send_file
from sqlalchemy.orm import Session

from market.transaction import transaction
from models import identifiers
from models.actors import Actor
from models.documents import Document, FolderStore, check
from models.workflow import Case


def store() -> FolderStore:
    files: FolderStore = current_app.extensions["files"]
    return files


def hand_in(session: Session, actor: Actor, case: Case, name: str, content: bytes, field: str = "file") -> Document:
    """Check and keep a file for a case. RuleBroken at `field` for a wrong kind or over 20 MB.

    The bytes are on disk before the row is committed; a rolled-back act leaves bytes nobody names.
    """
    document = Document(
        media_type=check(content, field),
        identifier=identifiers.issue(session, "F"),
        sha256=store().put(content),
        name=name.replace("\\", "/").rsplit("/", 1)[-1][:200] or "file",
        size=len(content),
        case_type=case.workflow.name,
        case_identifier=case.identifier,
        organisation_id=actor.organisation_id,
    )
    session.add(document)
    session.flush()
    return document


def issue(session: Session, case: Case, name: str, title: str, facts: list[list[str]], made: Callable[[str], bytes]) -> Document:
    """A paper of the platform's own on a case: `made` prints it under its identifier, and what it states (label and value)
    is kept beside it, for whoever checks a copy."""
    identifier = identifiers.issue(session, "F")
    content = made(identifier)
    document = Document(
        identifier=identifier, media_type=check(content), sha256=store().put(content), name=name, size=len(content),
        case_type=case.workflow.name, case_identifier=case.identifier, organisation_id=None, issued={"title": title, "facts": facts},
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document


def issue_outside(case: Case, name: str, title: str, facts: list[list[str]], made: Callable[[str], bytes], wanted: Callable[[Session, Case], bool]) -> None:
    """Like `issue`, for the jobs: printed outside of any transaction, under an identifier taken before, and kept in a short one, where it is
    still `wanted` then. A case locked meanwhile tells two workers apart."""
    case_class, key = type(case), case.identifier
    with transaction() as session:
        identifier = identifiers.issue(session, "F")
    content = made(identifier)
    document = Document(
        identifier=identifier, media_type=check(content), sha256=store().put(content), name=name, size=len(content),
        case_type=case_class.workflow.name, case_identifier=key, organisation_id=None, issued={"title": title, "facts": facts},
    )  # fmt: skip
    with transaction() as session:
        if wanted(session, case_class.load(session, key, lock=True)):
            session.add(document)


def sent(document: Document) -> Response:
    """A kept file as an answer, under the name it was handed in with."""
    return send_file(io.BytesIO(store().get(document.sha256)), document.media_type, as_attachment=True, download_name=document.name)
