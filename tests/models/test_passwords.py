"""Passwords: what is too weak, and how one is kept."""

from __future__ import annotations

import pytest

from models import passwords
from models.accounts import User
from models.errors import RuleViolation


def test_passwords_are_long_and_kept_as_argon2() -> None:
    for weak in ("short", "aaaaaaaaaaaa", "abababababab"):
        with pytest.raises(RuleViolation):
            passwords.check(weak)
    user = User(email="a@example.cn", name="a")
    user.set_password("correct horse battery")
    assert user.password_hash.startswith("$argon2id$")
    assert user.check_password("correct horse battery")
    assert not user.check_password("wrong horse battery")
    user.password_hash = "broken"
    assert not user.check_password("correct horse battery")
