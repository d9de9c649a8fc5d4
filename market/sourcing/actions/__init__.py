"""From a need to an award: what buyers, agencies and evaluators do, and what the clock does for them."""

from market.sourcing.actions.auction import end_auction, undercut
from market.sourcing.actions.awards import (
    annul,
    answer_objection,
    award,
    dismiss_objection,
    escalate_objection,
    finalise,
    forfeit,
    object_to,
    uphold_objection,
    withdraw_objection,
)
from market.sourcing.actions.bids import submit_bid, withdraw_bid
from market.sourcing.actions.cancelling import (
    ask_cancel,
    call_off,
    cancel,
    consent_to_cancel,
    keep_tender,
    refuse_to_cancel,
)
from market.sourcing.actions.closing import close
from market.sourcing.actions.common import published_price
from market.sourcing.actions.drafting import create_tender, edit_tender
from market.sourcing.actions.keys import fetch_keys, settle_keys
from market.sourcing.actions.opening import open_bids
from market.sourcing.actions.questions import answer_question, ask
from market.sourcing.actions.quotes import (
    accept_quote,
    decline_quote,
    expire_quote,
    offer,
    own_terms,
    submit_quote,
    withdraw_quote,
)
from market.sourcing.actions.scoring import appoint, declare, lapse_evaluation, recuse, score, scored_bids
from market.sourcing.actions.tenders import amend, publish

__all__ = [
    "accept_quote",
    "amend",
    "annul",
    "answer_objection",
    "answer_question",
    "appoint",
    "ask",
    "ask_cancel",
    "award",
    "call_off",
    "cancel",
    "close",
    "consent_to_cancel",
    "create_tender",
    "declare",
    "decline_quote",
    "dismiss_objection",
    "edit_tender",
    "end_auction",
    "escalate_objection",
    "expire_quote",
    "fetch_keys",
    "finalise",
    "forfeit",
    "keep_tender",
    "lapse_evaluation",
    "object_to",
    "offer",
    "open_bids",
    "own_terms",
    "publish",
    "published_price",
    "recuse",
    "refuse_to_cancel",
    "score",
    "scored_bids",
    "settle_keys",
    "submit_bid",
    "submit_quote",
    "undercut",
    "uphold_objection",
    "withdraw_bid",
    "withdraw_objection",
    "withdraw_quote",
]
