"""Referring what is overdue to the level above, and what that level may do anywhere.

Set a new limit for whoever is awaited.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.transaction import action
from models import CASES
from models.actors import Actor
from models.referrals import refer

Act = Callable[..., str]


@cache
def refers(kind: str) -> Act:
    """The clock's act on a case of this type whose limit ran out.

    The authority above is told, and may act.
    """

    def refer_case(session: Session, actor: Actor, identifier: str) -> str:
        refer(session, CASES[kind].lock(session, identifier))
        return identifier

    refer_case.__name__ = f"refer_{kind}"
    return action(refer_case)


@cache
def urges(kind: str) -> Act:
    """The regulator a case was referred to urges whoever it waits for (督办).

    They have a new limit from now.
    """
    return case_action(__name__, CASES[kind], "urge", name=f"urge_{kind}")
