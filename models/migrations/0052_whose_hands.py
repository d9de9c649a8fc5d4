"""whose hands a matter lay in, and figures kept as things happen

Revision ID: 0052
Revises: 0051
Create Date: 2026-11-29 15:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0052"
down_revision: Union[str, Sequence[str], None] = "0051"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    # Where they are made anew, all is counted again.
    op.execute("UPDATE cursors SET position = 0 WHERE consumer IN ('permit times', 'figures')")
    op.create_table(
        "figures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(40), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("item_code", sa.String(12), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figures")),
    )
    op.create_index("uq_figures", "figures", ["measure", "region_code", "item_code", "month"], unique=True)
    op.create_table(
        "figure_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_sources")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_figure_sources_source_key")),
    )
    op.create_table(
        "permit_times",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("item_code", sa.String(12), nullable=False),
        sa.Column("began_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("hand", sa.String(40), nullable=True),
        sa.Column("since", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", models.base.UTCDateTime(timezone=True), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("buyer", "agency", "department", "notice", "both", "authority")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_permit_times_contract_id_contracts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_times")),
        sa.UniqueConstraint("contract_id", name=op.f("uq_permit_times_contract_id")),
    )


def downgrade() -> None:
    op.drop_table("permit_times")
    op.drop_table("figure_sources")
    op.drop_index("uq_figures", table_name="figures")
    op.drop_table("figures")
