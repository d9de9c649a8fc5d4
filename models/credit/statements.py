"""What the subject of a credit record states before it is decided on (陈述申辩), part by part.

Each part is kept as it came: its words, its evidence, when and from whom. The decision answers all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Name
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text

STATEMENT = N_("请写明陈述申辩的内容(%(least)s 到 %(most)s 个字)。")
NOTHING = N_("请写明陈述申辩的内容,或者提交证据。")


class StatementPart(Base):
    """One part: `statement` is empty where it is evidence alone, `files` are its documents' numbers.

    `stated_by` is the name of whoever gave it, as it was then.
    """

    __tablename__ = "credit_record_statements"

    record_id: Mapped[int] = mapped_column(ForeignKey("credit_records.id"), index=True)
    statement: Mapped[str] = mapped_column(String(2000), info={LEAST: 5})
    files: Mapped[list[str]]
    stated_at: Mapped[datetime]
    stated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    stated_by: Mapped[Name]


def check(statement: str, files: Sequence[object]) -> str:
    """The words of a part without blanks around them; none where there is evidence.

    RuleViolation at `statement` for words too short or too long, and for neither words nor evidence, at no
    field: either would do.
    """
    if not statement.strip() and files:
        return ""
    if not statement.strip():
        raise RuleViolation(NOTHING)
    return check_text(StatementPart.statement, statement, STATEMENT)
