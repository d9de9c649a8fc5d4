"""what is asked and made outside

Revision ID: 0007
Revises: 0005
Create Date: 2026-11-26 09:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0007"
down_revision: Union[str, Sequence[str], None] = "0006"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema. Until now the keeper was told in the act itself, and every text of a contract was
    printed at once.
    """
    op.add_column(
        "requests", sa.Column("keeper_until", models.base.UTCDateTime(timezone=True), nullable=True)
    )
    op.add_column("contracts", sa.Column("paper", sa.String(length=40), nullable=True))
    op.execute("UPDATE requests SET keeper_until = deadline WHERE keeper_handle IS NOT NULL")
    op.execute(
        "UPDATE contracts SET paper = (SELECT d.identifier FROM documents d WHERE d.id = (SELECT max(n.id) FROM documents n"
        " WHERE n.case_type = 'contract' AND n.case_identifier = contracts.identifier AND n.issued IS NOT NULL))"
    )


def downgrade() -> None:
    """Downgrade schema. A contract nobody has printed yet is printed by the first who signs it."""
    op.drop_column("contracts", "paper")
    op.drop_column("requests", "keeper_until")
