"""one-time keys belong to what was sent

Revision ID: 0008
Revises: 0005
Create Date: 2026-11-26 01:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0008"
down_revision: Union[str, Sequence[str], None] = "0007"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema. Keys used so far said neither whose they were nor what was sent, so none of them
    answers anything any more.
    """
    op.execute("DELETE FROM submissions")
    with op.batch_alter_table("submissions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fingerprint", sa.String(length=64), server_default="", nullable=False))
    with op.batch_alter_table("submissions", schema=None) as batch_op:
        batch_op.alter_column("fingerprint", server_default=None)


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("DELETE FROM submissions")
    with op.batch_alter_table("submissions", schema=None) as batch_op:
        batch_op.drop_column("fingerprint")
