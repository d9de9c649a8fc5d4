"""What the accounts of the books are called: whose each is, where the books know it by a code."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import select

from market.extensions import db
from market.gateways import get_gateway
from models.accounts import Organisation
from models.ledger.books import ACCOUNT_KINDS


def whose(codes: Iterable[str]) -> dict[str, str]:
    """Whose each of these accounts is, by their codes, in one statement.

    The number of a contract, the name of an organisation, a way money takes; of what there is one of alone,
    its kind.
    """
    parted = {code: code.partition(":") for code in codes}
    owed = [of for kind, _colon, of in parted.values() if kind == "payable"]
    named = select(Organisation.uscc, Organisation.name).where(Organisation.uscc.in_(owed))
    names = dict(db.session.execute(named).all()) if owed else {}  # type: ignore[arg-type]
    return {
        code: way_name(of) if kind == "clearing" else names.get(of, of) or _(ACCOUNT_KINDS[kind][0])
        for code, (kind, _colon, of) in parted.items()
    }


def account_words(codes: Iterable[str]) -> dict[str, str]:
    """These accounts by their codes: of what kind each is, and whose."""
    return {
        code: said if ":" not in code else f"{_(ACCOUNT_KINDS[code.partition(':')[0]][0])} {said}"
        for code, said in whose(codes).items()
    }


def way_name(gateway: str) -> str:
    """What a way money takes is called; one that is open no more, by its name."""
    way = get_gateway(gateway)
    return _(way.label) if way else gateway
