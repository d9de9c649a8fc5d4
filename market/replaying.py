"""Commands about credit: a score reckoned again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import click
from sqlalchemy import select

from market.extensions import db
from models import clock
from models.accounts import Organisation
from models.clock import BEIJING
from models.credit.kept import CreditHistory
from models.credit.score import of_agency


@click.group()
def credit() -> None:
    """Scores: reckoned again."""


@credit.command()
@click.argument("agency")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day (Beijing) that counts; today.")
def replay(agency: str, until: datetime | None) -> None:
    """Reckon an agency's score again from its records alone, as it stood at the end of a day.

    Says whether it equals what was kept then; exit status 1 if it does not.
    """
    found = db.session.scalars(
        select(Organisation).where(Organisation.identifier == agency, Organisation.kind == "agency")
    ).one_or_none()
    if found is None:
        raise click.UsageError(f"There is no agency {agency}.")
    at = _end_of(until.date()) if until else clock.now()
    kept = db.session.scalars(
        select(CreditHistory)
        .where(CreditHistory.agency_id == found.id, CreditHistory.at <= at)
        .order_by(CreditHistory.id.desc())
        .limit(1)
    ).one_or_none()
    sheet = of_agency(db.session, found.id, at)
    for line in sheet.lines:
        click.echo(f"{line.name:20} {len(line.evidence):5} {line.points:+8.2f}")
    click.echo(f"{'reckoned':20} {sheet.score:14.1f} {sheet.grade or '-'} by {sheet.policy}")
    if kept is None:
        click.echo("nothing was kept by then")
        return
    click.echo(f"{'kept':20} {kept.score / 10:14.1f} {kept.grade or '-'} by {kept.policy_version}")
    if (round(sheet.score * 10), sheet.grade) != (kept.score, kept.grade):
        click.echo("they differ")
        raise SystemExit(1)
    click.echo("equal")


def _end_of(day: date) -> datetime:
    """The last instant of a day in Beijing, or now if that is earlier."""
    end = datetime.combine(day + timedelta(days=1), time(), BEIJING) - timedelta(microseconds=1)
    return min(end, clock.now())
