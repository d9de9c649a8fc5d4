"""How much each account and each organisation uploaded in a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code
from models.errors import Problem
from models.i18n import N_
from models.upsert import upsert

MEGABYTE = 1 << 20


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
