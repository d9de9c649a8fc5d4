"""rating_signals: what in an agency's ratings a regulator should look at

Revision ID: 0040
Revises: 0039
Create Date: 2026-11-28 14:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0040"
down_revision: Union[str, Sequence[str], None] = "0039"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "rating_signals",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("found_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ratings", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_rating_signals_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_signals")),
    )
    op.create_index("ix_rating_signals_agency", "rating_signals", ["agency_id", "kind"], unique=True)


def downgrade() -> None:
    op.drop_table("rating_signals")
