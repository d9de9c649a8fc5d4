"""Commands: the steps around the server."""

from __future__ import annotations

import click
from flask import Flask, current_app

from market.extensions import alembic, db
from market.transaction import transaction
from models import catalogue


def register(app: Flask) -> None:
    @app.cli.command()
    def prepare() -> None:
        """Migrate the database, load the catalogue and build the index. Safe to run again."""
        alembic.upgrade()
        with transaction() as session:
            regions, items = catalogue.seed(session)
        click.echo(f"catalogue: {regions} regions and {items} items added")
        click.echo(f"index: {rebuild_index()} documents")

    @app.cli.command()
    def reindex() -> None:
        """Build the search index anew."""
        click.echo(f"index: {rebuild_index()} documents")


def rebuild_index() -> int:
    count: int = current_app.extensions["search"].whoosh.rebuild(db.session)
    return count
