"""a draw may name a public source of chance when its list is fixed

Revision ID: 0054
Revises: 0053
Create Date: 2026-11-29 08:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0054"
down_revision: Union[str, None] = "0053"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.add_column("draws", sa.Column("source", sa.JSON(), nullable=True))
    op.add_column("draws", sa.Column("bound", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("draws", "bound")
    op.drop_column("draws", "source")
