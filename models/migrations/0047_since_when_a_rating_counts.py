"""since when a rating counts, and whose turn it is while a subject has more to say

A rating counts since it was read, a moment after it was published. A record whose subject said that more was
to come waits for the subject again, as long as its time runs.

Revision ID: 0047
Revises: 0046
Create Date: 2026-11-28 23:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import clock
import models.base

# revision identifiers, used by Alembic.
revision: str = "0047"
down_revision: Union[str, Sequence[str], None] = "0046"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("rating_facts") as facts:
        facts.add_column(sa.Column("counts_from", _AT, nullable=True))
    op.execute("UPDATE rating_facts SET counts_from = at")
    with op.batch_alter_table("rating_facts") as facts:
        facts.alter_column("counts_from", existing_type=_AT, nullable=False)
    op.create_index("ix_external_entries_seen_id", "external_entries", ["seen_id"])
    records = sa.table(
        "credit_records",
        *(sa.column(name) for name in ("state", "more_to_come", "referred_to")),
        *(sa.column(name, _AT) for name in ("due_at", "answer_until", "waived_at")),
    )
    op.execute(
        records.update()
        .where(
            records.c.state == "heard",
            records.c.more_to_come.is_(sa.true()),
            records.c.waived_at.is_(None),
            records.c.answer_until > clock.now(),
        )
        .values(state="notified", due_at=records.c.answer_until, referred_to=None)
    )
    op.drop_column("credit_records", "more_to_come")  # in place: others refer to the table


def downgrade() -> None:
    op.drop_index("ix_external_entries_seen_id", "external_entries")
    op.add_column(
        "credit_records",
        sa.Column("more_to_come", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    with op.batch_alter_table("rating_facts") as facts:
        facts.drop_column("counts_from")
