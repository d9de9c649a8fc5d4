"""What somebody may do whose mail address was not shown to be his: look round, and prepare what is his own. Every act goes through here,
and one that is not named may not be done: publishing, offering, signing, paying, delegating, inviting, and whatever comes to be added.

That an enterprise whose entry was not looked at yet only prepares is another rule, since others may act for it: models/shown.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.actors import Actor
from models.text import N_, NotAllowed

# By module and function: drafts, one's own entry, one's own account, and showing the address.
OPEN = frozenset(
    {
        "market.accounts.actions.change_password",
        "market.accounts.actions.register",  # as nobody, whoever is signed in
        "market.accounts.claiming.withdraw_claim",
        "market.accounts.confirming._change_address",
        "market.accounts.confirming._confirm",
        "market.accounts.confirming.send_again",
        "market.accounts.entering.correct",
        "market.agencies.actions.entry.add_practitioner",
        "market.agencies.actions.entry.fill",
        "market.agencies.actions.entry.hand_in_material",
        "market.agencies.actions.entry.remove_practitioner",
        "market.sourcing.actions.requests.create_request",
        "market.sourcing.actions.requests.edit_request",
    }
)
ACTS: dict[str, Callable[..., Any]] = {}  # every act there is


def name_of(function: Callable[..., Any]) -> str:
    """What an act is called here."""
    return f"{function.__module__}.{function.__name__}"


def check(actor: Actor, act: str) -> None:
    """NotAllowed, with what to do, for an act that an address has to be shown for first."""
    if not actor.confirmed and act not in OPEN:
        raise NotAllowed(N_("请先确认您的邮箱:打开我们发到邮箱的链接即可。确认之前可以随便看、填写自己的草稿,但不能发布、报价、签署、付款或委托他人。"))
