"""Commands about credit: a score reckoned again, a policy tried on the whole market, lists brought in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from market.credit.actions.external import bring_in
from market.credit.actions.fetching import fetch_one
from market.extensions import db
from market.formatting import problem_text
from market.spreadsheets import as_csv
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM
from models.clock import BEIJING
from models.credit import policy
from models.credit.evidence import Sheet
from models.credit.external import ExternalFetch
from models.credit.past import CreditHistory
from models.credit.policy import CreditPolicy
from models.credit.score import of_agencies, of_agency
from models.errors import Problem, RuleViolation


@click.group()
def credit() -> None:
    """Scores reckoned again, and as another policy would have them; lists that others keep brought in."""


@credit.command()
@click.argument("agency")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day (Beijing) that counts; today.")
def replay(agency: str, until: datetime | None) -> None:
    """Reckon an agency's score again from its records alone, as it was last kept by the end of a day.

    By the version of the policy that was kept with it, whichever is in effect now. Says whether it equals
    what was kept; exit status 1 if it does not.
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
    if kept is not None:
        at = kept.at
    sheet = of_agency(db.session, found.id, at, policy.get(kept.policy_version) if kept else None)
    click.echo(f"as of {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}")
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


@credit.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--source", required=True, help="Which site says so: gsxt, creditchina, province, city.")
@click.option("--whole", multiple=True, help="A list of which the file is all there is: abnormal, serious.")
@click.option(
    "--sure", is_flag=True, help="Also where less than half of what a whole list had is left, or nothing."
)
def external(file: Path | None, source: str, whole: tuple[str, ...], sure: bool) -> None:
    """Bring in who is on a list others keep, from FILE (CSV, XLSX) or from the address set for the source.

    All or nothing; exit status 1 with every cell that cannot be taken.
    """
    try:
        if file is None:
            key = fetch_one(SYSTEM, source)
        else:
            key = bring_in(
                SYSTEM,
                source=source,
                file_name=file.name,
                content=file.read_bytes(),
                whole=whole,
                sure=sure,
                way="command",
            )
    except Problem as wrong:
        with current_app.test_request_context():  # whose language the words are in
            raise click.ClickException(problem_text(wrong)) from None
    taken = db.session.get_one(ExternalFetch, int(key))
    click.echo(
        f"{taken.entries} entries, {taken.matched} of organisations here, {taken.unmatched} of others;"
        f" {taken.changed} new or changed, {taken.ended} over"
    )


PIECE = 500  # agencies that are reckoned together


@credit.command()
@click.argument("policy_name", metavar="POLICY")
def simulate(policy_name: str) -> None:
    """Reckon every agency by another policy, and print as CSV who would move, from where to where, and why.

    POLICY is a version we have (three_party/2026-12) or a file with one. Nothing is kept.
    """
    rules, now = _policy_called(policy_name), clock.now()
    moved: list[list[object]] = []
    last = 0
    while agencies := _next_agencies(last):
        last, keys = agencies[-1].id, [each.id for each in agencies]
        before, after = of_agencies(db.session, keys, now), of_agencies(db.session, keys, now, rules)
        for each in agencies:
            old, new = before[each.id], after[each.id]
            if (old.score, old.grade) == (new.score, new.grade):
                continue
            moved.append(
                [each.identifier, each.name, old.score, old.grade, new.score, new.grade, _why(old, new)]
            )
        db.session.rollback()
    heading = ["agency", "name", "score", "grade", "new_score", "new_grade", "because"]
    click.echo(as_csv([heading, *moved]), nl=False)
    click.echo(f"{len(moved)} would move by {rules.name}", err=True)


def _policy_called(name: str) -> CreditPolicy:
    try:
        path = Path(name)
        return policy.read(path.read_text(encoding="utf-8"), "draft") if path.is_file() else policy.get(name)
    except KeyError:
        raise click.UsageError(f"There is no credit policy {name}.") from None
    except RuleViolation as wrong:
        raise click.UsageError(f"{name}: {wrong.message % wrong.params}") from None


def _next_agencies(after: int) -> list[Organisation]:
    query = select(Organisation).where(Organisation.kind == "agency", Organisation.id > after)
    return list(db.session.scalars(query.order_by(Organisation.id).limit(PIECE)))


def _why(old: Sheet, new: Sheet) -> str:
    """The input that brings most of the difference, and by how many points."""
    before = {line.name: line.points for line in old.lines}
    after = {line.name: line.points for line in new.lines}
    names = sorted(before.keys() | after.keys())
    brought = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in names}
    name = max(names, key=lambda each: abs(brought[each]))
    return f"{name} {brought[name]:+.1f}"


def _end_of(day: date) -> datetime:
    """The last instant of a day in Beijing, or now if that is earlier."""
    if day >= clock.today():
        return clock.now()
    return datetime.combine(day + timedelta(days=1), time(), BEIJING) - timedelta(microseconds=1)
