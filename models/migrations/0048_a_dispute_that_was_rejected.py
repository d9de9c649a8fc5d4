"""the state of a listing whose dispute was rejected is called so, and since when each is known is kept

A second official "confirms" an entry before it counts, which is another thing; from then it is listed, but it
was known before.

Revision ID: 0048
Revises: 0047
Create Date: 2026-11-29 01:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0048"
down_revision: Union[str, Sequence[str], None] = "0047"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)
OLD, NEW = "confirmed", "dispute_rejected"


def _rename(old: str, new: str) -> None:
    op.execute(f"UPDATE external_listings SET state = '{new}' WHERE state = '{old}'")
    _change_events(
        f"UPDATE events SET data = {_replaced('data', old, new)} "
        "WHERE case_type = 'external_listing' AND kind = 'external_listing.reject'"
    )


def _replaced(column: str, old: str, new: str) -> str:
    """A JSON column whose `state` was one, with the other; however its writer spaced it."""
    if op.get_bind().dialect.name == "postgresql":
        return (
            f"CASE WHEN {column}->>'state' = '{old}' THEN "
            f"CAST(jsonb_set(CAST({column} AS jsonb), '{{state}}', '\"{new}\"') AS json) ELSE {column} END"
        )
    return (
        f"CASE WHEN json_extract({column}, '$.state') = '{old}' "
        f"THEN json_set({column}, '$.state', '{new}') ELSE {column} END"
    )


def _change_events(statement: str) -> None:
    """Events are append-only by trigger; a new name of a state is no change of what happened."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE events DISABLE TRIGGER append_only")
        op.execute(statement)
        op.execute("ALTER TABLE events ENABLE TRIGGER append_only")
        return
    op.execute("DROP TRIGGER events_no_update")
    op.execute(statement)
    op.execute(
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events "
        "BEGIN SELECT RAISE(ABORT, 'events is append-only'); END"
    )


def _know() -> None:
    """Since when: since the fetch it rests on was taken, or before, when it began by another."""
    listings = sa.table(
        "external_listings",
        *(sa.column(name) for name in ("id", "identifier", "entry_id")),
        *(sa.column(name, _AT) for name in ("listed_at", "known_at")),
    )
    entries = sa.table("external_entries", sa.column("id"), sa.column("fetch_id"))
    fetches = sa.table("external_fetches", sa.column("id"), sa.column("taken_at", _AT))
    events = sa.table("events", sa.column("kind"), sa.column("case_identifier"), sa.column("at", _AT))
    began = (
        sa.select(sa.func.min(events.c.at, type_=_AT))
        .where(events.c.kind == "external_listing.list", events.c.case_identifier == listings.c.identifier)
        .scalar_subquery()
    )
    query = sa.select(listings.c.id, listings.c.listed_at, began, fetches.c.taken_at).select_from(
        listings.outerjoin(entries, entries.c.id == listings.c.entry_id).outerjoin(
            fetches, fetches.c.id == entries.c.fetch_id
        )
    )
    bind = op.get_bind()
    for key, *instants in bind.execute(query).all():
        known = min(each for each in instants if each is not None)
        bind.execute(listings.update().where(listings.c.id == key).values(known_at=known))


def upgrade() -> None:
    op.execute("ALTER TABLE external_listings RENAME COLUMN confirmed_at TO rejected_at")  # in place
    _rename(OLD, NEW)
    with op.batch_alter_table("external_listings") as listings:  # no other table refers to it
        listings.add_column(sa.Column("known_at", _AT, nullable=True))
    _know()
    with op.batch_alter_table("external_listings") as listings:
        listings.alter_column("known_at", existing_type=_AT, nullable=False)


def downgrade() -> None:
    op.drop_column("external_listings", "known_at")
    _rename(NEW, OLD)
    op.execute("ALTER TABLE external_listings RENAME COLUMN rejected_at TO confirmed_at")
