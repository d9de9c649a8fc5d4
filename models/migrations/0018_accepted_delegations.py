"""delegations that count once the delegate accepted them

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-26 12:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.base import UTCDateTime


# revision identifiers, used by Alembic.
revision: str = "0018"
down_revision: Union[str, Sequence[str], None] = "0017"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Whoever acted by a delegation goes on. One that never gave any power, since nobody has the address or
    its person belongs to an agency or an authority, was accepted by nobody (docs/decisions/0034).
    """
    op.add_column("delegations", sa.Column("accepted_at", UTCDateTime(), nullable=True))
    op.add_column("delegations", sa.Column("laid_down_at", UTCDateTime(), nullable=True))
    op.execute(
        "UPDATE delegations SET accepted_at = CURRENT_TIMESTAMP "
        "WHERE user_id IN (SELECT id FROM users WHERE email IS NOT NULL AND password_hash <> '') "
        "AND user_id NOT IN (SELECT m.user_id FROM memberships m JOIN organisations o ON o.id = m.organisation_id WHERE o.kind <> 'enterprise')"
    )


def downgrade() -> None:
    """What was not accepted, or was laid down, gives no power before it is delegated again."""
    op.execute(
        "UPDATE delegations SET revoked_at = CURRENT_TIMESTAMP WHERE revoked_at IS NULL AND (accepted_at IS NULL OR laid_down_at IS NOT NULL)"
    )
    op.drop_column("delegations", "laid_down_at")
    op.drop_column("delegations", "accepted_at")
