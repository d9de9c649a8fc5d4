"""Documents: files people hand in, kept by the hash of their content.

They are checked by what they are, not by what they are called.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, disk
from models.archives import Unfit
from models.base import Base, Code, Json, Name
from models.errors import RuleViolation
from models.filekinds import KINDS, Content, kind_of
from models.i18n import N_
from models.identifiers import Numbered
from models.spelling import UNKEEPABLE

MOST_BYTES = 20 * 1024 * 1024  # of a file that comes in one piece
MOST_NAME = 200  # characters
_HASH = re.compile("[0-9a-f]{64}")


class Document(Numbered, Base):
    """A file handed in for a case by an organisation, or a paper the platform issued.

    A paper keeps what it states in `issued` (`title`, and `facts` as pairs of label and value). The bytes lie
    in the store under `sha256`.
    """

    __tablename__ = "documents"
    prefix: ClassVar[str] = "F"

    identifier: Mapped[Code] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[Name]
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))
    case_type: Mapped[Code]
    case_identifier: Mapped[Code] = mapped_column(index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    issued: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class FolderStore:
    """Bytes in a folder, two levels deep, named by their SHA-256. Writing the same bytes again is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Store the bytes; on return they are on disk, under their name. Returns their SHA-256 in hex."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._take(sha256, lambda path: disk.keep(path, content))
        return sha256

    def adopt(self, file: Path, sha256: str) -> None:
        """Store a whole file that lies on the same disk, and of which this is the SHA-256; it is moved."""
        self._take(sha256, lambda path: disk.move(file, path))
        file.unlink(missing_ok=True)  # where the same bytes are there already

    def _take(self, sha256: str, write: Callable[[Path], None]) -> None:
        path = self._path(sha256)
        disk.make_folder(path.parent)
        with disk.held(path.parent, alone=False):
            if path.exists():
                disk.sync(path.parent)  # whoever put them there may have been killed before, or not be done
            else:
                write(path)
            os.utime(path, (clock.now().timestamp(),) * 2)  # from now on it is young: no row need name it yet

    def get(self, sha256: str) -> bytes:
        return self._path(sha256).read_bytes()

    def open(self, sha256: str) -> BinaryIO:
        """The same to be read piece by piece."""
        return self._path(sha256).open("rb")

    def folders(self) -> list[Path]:
        """The folders the bytes lie in, in order."""
        return sorted(path for path in self.folder.glob("??") if path.is_dir())

    def sweep(self, folder: Path, before: datetime, named: Callable[[list[str]], set[str]]) -> int:
        """Delete what nothing names any more from one of the folders. Returns how many.

        What was put there (for the last time) before an instant and is not among those that are `named`, out
        of a list of SHA-256; and whatever a write that was killed left behind. What is put again while we ask
        is young by the time we look.
        """
        old = sorted(path.name for path in folder.iterdir() if self._is_older(path, before))
        wanted = named([name for name in old if _HASH.fullmatch(name)])
        count = 0
        for name in old:
            if name not in wanted and (_HASH.fullmatch(name) or name.startswith(".new-")):
                with disk.held(folder, alone=True):
                    if self._is_older(folder / name, before):
                        (folder / name).unlink()
                        count += 1
        return count

    @staticmethod
    def _is_older(path: Path, before: datetime) -> bool:
        try:
            return path.is_file() and path.stat().st_mtime < before.timestamp()
        except FileNotFoundError:
            return False


ACCEPTED = N_(
    "只接收完整的 PDF、OFD、PNG、JPEG、DOCX、XLSX、DWG、ZIP 文件和 XML 发票(按内容判断,不看扩展名)。"
)


def check(content: Content, field: str = "file") -> str:
    """The media type the bytes really are.

    RuleViolation if empty, of a kind not taken, or over 20 MB where they are no file's map and so in memory.
    """
    if not content:
        raise RuleViolation(N_("文件是空的。"), field)
    if isinstance(content, bytes) and len(content) > MOST_BYTES:
        raise RuleViolation(N_("文件超过 20 MB。"), field)
    try:
        media_type = kind_of(content)
    except Unfit as unfit:
        unfit.field = field
        raise
    if media_type is None:
        raise RuleViolation(ACCEPTED, field)
    return media_type


def clean_name(name: str, media_type: str = "") -> str:
    """A file's name as it is kept and sent.

    One line of at most 200 characters, without folders, control characters and marks of direction (which turn
    `exe.pdf` round), with an ending of its kind where that is given.
    """
    seen = "".join(
        " " if c.isspace() else c
        for c in UNKEEPABLE.sub("", name)
        if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf")
    )
    plain = (
        " ".join(re.sub(r'[<>:"|?*;]', "_", seen.replace("\\", "/").rsplit("/", 1)[-1]).split()).strip(". ")
        or "file"
    )
    stem, dot, ending = plain.rpartition(".")
    endings = KINDS.get(media_type, ())
    if endings and ending.lower() not in endings:
        stem, dot, ending = plain, ".", endings[0]
    return (
        f"{stem[: MOST_NAME - len(ending) - 1]}{dot}{ending}"
        if dot and len(ending) <= 10
        else plain[:MOST_NAME]
    )


def papers_of(session: Session, case_type: str, case_identifier: str) -> list[Document]:
    """The newest of each kind of paper the platform issued on a case."""
    query = select(Document).where(
        Document.case_type == case_type,
        Document.case_identifier == case_identifier,
        Document.issued.is_not(None),
    )
    newest = {
        document.issued["title"]: document
        for document in session.scalars(query.order_by(Document.id))
        if document.issued
    }
    return list(newest.values())


def of_case(session: Session, case_type: str, case_identifier: str) -> list[Document]:
    """The documents of one case, oldest first."""
    query = select(Document).where(
        Document.case_type == case_type, Document.case_identifier == case_identifier
    )
    return list(session.scalars(query.order_by(Document.id)))
