"""lists kept elsewhere: what was fetched, what it said, and whom of this market it is about

Revision ID: 0041
Revises: 0040
Create Date: 2026-11-28 16:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0041"
down_revision: Union[str, Sequence[str], None] = "0040"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _when(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, models.base.UTCDateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "external_fetches",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("whole", sa.String(200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        _when("began_at", nullable=False),
        _when("taken_at"),
        _when("followed_at"),
        *(_count(name) for name in ("entries", "matched", "changed", "ended")),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("busy", sa.String(20), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_external_fetches_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_fetches")),
        sa.UniqueConstraint("busy", name=op.f("uq_external_fetches_busy")),
    )
    op.create_index(op.f("ix_external_fetches_source"), "external_fetches", ["source"])
    op.create_index(op.f("ix_external_fetches_state"), "external_fetches", ["state"])
    op.create_index("ix_external_fetches_taken", "external_fetches", ["source", "taken_at"])
    op.create_table(
        "external_entries",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("list", sa.String(20), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("authority", sa.String(100), nullable=False),
        sa.Column("fetch_id", sa.Integer(), nullable=False),
        sa.Column("until_id", sa.Integer(), nullable=True),
        sa.Column("seen_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [name], ["external_fetches.id"], name=op.f(f"fk_external_entries_{name}_external_fetches")
            )
            for name in ("fetch_id", "until_id", "seen_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_entries")),
    )
    for name in ("uscc", "fetch_id", "until_id"):
        op.create_index(op.f(f"ix_external_entries_{name}"), "external_entries", [name])
    op.create_index("ix_external_entries_source", "external_entries", ["source", "list"])
    op.create_table(
        "external_listings",
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(20), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("credit_policy", sa.String(40), nullable=False),
        _when("listed_at", nullable=False),
        _when("ends_at"),
        sa.Column("dispute", sa.String(2000), nullable=True),
        _when("disputed_at"),
        sa.Column("decision", sa.String(1000), nullable=True),
        _when("answered_at"),
        _when("confirmed_at"),
        _when("removed_at"),
        sa.Column("state", sa.String(40), nullable=False),
        _when("due_at"),
        sa.Column("referred_to", sa.String(6), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("policy_version", sa.String(12), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["organisations.id"], name=op.f("fk_external_listings_subject_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["external_entries.id"], name=op.f("fk_external_listings_entry_id_external_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_listings")),
        sa.UniqueConstraint("identifier", name=op.f("uq_external_listings_identifier")),
    )
    op.create_index("ix_external_listings_of", "external_listings", ["subject_id", "list"])
    for name in ("due_at", "region_code", "state"):
        op.create_index(op.f(f"ix_external_listings_{name}"), "external_listings", [name])
    op.create_index(op.f("ix_external_listings_state_due_at"), "external_listings", ["state", "due_at"])


def downgrade() -> None:
    for table in ("external_listings", "external_entries", "external_fetches"):
        op.drop_table(table)
