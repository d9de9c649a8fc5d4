"""what a buyer said of whether a request repeats another; a request whose contract was never signed came to
nothing

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-26 13:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0019"
down_revision: Union[str, Sequence[str], None] = "0018"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("again_said", sa.String(40), nullable=True))
    op.add_column("requests", sa.Column("again_not", sa.JSON(), nullable=True))
    op.add_column("quotes", sa.Column("renewed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_requests_again_said"), "requests", ["again_said"])
    op.execute(
        "UPDATE requests SET state = 'failed', due_at = NULL WHERE state = 'contracted' "
        "AND EXISTS (SELECT 1 FROM contracts c WHERE c.request_id = requests.id) "
        "AND NOT EXISTS (SELECT 1 FROM contracts c WHERE c.request_id = requests.id AND (c.state <> 'terminated' OR c.signed_at IS NOT NULL))"
    )


def downgrade() -> None:
    op.execute("UPDATE requests SET state = 'contracted', due_at = NULL WHERE state = 'revoking'")
    op.drop_index(op.f("ix_requests_again_said"), "requests")
    op.drop_column("quotes", "renewed")
    op.drop_column("requests", "again_not")
    op.drop_column("requests", "again_said")
