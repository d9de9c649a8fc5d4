"""What the people of the demonstration write to each other, and whom they name to be called.

Their dice are their own: what they say changes nobody's luck.
"""

from __future__ import annotations

from random import Random

from market.demo.stage import SEED, Stage
from market.demonstration import words
from market.demonstration.people import person, voucher
from market.extensions import db
from market.messages import actions
from models import contacts
from models.actors import Actor

SHARE = 0.4  # of the contracts on which somebody asks


def name_contact(party: Actor, case: str) -> None:
    """A party names somebody to be called, whom it lists where there is nobody yet.

    Their numbers begin with a 0 after the place's, as no number does that can be called.
    """
    organisation = party.organisation_id or 0
    db.session.rollback()
    if not contacts.listed(db.session, organisation):
        random = Random(f"{SEED} contact {organisation}")
        actions.add_contact(
            party,
            name=person(random),
            purpose=random.choice(words.PURPOSES),
            phone=f"0971-0{organisation:06d}",
            email="",
        )
    db.session.rollback()
    actions.name_contact(party, case, person=contacts.listed(db.session, organisation)[0].id)


def ask(stage: Stage, contract: str, item_code: str, worker: Actor) -> str:
    """The agency may ask the buyer something at the beginning; what it will be answered, or nothing."""
    if stage.tongue.random() >= SHARE:
        return ""
    family = words.family(item_code)
    question, answer = stage.say(f"message {family.name}", family.messages)
    actions.send(
        worker, contract, text=question, file_name="资料清单.pdf", content=voucher(f"{contract} list")
    )
    return answer


def answer(contract: str, owner: Actor, said: str) -> None:
    if said:
        actions.send(owner, contract, text=said)
