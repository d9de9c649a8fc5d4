"""An enterprise nobody has looked at yet prepares, and does nothing that others rely on; whoever acts for it is asked the same, at every act.

A code and a name are in every register, so knowing them shows nothing: the entry is compared with the register, or somebody looks at the
licence. An agency's way in has rules of its own (agencies/entry.py, agencies/eligibility.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from models.text import N_, NotAllowed

if TYPE_CHECKING:
    from models.workflow import Case

WHY = N_("“%(name)s”还没有通过核验,现在只能起草,不能发布、签署或委托。请在“本单位”页按提示补正资料或上传营业执照。")
LET_IN = frozenset({"verified", "suspended"})


def check(session: Session, case: Case, act: str, roles: frozenset[str]) -> None:
    """NotAllowed, with what to do, if in one of these roles somebody acts for an enterprise that was not let in, and it is not preparing."""
    if act in case.prepares:
        return
    for role in sorted(roles):
        own = case.side_of(role)
        if own is not None:
            check_let_in(session, own)


def check_let_in(session: Session, organisation: int) -> None:
    """NotAllowed, with what to do, for an enterprise that was not let in."""
    from models.accounts import Organisation

    found = session.get(Organisation, organisation)
    if found is not None and found.kind == "enterprise" and found.state not in LET_IN:
        raise NotAllowed(WHY, name=found.name)
