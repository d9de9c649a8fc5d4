"""addresses, certificates and invoices in the spelling they are compared in

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-26 05:20:00

"""

from collections.abc import Callable
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import spelling


# revision identifiers, used by Alembic.
revision: str = "0011"
down_revision: Union[str, Sequence[str], None] = "0010"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# Table, column, what must be unique together with it, the most it holds, and how it is spelled.
KEPT: tuple[tuple[str, str, tuple[str, ...], int, Callable[[str], str]], ...] = (
    ("users", "email", (), 254, spelling.asked_email),
    ("qualifications", "number", ("kind",), 40, spelling.code),
    ("practitioners", "number", ("kind",), 40, spelling.code),
    ("invoices", "number", (), 20, lambda number: spelling.code(number).replace("-", "")),
)


def upgrade() -> None:
    """Spell again what was kept as it was typed. Where two rows come to the same, the older keeps it and the
    younger stays as it is: only a person can tell which is meant.
    """
    connection = op.get_bind()
    for table, column, beside, most, spelled in KEPT:
        kept = sa.table(table, *(sa.column(name) for name in ("id", column, *beside)))
        rows = connection.execute(sa.select(kept).order_by(kept.c.id)).all()
        taken = {tuple(row[1:]) for row in rows}
        for row in rows:
            better = spelled(row[1])
            key = (better, *row[2:])
            if better and better != row[1] and len(better) <= most and key not in taken:
                taken.add(key)
                connection.execute(kept.update().where(kept.c.id == row[0]).values({column: better}))


def downgrade() -> None:
    """What was typed is not known any more, and nothing depends on it."""
