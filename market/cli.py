"""Commands: the steps around the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask, current_app

from market import jobs
from market.accounts.actions.members import appoint_admin
from market.config import close_to_others
from market.credit.commands import credit
from market.demo import loading
from market.demo.playing import play
from market.extensions import db, migrate
from market.glossary import document
from market.indexing import rebuild_index
from market.seeding import seed_market
from market.serving.lock import Taken, hold
from market.serving.processes import lanes
from market.serving.ready import refusals
from market.serving.supervisor import Supervisor
from models import CASES
from models.actors import SYSTEM
from models.diagrams import describe


def register(app: Flask) -> None:
    for command in (prepare, seed, demo, tick, worker, reindex, workflows, glossary, admin, credit):
        app.cli.add_command(command)


@click.command()
def prepare() -> None:
    """Migrate the database, load the catalogue, and make the index where there is none.

    Where a demonstration was broken off, empty the market first. Safe to run again, but not beside a server,
    which comes after it.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _alone():
        close_to_others(current_app.config)
        migrate()
        if current_app.config["DEMO"] and loading.unfinished():
            click.echo(
                "the demonstration was broken off; it will be played anew, and nothing done meanwhile is kept"
            )
            loading.wipe()
        current_app.extensions["jobs"].prepare()
        seed_market()
        if not current_app.extensions["search"].backend.exists(db.session):
            click.echo(f"index: {rebuild_index()} documents")


@click.command()
def seed() -> None:
    """Add the regions and service items that are missing."""
    seed_market()


@click.command()
@click.option("--days", default=loading.DAYS, show_default=True, help="How long a past to play.")
@click.option("--tenders", default=loading.TENDERS, show_default=True, help="How many tenders to play.")
def demo(days: int, tenders: int) -> None:
    """Load the demonstration into an empty market, or anew where it was broken off.

    Not beside a server, and never in public.
    """
    if not (current_app.config["DEMO"] or current_app.config["TRIAL"]):
        raise click.ClickException(
            "this market is open to the public, and everybody knows the demonstration's password;"
            " set DEMO=1 or TRIAL=1"
        )
    with _alone():
        if not (loading.is_empty() or loading.unfinished()):
            raise click.ClickException("this market is not empty")
        with click.progressbar(length=1000, label="demonstration market", show_pos=False) as bar:
            steps = play(lambda share: bar.update(max(0, int(share * 1000) - bar.pos)), tenders, days)
        click.echo(f"demonstration: {steps} steps")


@click.command()
def tick() -> None:
    """Perform what is due and let the consumers catch up, once; the jobs worker does this every minute."""
    _must_be_fit()
    acted, pieces, handled = jobs.tick()
    click.echo(f"deadlines: {acted} acts, batches: {pieces} pieces, events: {handled} handled")


@click.command()
@click.option(
    "--lane", type=click.Choice(jobs.LANES), help="The lane to be; without one, all of them, a process each."
)
def worker(lane: str | None) -> None:
    """Be a lane of the jobs: what time limits ask for; what follows events; what asks others or prints.

    What takes long.
    """
    _must_be_fit()
    if lane:
        current_app.extensions["jobs"].work(lane)
    else:
        Supervisor(lanes(current_app._get_current_object())).run()  # type: ignore[attr-defined]


@click.command()
def reindex() -> None:
    """Build the search index anew."""
    click.echo(f"index: {rebuild_index()} documents")


@click.command()
def glossary() -> None:
    """Print the words of the market; `make docs` keeps them in docs/glossary.md."""
    click.echo(document())


@click.command()
def workflows() -> None:
    """Print every workflow's table and diagram; `make docs` keeps them in docs/workflows.md."""
    click.echo("# Workflows\n\nMade by `make docs` from the tables in `models/`; see `models/workflow.py`.\n")
    click.echo("\n".join(describe(CASES[name].workflow) for name in sorted(CASES)), nl=False)


@click.command()
@click.argument("email")
@click.option("--name", prompt=True)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def admin(email: str, name: str, password: str) -> None:
    """Appoint an administrator."""
    click.echo(appoint_admin(SYSTEM, email=email, name=name, password=password))


def _must_be_fit() -> None:
    """What is not served is not worked on either."""
    problems = refusals(current_app._get_current_object())  # type: ignore[attr-defined]
    if problems:
        raise click.ClickException("\n".join(["this market may not be worked on:", *problems]))


@contextmanager
def _alone() -> Iterator[None]:
    """While nobody serves this folder, nor plays in it."""
    try:
        lock = hold(current_app.config["HOME_FOLDER"])
    except Taken as taken:
        raise click.ClickException(str(taken)) from taken
    with lock:
        yield
