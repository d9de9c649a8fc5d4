"""What every market begins with: regions, service items, contract templates, the roots of its signatures."""

from __future__ import annotations

import click
from flask import current_app

from market.transaction import transaction
from models import catalogue
from models.contracts import templates as contract_templates
from models.signing import answers, keys


def seed_market() -> None:
    """Add what of it is not there yet."""
    with transaction() as session:
        regions, items = catalogue.seed(session)
        templates = contract_templates.seed(session)
        keys.establish(session, current_app.extensions["signing_key"])
        answers.prepare(session, current_app.extensions["signing_key"])
    click.echo(f"catalogue: {regions} regions, {items} items and {templates} contract templates added")
