"""Help for everybody: the words of the market, and whom to call."""

from __future__ import annotations

from flask import Flask, render_template

from market import glossary as words
from market.help.blueprint import bp
from market.help.desk import desk


@bp.get("")
def index() -> str:
    return render_template("help/index.html")


@bp.get("/glossary")
def glossary() -> str:
    return render_template("help/glossary.html", terms=words.terms().values())


def register(app: Flask) -> None:
    """What every template may ask."""
    app.jinja_env.globals.update(
        desk=desk,
        term_at=words.term_at,
        term_of_option=words.term_of_option,
        first_mention=words.first_mention,
    )
