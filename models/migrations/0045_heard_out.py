"""who has more to say before a credit record is decided, and what a site told us itself

Revision ID: 0045
Revises: 0044
Create Date: 2026-11-28 19:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0045"
down_revision: Union[str, Sequence[str], None] = "0044"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    # Added as they are: on SQLite a table that others refer to cannot be made anew.
    op.add_column(
        "credit_records",
        sa.Column("more_to_come", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "credit_records", sa.Column("waived_at", models.base.UTCDateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "external_fetches", sa.Column("vouched", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("external_fetches", "vouched")
    op.drop_column("credit_records", "waived_at")
    op.drop_column("credit_records", "more_to_come")
