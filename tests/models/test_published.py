"""What was sealed, hashed and published by an earlier version still opens and still verifies."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models import draws, sealing
from models.ledger.closing import digest_of

# Made by the version before seals carried one, sealed to the first key and over it to the second.
INNER = bytes.fromhex("e0eeed97162e768bb5af817f5981fb982b310d3a7ea34b40c9aab827bd85d742")
OUTER = bytes.fromhex("404eef18fbff67cbe5eac524d027cbf41646cd743282cba64c5255c4577f3975")
SEALED = bytes.fromhex(
    "b791e5361146e18359672de152204576bc2b3f60db062ef4b2ff83f858286e4faa78b4efd25709700cfc265039c4bbcf92226"
    "7d5b2715c74fcf55c2de69f18d40ac6d018bcd95752c96bb7de35ded35bb3aabad628c5feb4f3fa3d2cec91132abbd80648ff"
    "65b4cf1fd9a496cb5f02c6b4ca5af1514f6fff346431756e5065d5d6e20c23d35c2a9537fcbd10d26c914081fc5bc0f5fba1c"
    "d30f549b1"
)
PLAIN = '{"price":4321700,"note":"老格式"}'.encode()

# Of the draw and the day below, as that version hashed them.
DRAWN = "721f1f75bdf12fda3f79b3bd78f10449c31040516fc1b1b6b0acfad8842e198e"
CLOSED = "0ffd5d389fab43256034683827342f9347de0d2ddb82686d2bd7bf65b8ae2d0c"
DAY = {
    "day": "2026-03-02",
    "previous": "0" * 64,
    "entries": [
        {
            "identifier": "L-2026-000001",
            "key": "deposit:P-2026-000001",
            "kind": "deposit",
            "case": "C-2026-000001",
            "at": "2026-03-02T01:00:00+00:00",
            "lines": [["bank", "escrow:C-2026-000001", 900_000]],
        }
    ],
    "balances": {
        "bank": -900_000,
        "clearing": 0,
        "escrow": 900_000,
        "retention": 0,
        "hold": 0,
        "payable": 0,
        "platform": 0,
    },
}


def test_a_bid_sealed_before_the_upgrade_opens_after_it() -> None:
    assert sealing.open_sealed(INNER, sealing.open_sealed(OUTER, SEALED)) == PLAIN


@given(length=st.integers(0, len(SEALED) - 1), flip=st.integers(0, 8 * len(SEALED) - 1))
def test_one_that_was_changed_or_cut_is_refused_and_nothing_else(length: int, flip: int) -> None:
    """An opening counts a broken seal as a void bid; any other error would stop everybody's."""
    changed = bytearray(SEALED)
    changed[flip // 8] ^= 1 << flip % 8
    of_now = sealing.seal(sealing.make_pair()[0], b"x")
    for broken in (SEALED[:length], bytes(changed), bytes(32) + SEALED[32:], of_now[:length]):
        with pytest.raises(InvalidTag):
            sealing.open_sealed(OUTER, broken)


def test_a_new_seal_says_which_format_it_is_of() -> None:
    public, private = sealing.make_pair()
    sealed = sealing.seal(public, PLAIN)
    assert sealed[:8] == b"gx-hpke1"
    assert sealing.open_sealed(private, sealed) == PLAIN


def test_a_draw_and_a_closed_day_published_before_still_have_their_digest() -> None:
    candidates = ["B-2026-000001", "B-2026-000002", '甲\u2028\t"\x7f']
    said = [{"party": "B-2026-000001", "value": "我们的幸运数字 7"}]
    assert draws.digest("07" * 32, candidates, said).hex() == DRAWN
    assert digest_of(DAY) == CLOSED


names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
whole = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | whole | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(names, inner),
    max_leaves=20,
)


@given(content=st.dictionaries(names, values))
def test_what_we_hash_has_one_form_by_the_rfc_and_as_before(content: dict[str, Any]) -> None:
    """Names of our own, texts and whole numbers: for these RFC 8785 is what docs/verify_draw.py computes."""
    before = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert rfc8785.dumps(content) == before.encode()
    text, receipt = sealing.commitment(content)
    assert hashlib.sha256(text.encode()).hexdigest() == receipt
    assert {**json.loads(text), "nonce": ""} == {**content, "nonce": ""}
