"""What people do with a contract: draft, sign, hand over, change, dispute; and what the clock does for them."""

from market.contracts.actions.changing import (
    agree_change,
    end_unopposed,
    give_notice,
    lapse_change,
    propose_change,
    refuse_change,
    resume,
    retract,
    withdraw_change,
)
from market.contracts.actions.delivering import (
    accept,
    confirm_materials,
    lapse_delivery,
    lapse_materials,
    miss_materials,
    pass_review,
    refer_deliverable,
    send_back,
    send_for_correction,
    submit,
    supply,
    waive_materials,
    waive_review,
)
from market.contracts.actions.disputing import (
    add_evidence,
    answer_dispute,
    contest,
    decide_dispute,
    file_dispute,
    lapse_answer,
    withdraw_dispute,
)
from market.contracts.actions.drafting import call_off, lapse_signing, publish_template, replace, revise, terminate
from market.contracts.actions.signing import agree, bring_certificate, bring_signature, renew_key

__all__ = [
    "accept", "add_evidence", "agree", "agree_change", "answer_dispute", "bring_certificate", "bring_signature", "call_off",
    "confirm_materials", "contest", "decide_dispute", "end_unopposed", "file_dispute", "give_notice", "lapse_answer", "lapse_change",
    "lapse_delivery", "lapse_materials", "lapse_signing", "miss_materials", "pass_review", "propose_change", "publish_template",
    "refer_deliverable", "refuse_change", "renew_key", "replace", "resume", "retract", "revise", "send_back", "send_for_correction",
    "submit", "supply", "terminate", "waive_materials", "waive_review", "withdraw_change", "withdraw_dispute",
]  # fmt: skip
