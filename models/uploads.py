"""How much each account and each organisation uploaded in a day, and the files that are on their way in.

A large file comes in pieces, in order, each said to begin at so many bytes; it grows in a file of its own
beside the store, whose length is how far it is, so that nothing is written down for a piece. Once whole it is
checked and moved into the store, and waits to be handed in with a form.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, disk
from models.base import Base, Code, Name
from models.errors import Conflict, Problem, RuleViolation
from models.i18n import N_
from models.upsert import upsert

MEGABYTE = 1 << 20
BLOCK = 1 << 20  # bytes of a file in memory at once
WAITS = timedelta(days=1)  # so long after it was begun a file may be gone on with, and handed in with a form
FORGOTTEN = timedelta(days=2)  # and then it is thrown away; between the two nobody takes what is being swept
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{20,40}")


class OverQuota(Problem):
    """Enough was uploaded for a day."""

    status = 413


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that may be uploaded in a day: files, and megabytes of them."""

    files: int
    megabytes: int


class UploadTally(Base):
    """What was uploaded on a day (Beijing time) by whom: `person 12`, `organisation 7`."""

    __tablename__ = "upload_tallies"
    __table_args__ = (UniqueConstraint("day", "whose"),)

    day: Mapped[date]
    whose: Mapped[Code]
    files: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)


PERSON, ORGANISATION = "person", "organisation"
ENOUGH = {
    PERSON: N_(
        "您今天上传的文件已到上限(每人每天 %(files)s 个、共 %(megabytes)s MB)。这次没有上传;"
        "请明天再传,或请管理员调整。"
    ),
    ORGANISATION: N_(
        "贵单位今天上传的文件已到上限(每单位每天 %(files)s 个、共 %(megabytes)s MB)。"
        "这次没有上传;请明天再传,或请管理员调整。"
    ),
}


def count(session: Session, size: int, owners: Mapping[str, tuple[int, Quota]], field: str = "file") -> None:
    """Count a file of `size` bytes for each of its owners (`PERSON`, `ORGANISATION`.

    The database's key, and the quota). OverQuota at `field` where that is more than one of them may upload
    today, and then this transaction is to be thrown away. Two files at once wait for each other.
    """
    for kind in (PERSON, ORGANISATION):  # in one order: two of an office wait, and do not wait for each other
        if kind in owners:
            key, quota = owners[kind]
            row = {"day": clock.today(), "whose": f"{kind} {key}", "files": 1, "size": size}
            both = ["files", "size"]
            files, total = upsert(session, UploadTally, ["day", "whose"], row, add=both, returning=both).one()
            if files > quota.files or total > quota.megabytes * MEGABYTE:
                raise OverQuota(ENOUGH[kind], field, files=quota.files, megabytes=quota.megabytes)


class Upload(Base):
    """A file somebody sends, of `size` bytes, whose SHA-256 is said beforehand where the sender can tell.

    `sha256` and `media_type` are what it turned out to be, once it was whole.
    """

    __tablename__ = "uploads"

    identifier: Mapped[Code] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[Name]
    size: Mapped[int] = mapped_column(BigInteger)
    said: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    media_type: Mapped[str | None] = mapped_column(String(100))
    begun_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class NotNext(Conflict):
    """There would be a gap between what is here and this piece."""


class Pieces:
    """The files that are on their way in, in a folder on the store's disk, by their identifiers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, identifier: str) -> Path:
        if not _IDENTIFIER.fullmatch(identifier):
            raise ValueError(identifier)
        return self.folder / identifier

    def length(self, identifier: str) -> int:
        """How many bytes of a file are here."""
        try:
            return self.path(identifier).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def held(self, identifier: str, *, begin: bool = False) -> Iterator[BinaryIO]:
        """A file with nobody else at it, made where there is none to `begin` one; else NotNext.

        Conflict where somebody is at it: a piece that was sent twice at once.
        """
        disk.make_folder(self.folder)
        path = self.path(identifier)
        try:
            opened = os.open(path, os.O_RDWR | (os.O_CREAT if begin else 0), disk.FILE)
        except FileNotFoundError:
            raise NotNext(N_("文件还没有传完,请接着传。")) from None
        with os.fdopen(opened, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                same = path.stat().st_ino == os.fstat(file.fileno()).st_ino
            except (BlockingIOError, FileNotFoundError):
                same = False
            if not same:  # or it was whole meanwhile, and is the store's
                raise Conflict(N_("这个文件的另一部分正在接收,请稍后再传。"))
            yield file

    def add(self, identifier: str, start: int, piece: IO[bytes], size: int) -> int:
        """Write a piece that begins at byte `start` of a file of `size` bytes. Returns how many are here.

        What is here already is compared and not written again. NotNext where there would be a gap;
        RuleViolation where it goes on past the end, or says something else than what is here.
        """
        with self.held(identifier, begin=True) as file:
            here = file.seek(0, os.SEEK_END)
            if start > here:
                raise NotNext(N_("这一部分来得太早,请从上次停下的地方接着传。"))
            while block := piece.read(BLOCK):
                if start + len(block) > size:
                    raise RuleViolation(N_("传来的内容比文件本身长,请重新选择文件。"))
                known = min(len(block), max(0, here - start))
                file.seek(start)
                if known and file.read(known) != block[:known]:
                    raise RuleViolation(N_("两次传来的内容不一样,请重新选择文件。"))
                file.write(block[known:])
                start += len(block)
                here = max(here, start)
            file.flush()
            os.utime(file.fileno(), (clock.now().timestamp(),) * 2)
        return here

    def drop(self, identifier: str) -> None:
        self.path(identifier).unlink(missing_ok=True)

    def sweep(self, before: datetime) -> int:
        """Delete what nobody went on with since an instant. Returns how many."""
        count = 0
        for path in self.folder.glob("*"):
            try:
                old = path.stat().st_mtime < before.timestamp()
            except FileNotFoundError:
                continue
            if old:
                path.unlink(missing_ok=True)
                count += 1
        return count


class _Map(mmap.mmap):
    """A file's bytes as they lie on the disk, which `zipfile` can walk through (from 3.13 it can any map)."""

    def seekable(self) -> bool:
        return True


@contextmanager
def mapped(file: BinaryIO) -> Iterator[mmap.mmap | bytes]:
    """The bytes of a file without reading them into memory."""
    if not os.fstat(file.fileno()).st_size:
        yield b""
        return
    with _Map(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
