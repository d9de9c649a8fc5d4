"""failures and heartbeats of the jobs, long work in pieces

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26 01:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0006"
down_revision: Union[str, Sequence[str], None] = "0005"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# Every table whose cases have limits: what is due is looked for every second, by the state its limit runs in.
CASES = (
    "organisations",
    "checks",
    "requests",
    "quotes",
    "bids",
    "clarifications",
    "evaluations",
    "awards",
    "objections",
    "contracts",
    "contract_materials",
    "deliverables",
    "contract_changes",
    "disputes",
    "payments",
    "payouts",
    "invoices",
    "ratings",
    "credit_records",
)


def upgrade() -> None:
    op.create_table(
        "failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("case_type", sa.String(length=40), nullable=False),
        sa.Column("case_identifier", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
        sa.UniqueConstraint(
            "what",
            "act",
            "case_type",
            "case_identifier",
            "event_id",
            name=op.f("uq_failures_what_act_case_type_case_identifier_event_id"),
        ),
    )
    op.create_index(op.f("ix_failures_next_at"), "failures", ["next_at"], unique=False)
    op.create_table(
        "heartbeats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeats")),
        sa.UniqueConstraint("name", name=op.f("uq_heartbeats_name")),
    )
    for column in ("loaded", "after"):
        op.add_column("batches", sa.Column(column, sa.Integer(), server_default="0", nullable=False))
    # What was done was carried out whole.
    op.execute("UPDATE batches SET loaded = total WHERE state = 'done'")
    for table in CASES:
        op.create_index(op.f(f"ix_{table}_state_due_at"), table, ["state", "due_at"], unique=False)


def downgrade() -> None:
    for table in CASES:
        op.drop_index(op.f(f"ix_{table}_state_due_at"), table_name=table)
    with op.batch_alter_table("batches", schema=None) as batch_op:
        for column in ("loaded", "after"):
            batch_op.drop_column(column)
    op.drop_table("heartbeats")
    op.drop_table("failures")
