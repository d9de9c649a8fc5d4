"""The credit certificate, printed outside of the act that issues it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.factories import World
from market.agencies.actions import certificates
from market.extensions import db
from models import documents


def test_a_certificate_asked_for_twice_at_once_is_issued_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, other = certificates.letter, []  # type: ignore[var-annotated]

    def another_meanwhile(*arguments: Any, **about: Any) -> bytes:
        if not other:
            other.append(None)
            other[0] = certificates.issue(world.actor("agency"))
        return inner(*arguments, **about)

    monkeypatch.setattr(certificates, "letter", another_meanwhile)
    assert certificates.issue(world.actor("agency")) == other[0]
    assert len(documents.papers_of(db.session, "organisation", world.identifiers["agency"])) == 1
