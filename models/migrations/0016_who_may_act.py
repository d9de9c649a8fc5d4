"""accounts that are blocked: when, why, and by whom of which rank

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-26 08:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0016"
down_revision: Union[str, Sequence[str], None] = "0015"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Nobody was blocked: nobody could be."""
    op.add_column("users", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("blocked_reason", sa.String(1000), nullable=True))
    op.add_column("users", sa.Column("blocked_as", sa.String(12), nullable=True))


def downgrade() -> None:
    for column in ("blocked_as", "blocked_reason", "blocked_at"):
        op.drop_column("users", column)
