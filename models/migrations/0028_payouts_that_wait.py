"""which milestone a payout is the price of; one whose money was not seen yet waits for it, and is not overdue

Revision ID: 0028
Revises: 0027
Create Date: 2026-11-27 02:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0028"
down_revision: Union[str, Sequence[str], None] = "0027"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# What came in for the contract of a payout, as the bank or a gateway showed it, less what left.
SEEN = (
    "(SELECT coalesce(sum(p.amount), 0) FROM payments p WHERE p.contract_id = payouts.contract_id AND p.state = 'cleared')"
    " + (SELECT coalesce(sum(c.amount), 0) FROM charges c JOIN payments p ON p.id = c.payment_id"
    " WHERE p.contract_id = payouts.contract_id AND c.surplus)"
    " - (SELECT coalesce(sum(z.amount), 0) FROM payouts z WHERE z.contract_id = payouts.contract_id AND z.state <> 'due')"
)


def upgrade() -> None:
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("milestone_number", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE payouts SET state = 'held', due_at = NULL, referred_to = NULL WHERE id IN"
        f" (SELECT id FROM payouts WHERE state = 'due' AND amount > {SEEN})"
    )


def downgrade() -> None:
    op.execute("UPDATE payouts SET state = 'due', due_at = send_by WHERE state = 'held'")
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.drop_column("milestone_number")
