"""in which order a bank writes its days, what stood in the heading that is remembered, and where a
statement's balances do not follow

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-26 15:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0022"
down_revision: Union[str, Sequence[str], None] = "0021"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.add_column(
        "statement_layouts", sa.Column("day_order", sa.String(3), nullable=False, server_default="")
    )
    op.add_column("statement_layouts", sa.Column("titles", sa.String(500), nullable=False, server_default=""))
    op.add_column("bank_statements", sa.Column("gaps", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("bank_statements", "gaps")
    op.drop_column("statement_layouts", "titles")
    op.drop_column("statement_layouts", "day_order")
