"""contracts, deliverables: found by the day they were completed or decided

Revision ID: 0034
Revises: 0033
Create Date: 2026-11-28 00:10:00

"""

from typing import Sequence, Union

from alembic import op

# revision identifiers, used by Alembic.
revision: str = "0034"
down_revision: Union[str, Sequence[str], None] = "0033"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_index("ix_contracts_completed_at", "contracts", ["completed_at"])
    op.create_index("ix_deliverables_decided_at", "deliverables", ["decided_at"])


def downgrade() -> None:
    op.drop_index("ix_deliverables_decided_at", "deliverables")
    op.drop_index("ix_contracts_completed_at", "contracts")
