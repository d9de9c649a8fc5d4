"""red_flags, and what is kept of opened tenders to find them by

Revision ID: 0053
Revises: 0052
Create Date: 2026-11-29 08:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0053"
down_revision: Union[str, Sequence[str], None] = "0052"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def upgrade() -> None:
    op.create_table(
        "red_flags",
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("about", sa.String(10), nullable=False),
        sa.Column("tender_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.String(40), nullable=False),
        sa.Column("line", sa.String(40), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("found_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("note", sa.String(2000), nullable=True),
        sa.Column("looked_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("looked_by", sa.String(200), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        _of("red_flags", "tender_id", "tenders"),
        _of("red_flags", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_red_flags")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_red_flags_kind_key")),
        sa.UniqueConstraint("identifier", name=op.f("uq_red_flags_identifier")),
    )
    op.create_index("ix_red_flags_area", "red_flags", ["region_code", "line"])
    for column in ("key", "organisation_id", "tender_id"):
        op.create_index(op.f(f"ix_red_flags_{column}"), "red_flags", [column])
    op.create_table(
        "opened_tenders",
        sa.Column("tender_id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("item_code", sa.String(40), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("group_key", sa.String(64), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("difference", sa.Float(), nullable=True),
        sa.Column("at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        _of("opened_tenders", "tender_id", "tenders"),
        _of("opened_tenders", "buyer_id", "organisations"),
        _of("opened_tenders", "winner_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_tenders")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_opened_tenders_tender_id")),
    )
    for name, column in (("item", "item_code"), ("group", "group_key"), ("winner", "winner_id")):
        op.create_index(f"ix_opened_tenders_{name}", "opened_tenders", [column, "id"])
    op.create_table(
        "dealings",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(6), nullable=False),
        sa.Column("bids", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Integer(), nullable=False),
        sa.Column("won", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        _of("dealings", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dealings")),
        sa.UniqueConstraint("organisation_id", "part", name=op.f("uq_dealings_organisation_id_part")),
    )
    op.create_index("ix_dealings_part", "dealings", ["part", "id"])


def downgrade() -> None:
    op.drop_table("dealings")
    op.drop_table("opened_tenders")
    op.drop_table("red_flags")
