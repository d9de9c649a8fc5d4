"""why an awarded agency may not sign now, who did not sign in time, what never came, and which request is run
again

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-26 13:50:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0012"
down_revision: Union[str, Sequence[str], None] = "0011"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("awards", sa.Column("unfit", sa.JSON(), nullable=True))
    op.add_column(
        "contracts", sa.Column("unsigned_by", sa.String(length=8), server_default="", nullable=False)
    )
    op.add_column(
        "deliverables", sa.Column("missed_at", models.base.UTCDateTime(timezone=True), nullable=True)
    )
    op.add_column("requests", sa.Column("again_of", sa.String(length=40), nullable=True))
    op.create_index("ix_requests_again_of", "requests", ["again_of"])
    _what_never_came()


def _what_never_came() -> None:
    """What had not come when this was not noted yet counts as the rest does: late at its limit, or called off
    through the agency's fault.
    """
    deliverables, contracts = (
        sa.table(name, *(sa.column(c) for c in columns))
        for name, columns in (
            ("deliverables", ("state", "contract_id", "submitted_at", "deliver_by", "missed_at")),
            ("contracts", ("id", "ended_through")),
        )
    )
    failed = sa.select(contracts.c.id).where(contracts.c.ended_through == "agency")
    never = sa.or_(
        deliverables.c.state == "late",
        sa.and_(deliverables.c.state == "cancelled", deliverables.c.contract_id.in_(failed)),
    )
    op.execute(
        deliverables.update()
        .where(never, deliverables.c.submitted_at.is_(None))
        .values(missed_at=deliverables.c.deliver_by)
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index("ix_requests_again_of", "requests")
    op.drop_column("requests", "again_of")
    op.drop_column("deliverables", "missed_at")
    op.drop_column("contracts", "unsigned_by")
    op.drop_column("awards", "unfit")
