"""What is sealed opens only whole and with its key."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models import sealing


@given(plain=st.binary(max_size=200), flip=st.integers(0, 10**6))
def test_what_is_sealed_opens_only_whole_and_with_its_key(plain: bytes, flip: int) -> None:
    public, private = sealing.make_pair()
    sealed = sealing.seal(public, plain)
    assert sealing.open_sealed(private, sealed) == plain
    assert len(plain) < 8 or plain not in sealed.removeprefix(sealing._HPKE_1)
    position = flip % len(sealed)
    broken = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
    with pytest.raises(InvalidTag):
        sealing.open_sealed(private, broken)
    with pytest.raises(InvalidTag):
        sealing.open_sealed(sealing.make_pair()[1], sealed)
