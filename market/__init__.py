"""What people do here. `create_app` puts the house together; it migrates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    """The application.

    `settings` replace those of the environment (tests pass their own). WrongSettings where those are wrong.
    """
    from market.application import (
        build,  # only now: a worker of the sandbox imports what it carries out, and no application
    )

    return build(settings)
