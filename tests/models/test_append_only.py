"""What is written once stays: through the session and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from harness.factories import PDF, World
from market.extensions import db
from market.messages import actions
from market.transaction import transaction
from models.append_only import AppendOnly
from models.base import Base
from models.events import Event
from models.ledger import days
from tests.models.closing import close_days

TABLES = {mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, AppendOnly)}
TRIGGERS = {
    "postgresql": "SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
    "WHERE tgname = 'append_only'",
    "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = tbl_name || '_no_update' "
    "INTERSECT SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = tbl_name || '_no_delete'",
}


def test_whatever_is_append_only_is_so_in_the_database_and_nothing_else(session: Session) -> None:
    guarded = set(session.scalars(text(TRIGGERS[session.get_bind().dialect.name])))
    assert guarded == {table.__tablename__ for table in TABLES}


def test_neither_a_program_nor_sql_changes_or_deletes_a_row(app: Flask, world: World, time: Any) -> None:
    contract = world.settled_unrated()
    actions.send(world.actor("buyer"), contract, text="见附件", file_name="a.pdf", content=PDF)
    time.instant += timedelta(days=2)
    with transaction() as session:
        assert close_days(session, days.open_day(session) - timedelta(days=1))
    tried = {table for table in TABLES if db.session.scalars(select(table).limit(1)).first()}
    assert {table.__name__ for table in TABLES - tried} == {"LivePrice"}, "nothing was auctioned"
    for table in tried:
        name = table.__tablename__
        column = next(each.key for each in table.__table__.c if not each.primary_key)
        for statement in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"):
            with pytest.raises(DBAPIError, match=f"{name} is append-only"):
                db.session.execute(text(statement))
            db.session.rollback()
        db.session.delete(db.session.scalars(select(table).limit(1)).one())
        _refused(RuntimeError, db.session.flush)
        row = db.session.scalars(select(table).limit(1)).one()
        if table is Event:  # which refuses before anything is flushed
            _refused(AttributeError, lambda row=row, column=column: setattr(row, column, None))
        else:
            setattr(row, column, None)
            _refused(RuntimeError, db.session.flush)


def _refused(kind: type[Exception], act: Callable[[], object]) -> None:
    with pytest.raises(kind, match=r"is append-only|was recorded keeps its"):
        act()
    db.session.rollback()
