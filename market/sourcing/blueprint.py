"""The blueprint of the room, and what its pages share."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from flask import Blueprint
from flask_babel import gettext as _
from markupsafe import Markup

from market.case_views import case_url, link, not_found
from market.extensions import db
from market.formatting import format_instant, format_share, person_words
from market.identity import current_actor
from models.sourcing.evaluations import Evaluation
from models.sourcing.tenders import Tender

bp = Blueprint("sourcing", __name__)


def say(message: str, **values: object) -> str:
    """A mode's rule in the reader's language; fractions are said as shares, instants as people read them."""
    return _(message, **{name: _said(value) for name, value in values.items()})


def _said(value: object) -> object:
    if isinstance(value, Fraction):
        return format_share(float(value))
    return format_instant(value) if isinstance(value, datetime) else value


def readable(identifier: str) -> Tender:
    """A tender the reader may see, or NotFound."""
    found = Tender.load(db.session, identifier)
    if not found.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return found


def evaluator_words(evaluation: Evaluation) -> str:
    """An evaluator as the reader may know it.

    By the address it was asked at, by name, or where the reader has a part in it with the organisation too.
    """
    person, actor = evaluation.evaluator, current_actor()
    if not evaluation.named_to(actor):
        return person.address
    return person_words(person) if evaluation.roles_of(actor) else person.name


def tender_link(found: Tender) -> Markup:
    return link(case_url("tender", found.identifier), found.identifier)
