"""statements as banks export them

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-26 05:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0010"
down_revision: Union[str, Sequence[str], None] = "0009"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema. What was imported so far left nothing out."""
    op.create_table(
        "statement_layouts",
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("flipped", sa.Boolean(), nullable=False),
        sa.Column("told_by_id", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["users.id"], name=op.f("fk_statement_layouts_told_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_layouts")),
        sa.UniqueConstraint("signature", name=op.f("uq_statement_layouts_signature")),
    )
    op.create_table(
        "waiting_statements",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("brought_by_id", sa.Integer(), nullable=False),
        sa.Column("brought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brought_by_id"], ["users.id"], name=op.f("fk_waiting_statements_brought_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_statements")),
        sa.UniqueConstraint("sha256", name=op.f("uq_waiting_statements_sha256")),
    )
    op.add_column(
        "bank_statements", sa.Column("left_out", sa.Integer(), server_default="0", nullable=False)
    )  # its lines point at it: it is not made anew


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("bank_statements", "left_out")
    op.drop_table("waiting_statements")
    op.drop_table("statement_layouts")
