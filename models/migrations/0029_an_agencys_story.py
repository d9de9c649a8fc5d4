"""agency_events: what happened in an agency's cases, in one order

Revision ID: 0029
Revises: 0028
Create Date: 2026-11-27 02:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0029"
down_revision: Union[str, Sequence[str], None] = "0028"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """The consumer of the events fills it by itself, from the first on, beside everything else."""
    op.create_table(
        "agency_events",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("case_type", sa.String(40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_agency_events_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_agency_events_event_id_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_events")),
        sa.UniqueConstraint("agency_id", "event_id", name=op.f("uq_agency_events_agency_id_event_id")),
    )
    op.create_index(op.f("ix_agency_events_event_id"), "agency_events", ["event_id"])
    op.create_index("ix_agency_events_kind", "agency_events", ["agency_id", "case_type", "event_id"])


def downgrade() -> None:
    op.drop_table("agency_events")
