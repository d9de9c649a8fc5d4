"""since when a rating counts: since it was read, which is a moment after it was published

Revision ID: 0048
Revises: 0046
Create Date: 2026-11-28 23:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0048"
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


def downgrade() -> None:
    with op.batch_alter_table("rating_facts") as facts:
        facts.drop_column("counts_from")
