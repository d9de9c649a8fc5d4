"""payments, payouts: found by their sum, as a line of the bank is

Revision ID: 0035
Revises: 0034
Create Date: 2026-11-28 10:20:00

"""

from typing import Sequence, Union

from alembic import op

# revision identifiers, used by Alembic.
revision: str = "0035"
down_revision: Union[str, Sequence[str], None] = "0034"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_index("ix_payments_amount", "payments", ["amount", "id"])
    op.create_index("ix_payouts_amount", "payouts", ["amount", "id"])


def downgrade() -> None:
    op.drop_index("ix_payouts_amount", "payouts")
    op.drop_index("ix_payments_amount", "payments")
