"""how often a payout that a gateway failed was sent by bank

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-26 14:50:00

"""

from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = "0021"
down_revision: Union[str, Sequence[str], None] = "0020"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """What a gateway tried is in none of the bank's statements, and was counted with what the bank was told.
    The number is part of the keys of what is booked, which name the way since this version: a payout that has
    such a key keeps its number.
    """
    op.execute(
        "UPDATE payouts SET tries = (SELECT count(*) FROM events e WHERE e.case_type = 'payout' AND e.case_identifier = payouts.identifier "
        "AND e.kind = 'payout.send' AND e.actor_role = 'custodian') WHERE gateway = 'bank' AND EXISTS "
        "(SELECT 1 FROM events e WHERE e.case_type = 'payout' AND e.case_identifier = payouts.identifier AND e.kind = 'payout.begin') "
        "AND NOT EXISTS (SELECT 1 FROM ledger_entries l WHERE l.key LIKE payouts.identifier || ':bank:%')"
    )


def downgrade() -> None:
    """What is there fits the version before, too."""
