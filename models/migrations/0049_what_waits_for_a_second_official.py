"""what a site says otherwise of a confirmed entry waits for a second official

A listing knows what waits, and the days it rested on before; a fetch which columns of its file it left unread;
an entry the first fetch by which somebody of ours brought it in, however often it was fetched since.

Revision ID: 0049
Revises: 0048
Create Date: 2026-11-29 04:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0049"
down_revision: Union[str, Sequence[str], None] = "0048"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)
# Where a listing goes that waits for a second official, which the version before knows nothing of.
BACK = {"listed_changing": "listed", "rejected_changing": "dispute_rejected"}
BROUGHT = "fk_external_entries_brought_id_external_fetches"
KEYS = {"change_id": "external_entries", "change_fetch_id": "external_fetches"}


def _name(column: str) -> str:
    return op.f(f"fk_external_listings_{column}_{KEYS[column]}")


def upgrade() -> None:
    op.add_column("external_fetches", sa.Column("ignored", sa.String(200), nullable=True))
    op.execute(  # in place: listings refer to this table
        "ALTER TABLE external_entries ADD COLUMN brought_id INTEGER "
        f"CONSTRAINT {BROUGHT} REFERENCES external_fetches (id)"
    )
    for fetch in ("fetch_id", "seen_id"):
        op.execute(
            f"UPDATE external_entries SET brought_id = {fetch} WHERE brought_id IS NULL AND {fetch} IN "
            "(SELECT id FROM external_fetches WHERE by_id IS NOT NULL AND taken_at IS NOT NULL)"
        )
    op.create_index("ix_external_entries_brought_id", "external_entries", ["brought_id"])
    with op.batch_alter_table("external_listings") as listings:  # no other table refers to it
        listings.add_column(sa.Column("change_id", sa.Integer(), nullable=True))
        listings.add_column(sa.Column("change_fetch_id", sa.Integer(), nullable=True))
        listings.add_column(sa.Column("change_removes", sa.Boolean(), nullable=True))
        listings.add_column(sa.Column("change_declined_at", _AT, nullable=True))
        listings.add_column(sa.Column("earlier", sa.JSON(), nullable=True))
        for column, table in KEYS.items():
            listings.create_foreign_key(_name(column), table, [column], ["id"])


def downgrade() -> None:
    for state, back in BACK.items():
        op.execute(
            f"UPDATE external_listings SET state = '{back}', due_at = ends_at, referred_to = NULL "
            f"WHERE state = '{state}'"
        )
    with op.batch_alter_table("external_listings") as listings:
        for column in KEYS:
            listings.drop_constraint(_name(column), type_="foreignkey")
        for column in (*KEYS, "change_removes", "change_declined_at", "earlier"):
            listings.drop_column(column)
    op.drop_index("ix_external_entries_brought_id", "external_entries")
    op.drop_column("external_entries", "brought_id")
    op.drop_column("external_fetches", "ignored")
