"""Migrations go up, down and up again, and the models ask for nothing they do not hold.

What each makes of the rows it finds: test_rewrites.py.
"""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from harness.factories import World
from market.extensions import alembic, db
from market.transaction import transaction
from models import Base
from models.credit.records import CreditRecord, Suspension
from models.ratings.rating import Rating
from tests.access_matrix import EXPECTED
from tests.every_case import name_the_cases
from tests.web import sign_in

RELEASED = "0009"  # the version of the release before this
SINCE = {
    "violation_reports",
    "report_helpers",
    "complaints",
    "answers",
    "typical_cases",
    "letters",
    "upload_tallies",
    "account_changes",
    "claims",
    "authorisations",
    "agency_events",
    "credit_record_statements",
    "favourites",
    "service_areas",
    "notice_settings",
    "contact_addresses",
    "digest_entries",
    "saved_searches",
    "uploads",
    "version_attachments",
    "messages",
    "message_files",
    "contact_persons",
    "named_contacts",
    "rating_facts",
    "item_means",
    "identity_links",
    "credit_history",
    "rating_signals",
    "follow_ups",
    "rating_appeals",
    "external_fetches",
    "external_entries",
    "external_listings",
    "figures",
    "figure_sources",
    "permit_times",
    "red_flags",
    "opened_tenders",
    "dealings",
}  # tables that came since: what was in them is gone with them


def test_up_down_up_and_autogenerate_finds_nothing(app: Any) -> None:
    tables = set(inspect(db.engine).get_table_names())
    assert set(Base.metadata.tables) < tables
    alembic.downgrade("base")
    db.session.rollback()
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    alembic.upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_market_with_a_case_of_every_kind_goes_through_every_version_since_the_last_release(
    app: Any, world: World, time: Any
) -> None:
    """Down and up with rows in every table that people fill, their keys held to by the database.

    Then its pages open.
    """
    names = name_the_cases(world, time)
    filled = {table: count for table in Base.metadata.tables if (count := _rows(table))}
    by_departments = select(func.count()).select_from(Rating).where(Rating.by == "department")
    filled["ratings"] -= db.session.scalar(by_departments) or 0  # they came since
    db.session.rollback()
    alembic.downgrade(RELEASED)
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert filled.keys() >= {"bank_lines", "ledger_entries", "bids", "contracts"}
    assert len(filled) > 50
    assert {table: _rows(table) for table in filled if table not in SINCE} == {
        table: count for table, count in filled.items() if table not in SINCE
    }
    reader = sign_in(app, world, "regulator")
    for pattern in EXPECTED:
        assert reader.get(pattern.format(**names)).status != 500, pattern


def test_a_market_with_a_case_of_every_kind_goes_through_the_newest_version(world: World, time: Any) -> None:
    """With rows in the tables that came since the last release as well, and in those that refer to them."""
    name_the_cases(world, time)
    with transaction() as session:
        session.add(Suspension(record_id=session.scalar(select(func.min(CreditRecord.id)))))
    filled = {table: count for table in Base.metadata.tables if (count := _rows(table))}
    newest = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    db.session.rollback()
    alembic.downgrade("-1")
    db.session.rollback()
    assert db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one() < newest
    there = set(inspect(db.engine).get_table_names())  # what it made itself is gone with it
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert filled.keys() >= {"credit_record_suspensions", "rating_facts", "external_listings"}
    assert {table: _rows(table) for table in filled.keys() & there} == {
        table: count for table, count in filled.items() if table in there
    }


def _rows(table: str) -> int:
    found = int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    db.session.rollback()
    return found
