"""Actions that carry out one move of a case and write nothing else, made from its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from market.transaction import action
from models.actors import Actor
from models.cases import Case
from models.workflow import perform

C = TypeVar("C", bound=Case)


def case_action(
    module: str,
    case_class: type[C],
    act: str,
    *,
    name: str = "",
    then: Callable[[Session, C], object] | None = None,
) -> Callable[..., str]:
    """The action `(actor, identifier, reason="")` of an act: the case locked, the move made, then `then`.

    `module` is the `__name__` of where it stands, `name` what it is called there, if not as the act is. It
    returns the case's identifier. Who may, and whether a reason must be given, the case's table says.
    """

    def carry_out(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
        case = case_class.lock(session, identifier)
        perform(session, case, act, actor, reason=reason)
        if then is not None:
            then(session, case)
        return case.identifier

    carry_out.__module__, carry_out.__name__ = module, name or act
    return action(carry_out)
