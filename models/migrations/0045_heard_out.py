"""who has more to say, or nothing more, before a credit record is decided

Revision ID: 0045
Revises: 0041
Create Date: 2026-11-28 19:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0045"
down_revision: Union[str, Sequence[str], None] = "0041"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    with op.batch_alter_table("credit_records") as table:
        table.add_column(sa.Column("more_to_come", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("waived_at", models.base.UTCDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("credit_records") as table:
        table.alter_column("more_to_come", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("credit_records") as table:
        table.drop_column("waived_at")
        table.drop_column("more_to_come")
