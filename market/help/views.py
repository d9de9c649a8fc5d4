"""Help for everybody: a tutorial for each role, the words of the market, and whom to call."""

from __future__ import annotations

from flask import Flask, abort, current_app, render_template
from sqlalchemy import exists, select

from market import glossary as words
from market.demonstration.people import PASSWORD
from market.demonstration.starts import STARTS
from market.extensions import db
from market.help.blueprint import bp
from market.help.desk import desk
from market.help.tutorials import TITLES, for_actor, marked_up
from market.help.tutorials import tutorial as read
from market.identity import current_actor
from models.sourcing.evaluations import Evaluation


@bp.get("")
def index() -> str:
    return render_template("help/index.html", titles=TITLES, own=own_tutorials())


def own_tutorials() -> list[str]:
    """The tutorials of whoever reads."""
    actor = current_actor()
    asked = select(exists().where(Evaluation.evaluator_id == actor.user_id))
    return for_actor(actor, evaluates=actor.user_id is not None and bool(db.session.scalar(asked)))


@bp.get("/glossary")
def glossary() -> str:
    return render_template("help/glossary.html", terms=words.terms().values())


@bp.get("/<role>")
def tutorial(role: str) -> str:
    if role not in TITLES:
        abort(404)
    demo = current_app.config["DEMO"]
    return render_template(
        "help/tutorial.html",
        role=role,
        tutorial=read(role, words.language()),
        starts=STARTS[role] if demo else (),
        password=PASSWORD if demo else "",
    )


def register(app: Flask) -> None:
    """What every template may ask."""
    app.add_template_filter(marked_up)
    app.jinja_env.globals.update(
        desk=desk,
        term_at=words.term_at,
        term_of_option=words.term_of_option,
        first_mention=words.first_mention,
        own_tutorials=own_tutorials,
        tutorial_titles=TITLES,
    )
