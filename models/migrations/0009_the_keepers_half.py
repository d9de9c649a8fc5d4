"""the keeper's half

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-26 12:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0009"
down_revision: Union[str, Sequence[str], None] = "0008"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema. Until now whoever opened the bids asked a keeper elsewhere, and every deadline waited
    for its answer.
    """
    op.add_column("requests", sa.Column("keeper_half", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Downgrade schema. A half that is here is asked for again: the keeper gives it out as often as it is
    asked.
    """
    op.drop_column("requests", "keeper_half")
