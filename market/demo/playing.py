"""Playing the demonstration into a market, from its beginning to a market that can be searched."""

from __future__ import annotations

from collections.abc import Callable

import click

from market.demo import loading
from market.indexing import rebuild_index
from market.seeding import seed_market
from models import clock


def play(progress: Callable[[float], None], tenders: int = loading.TENDERS, days: int = loading.DAYS) -> int:
    """Play the demonstration, from its beginning where it was broken off, and index it.

    Returns how many steps it has.
    """
    if loading.unfinished():
        loading.wipe()
        seed_market()
    steps = loading.load(clock.now(), tenders, days, progress)
    click.echo(f"index: {rebuild_index()} documents")
    return steps
