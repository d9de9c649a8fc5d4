"""what others see of a score's past

Of what was kept before, others see nothing: it is kept anew with the next record.

Revision ID: 0042
Revises: 0041
Create Date: 2026-11-28 19:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0042"
down_revision: Union[str, Sequence[str], None] = "0041"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.add_column("credit_history", sa.Column("public_score", sa.Integer(), nullable=True))
    op.add_column("credit_history", sa.Column("public_grade", sa.String(1), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("credit_history") as history:
        history.drop_column("public_grade")
        history.drop_column("public_score")
