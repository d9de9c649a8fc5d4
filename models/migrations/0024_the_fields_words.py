"""tenders, notifications, discrepancies: the tables are called what the field calls them

Revision ID: 0024
Revises: 0023
Create Date: 2026-11-26 18:30:00

"""

import re
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

CONSTRAINT = re.compile(r'CONSTRAINT ("?\w+"?) ')

# revision identifiers, used by Alembic.
revision: str = "0024"
down_revision: Union[str, Sequence[str], None] = "0023"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

TABLES = {
    "requests": "tenders",
    "notices": "notifications",
    "gateway_differences": "gateway_discrepancies",
    "statement_layouts": "bank_statement_layouts",
    "waiting_statements": "unread_bank_statements",
}
COLUMNS = [
    *[
        (table, "request_id", "tender_id")
        for table in (
            "contracts",
            "evaluations",
            "awards",
            "quotes",
            "clarifications",
            "invitations",
            "bids",
            "live_prices",
        )
    ],
    ("events", "tells", "notify"),
    ("credit_records", "agency_id", "subject_id"),
]
# In the names of indexes and constraints; the longer ones first.
WORDS = {
    "credit_records_agency_id": "credit_records_subject_id",
    "request_id": "tender_id",
    "requests": "tenders",
    "gateway_differences": "gateway_discrepancies",
    "statement_layouts": "bank_statement_layouts",
    "waiting_statements": "unread_bank_statements",
    "notices": "notifications",
}


def _in_words(name: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        if new not in name or new in old:
            name = name.replace(old, new)
    return name


def _rename_constraints(words: dict[str, str]) -> None:  # noqa: C901
    """On PostgreSQL each has a name of its own, and so has the sequence of a key. On SQLite the names of
    constraints stand in the text of their table, where SQLite's manual (ALTER TABLE, section 7) has them
    changed through `writable_schema`, and indexes are made anew.
    """
    database = op.get_bind()
    if database.dialect.name == "postgresql":
        for table, name in database.execute(
            sa.text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace "
                "WHERE n.nspname = current_schema() AND conrelid <> 0"
            )
        ).all():
            if (new := _in_words(name, words)) != name:
                op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT "{name}" TO "{new}"')
        for kind, sign in (("INDEX", "i"), ("SEQUENCE", "S")):
            found = database.execute(
                sa.text(
                    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                    "WHERE n.nspname = current_schema() AND relkind = :sign"
                ),
                {"sign": sign},
            )
            for name in found.scalars().all():
                if (new := _in_words(name, words)) != name:
                    op.execute(f'ALTER {kind} "{name}" RENAME TO "{new}"')
        return
    indexes = database.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    ).all()
    for name, sql in indexes:
        if (new := _in_words(name, words)) != name:
            op.execute(f'DROP INDEX "{name}"')
            database.exec_driver_sql(sql.replace(name, new, 1))
    tables = database.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    version = database.exec_driver_sql("PRAGMA schema_version").scalar_one()
    database.exec_driver_sql("PRAGMA writable_schema = ON")
    for name, sql in tables:
        said = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
        new = CONSTRAINT.sub(lambda found: f"CONSTRAINT {_in_words(found[1], words)} ", sql or "")
        if new != (sql or ""):
            database.execute(said, {"sql": new, "name": name})
    database.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    database.exec_driver_sql("PRAGMA writable_schema = OFF")


def _change_events(statement: str) -> None:
    """Events are append-only by trigger; a new name of a case type is no change of what happened. What an event
    quotes in its data (`failure.retry` says which attempt) stays as it was said.
    """
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


def _rename_case_type(old: str, new: str) -> None:
    _change_events(
        f"UPDATE events SET kind = '{new}' || substr(kind, {len(old) + 1}) "
        f"WHERE case_type = '{old}' AND kind LIKE '{old}.%'"
    )
    _change_events(f"UPDATE events SET case_type = '{new}' WHERE case_type = '{old}'")
    op.execute(
        f"UPDATE failures SET act = '{new}' || substr(act, {len(old) + 1}) "
        f"WHERE case_type = '{old}' AND act LIKE '{old}.%'"
    )
    for table in ("failures", "documents"):
        op.execute(f"UPDATE {table} SET case_type = '{new}' WHERE case_type = '{old}'")
    text = "CAST(scope AS TEXT)"
    made = f"""replace({text}, '"{old}"', '"{new}"')"""
    if op.get_bind().dialect.name == "postgresql":
        made = f"CAST({made} AS JSON)"
    op.execute(f"""UPDATE delegations SET scope = {made} WHERE {text} LIKE '%"{old}"%'""")


def _rename_consumer(old: str, new: str) -> None:
    """Where it stands, what it could not do, and that it failed as a whole (or at what it tries again)."""
    op.execute(f"UPDATE cursors SET consumer = '{new}' WHERE consumer = '{old}'")
    op.execute(f"UPDATE failures SET what = '{new}' WHERE what = '{old}'")
    op.execute(
        f"UPDATE failures SET act = replace(act, '{old}', '{new}') "
        f"WHERE what = 'consumers' AND act IN ('{old}', '{old} again')"
    )


def upgrade() -> None:
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    _rename_constraints(WORDS)
    _rename_case_type("request", "tender")
    _rename_consumer("notices", "notifications")


def downgrade() -> None:
    _rename_consumer("notifications", "notices")
    _rename_case_type("tender", "request")
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    for old, new in TABLES.items():
        op.rename_table(new, old)
    _rename_constraints({new: old for old, new in WORDS.items()})
