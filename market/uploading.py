"""Files that come before the form they belong to: in pieces, or with a form that was refused.

No act of a case: they are the sender's alone until a form hands them in, and are thrown away where none does.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from flask import current_app
from sqlalchemy import Select, select
from werkzeug.datastructures import FileStorage

from market import quotas
from market.extensions import db
from market.files import File, Kept, keep, keep_for, store
from market.transaction import looking, outside, transaction
from models import clock
from models.actors import Actor
from models.documents import MOST_BYTES, check, clean_name
from models.errors import NotFound, RuleViolation
from models.i18n import N_
from models.uploads import MEGABYTE, WAITS, NotNext, Pieces, Upload, mapped

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Waiting:
    """A whole file that waits to be handed in with a form."""

    identifier: str
    file: File

    @property
    def size(self) -> int:
        return self.kept.size

    @property
    def kept(self) -> Kept:
        assert isinstance(self.file.content, Kept)
        return self.file.content


def pieces() -> Pieces:
    found: Pieces = current_app.extensions["pieces"]
    return found


def begin(actor: Actor, name: str, size: int, said: str) -> Upload:
    """A file of `size` bytes is to come, which counts for the day.

    `said` is its SHA-256 in hex, empty where the sender cannot tell. Whoever says the same of a file he began
    to send goes on with that one. RuleViolation for an empty or too large one, OverQuota.
    """
    most = current_app.config["UPLOADS_FILE_MB"]
    if size <= 0:
        raise RuleViolation(N_("文件是空的。"), "file")
    if size > most * MEGABYTE:
        raise RuleViolation(N_("文件超过 %(most)s MB。"), "file", most=most)
    upload = Upload(
        identifier=secrets.token_urlsafe(18),
        user_id=actor.user_id,
        name=clean_name(name),
        size=size,
        said=said if _SHA256.fullmatch(said) else "",
    )
    with looking() as session:
        same = _own(actor).where(Upload.said == upload.said, Upload.size == size, Upload.name == upload.name)
        begun = session.scalars(same.order_by(Upload.id.desc()).limit(1)).first() if upload.said else None
    if begun is not None:
        return begun
    quotas.count(actor, size)
    with transaction() as session:
        session.add(upload)
    return upload


def _own(actor: Actor) -> Select[Any]:
    """What an actor began to send, and may still hand in."""
    return select(Upload).where(Upload.user_id == actor.user_id, Upload.begun_at > clock.now() - WAITS)


def find(actor: Actor, identifier: str) -> Upload:
    """A file this actor sends; NotFound for one of anybody else's, and one that was forgotten."""
    with looking() as session:
        found = session.scalars(_own(actor).where(Upload.identifier == identifier)).one_or_none()
    if found is None:
        raise NotFound(N_("这次上传已经过期,请重新选择文件。"))
    return found


def received(upload: Upload) -> int:
    """How many bytes of a file are here."""
    return upload.size if upload.sha256 else pieces().length(upload.identifier)


def take(actor: Actor, identifier: str, start: int, piece: IO[bytes]) -> int:
    """A piece that begins at byte `start`. Returns how many bytes are here; see `Pieces.add`."""
    upload = find(actor, identifier)
    if upload.sha256:
        return upload.size
    outside("a piece is written")
    return pieces().add(identifier, start, piece, upload.size)


def finish(actor: Actor, identifier: str) -> Upload:
    """All of it is here: what it is, and into the store.

    NotNext where something is missing; RuleViolation where it is of a kind not taken, or not what was said,
    and then it is thrown away. Done twice it is done once.
    """
    upload = find(actor, identifier)
    if upload.sha256:
        return upload
    outside("a file is read")
    try:
        return _whole(upload)
    except NotNext:
        upload = find(actor, identifier)  # somebody else may just have done it
        if upload.sha256:
            return upload
        raise


def _whole(upload: Upload) -> Upload:
    """Check what is here, and move it into the store."""
    identifier = upload.identifier
    with pieces().held(identifier) as file:
        if pieces().length(identifier) < upload.size:
            raise NotNext(N_("文件还没有传完,请接着传。"))
        digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
        sha256 = digest.hexdigest()
        try:
            if upload.said not in ("", sha256):
                raise RuleViolation(N_("传到的内容与您的文件不一致,请重新选择文件。"), "file")
            with mapped(file) as content:
                media_type = check(content)
        except RuleViolation:
            pieces().drop(identifier)
            raise
        store().adopt(pieces().path(identifier), sha256)
    return _mark(upload, sha256, media_type)


def _mark(upload: Upload, sha256: str, media_type: str) -> Upload:
    """Write down that a file is whole, and what it is."""
    with transaction() as session:
        upload = session.merge(upload)
        upload.sha256, upload.media_type = sha256, media_type
    return upload


def set_aside(actor: Actor, sent: FileStorage, *, counted: bool) -> Waiting:
    """Keep a file that came with a form which was refused for something else, so that it need not come again.

    `counted`: the act was begun, and has counted it. RuleViolation or OverQuota where it may not be kept.
    """
    sent.stream.seek(0)
    name, content = clean_name(sent.filename or ""), sent.stream.read(MOST_BYTES + 1)
    kept = keep(content) if counted else keep_for(actor, content)
    upload = Upload(
        identifier=secrets.token_urlsafe(18),
        user_id=actor.user_id,
        name=name,
        size=kept.size,
        said="",
        sha256=kept.sha256,
        media_type=kept.media_type,
    )
    with transaction() as session:
        session.add(upload)
    return waiting(upload)


def waiting(upload: Upload) -> Waiting:
    assert upload.sha256
    assert upload.media_type
    return Waiting(upload.identifier, File(upload.name, Kept(upload.sha256, upload.size, upload.media_type)))


def own(actor: Actor, identifiers: Sequence[str]) -> list[Waiting]:
    """Those of these files that are whole and this actor's own, in this order."""
    asked = _own(actor).where(Upload.identifier.in_(identifiers), Upload.sha256.is_not(None))
    found = {upload.identifier: waiting(upload) for upload in db.session.scalars(asked)}
    return [found[each] for each in dict.fromkeys(identifiers) if each in found]
