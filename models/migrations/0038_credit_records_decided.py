"""credit records: what they weigh, and how they are told, answered, decided and end

Revision ID: 0038
Revises: 0037
Create Date: 2026-11-28 12:40:00

"""

from datetime import timedelta
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import clock
from models.base import UTCDateTime

# revision identifiers, used by Alembic.
revision: str = "0038"
down_revision: Union[str, Sequence[str], None] = "0037"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# What standard/2026-12 says of the kinds there were until now.
_ALL = ["entry", "fees", "quote", "bid", "award", "sign"]
KINDS: dict[str, tuple[str, int, list[str]]] = {
    "commitment": ("general", -10, []),
    "revoked": ("severe", -40, _ALL),
    "expired": ("general", -15, ["quote", "bid"]),
    "scope": ("general", -12, []),
    "address": ("minor", -4, []),
    "representative": ("minor", -4, []),
    "name": ("minor", -4, []),
    "unsigned": ("general", -12, []),
    "given_up": ("general", -12, []),
    "not_contracted": ("general", -12, []),
    "late_payment": ("minor", -5, []),
    "code": ("severe", -40, _ALL),
    "unregistered": ("severe", -40, _ALL),
}
TO_NOTIFY = timedelta(days=7)  # five working days
AT = (
    "notified_at",
    "answer_until",
    "stated_at",
    "decided_at",
    "in_force_from",
    "ends_at",
    "published_until",
    "repair_asked_at",
    "repaired_at",
    "revoked_at",
    "suspended_at",
    "resumed_at",
)
TEXTS = {"statement": 2000, "reply": 1000, "decision": 1000, "commitment": 1000}
PEOPLE = ("proposed_by_id", "decided_by_id")


def upgrade() -> None:
    """Whatever was proposed until now is told to nobody yet, and is to be within the days the policy gives."""
    for name in AT:
        op.add_column("credit_records", sa.Column(name, UTCDateTime(), nullable=True))
    for name, most in TEXTS.items():
        op.add_column("credit_records", sa.Column(name, sa.String(most), nullable=True))
    op.add_column("credit_records", sa.Column("months", sa.Integer(), nullable=True))
    for name in PEOPLE:
        key = f"fk_credit_records_{name}_users"
        op.execute(
            f"ALTER TABLE credit_records ADD COLUMN {name} INTEGER CONSTRAINT {key} REFERENCES users (id)"
        )
    needed = {
        "credit_policy": (sa.String(40), "standard/2026-12"),
        "weight": (sa.String(10), "general"),
        "points": (sa.Integer(), "0"),
        "limits": (sa.JSON(), "[]"),
        "recused": (sa.JSON(), "[]"),
        "served": (sa.JSON(), "[]"),
    }
    for name, (kind, first) in needed.items():
        op.add_column("credit_records", sa.Column(name, kind, nullable=False, server_default=first))
    records = sa.table(
        "credit_records",
        sa.column("kind", sa.String),
        sa.column("state", sa.String),
        sa.column("weight", sa.String),
        sa.column("points", sa.Integer),
        sa.column("limits", sa.JSON),
        sa.column("due_at", UTCDateTime()),
    )
    for kind, (weight, points, limits) in KINDS.items():
        op.execute(
            records.update().where(records.c.kind == kind).values(weight=weight, points=points, limits=limits)
        )
    op.execute(records.update().where(records.c.state == "proposed").values(due_at=clock.now() + TO_NOTIFY))
    with op.batch_alter_table("credit_records") as table:
        for name, (kind, _first) in needed.items():
            table.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
    op.create_index("ix_credit_records_ends_at", "credit_records", ["ends_at"])
    op.create_index("ix_credit_records_published_until", "credit_records", ["published_until"])


def downgrade() -> None:
    """What was told, answered or decided since is proposed again as far as the table of that time goes."""
    op.drop_index("ix_credit_records_published_until", "credit_records")
    op.drop_index("ix_credit_records_ends_at", "credit_records")
    op.execute("UPDATE credit_records SET due_at = NULL")
    op.execute(
        "UPDATE credit_records SET state = CASE WHEN state IN ('proposed', 'notified', 'heard', 'in_force', "
        "'repairing', 'suspended') THEN 'proposed' ELSE 'dropped' END"
    )
    with op.batch_alter_table("credit_records") as table:
        for name in (
            *AT,
            *TEXTS,
            *PEOPLE,
            "months",
            "credit_policy",
            "weight",
            "points",
            "limits",
            "recused",
            "served",
        ):
            table.drop_column(name)
