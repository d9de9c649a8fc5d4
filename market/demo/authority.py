"""Who may sign and pay for the demonstration's enterprises and agencies."""

from __future__ import annotations

from datetime import datetime, timedelta

from market.accounts.actions import authorising
from market.demo.evaluating import EXPERTS
from market.demo.stage import Stage, Story
from market.demonstration.people import REGULATOR, voucher
from models import clock
from models.actors import Actor
from models.authorisations import SCOPES


def authorise(stage: Stage, actor: Actor) -> None:
    """Its legal representative shows who he is, and signs and pays for it from then on."""
    letter = authorising.declare(actor, covers=[*SCOPES], until=clock.now() + timedelta(days=730))
    authorising.file(actor, letter, file_name="身份证明.pdf", content=voucher(f"identity {letter}"))
    authorising.accept(stage.actors[REGULATOR], letter)


def letters_story(stage: Stage, until: datetime) -> Story:
    """Two people of the consultancy hand in letters of authorisation, which wait to be checked."""
    yield until - timedelta(days=1)
    for email in EXPERTS[:2]:
        actor, ends = stage.actors[email], until + timedelta(days=365)
        letter = authorising.open_letter(actor, covers=[*SCOPES], until=ends)
        authorising.file(actor, letter, file_name="授权书.pdf", content=voucher(f"letter {letter}"))
