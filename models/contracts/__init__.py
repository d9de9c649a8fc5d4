"""Contracts: from templates and clauses to signatures, deliverables, changes and disputes."""

from models.contracts.agreement import (
    CONTRACT,
    RUNNING,
    UNSIGNED,
    Contract,
    Milestone,
    parts_of,
)
from models.contracts.changes import CHANGES, Change
from models.contracts.clauses import SEVERITIES, TONES, ClauseRule, examine, rule, rules, rules_version
from models.contracts.deliverables import (
    FAULTS,
    REASONS,
    Deliverable,
    DeliverableVersion,
    ReviewOutcome,
    check_answers,
    check_list,
    record_outcome,
    refer_review,
)
from models.contracts.disputes import DISPUTE_FAULTS, OUTCOMES, Dispute
from models.contracts.drafting import deposit_of, draft, plan, revise, split
from models.contracts.materials import Materials, hand_over
from models.contracts.of_contract import OfContract
from models.contracts.signatures import BOXES, FIELDS, METHODS, ContractSignature, check_brought, flaws_of
from models.contracts.templates import (
    ContractTemplate,
    changed_clauses,
    current_template,
    current_templates,
    seed,
    templates_of,
)

__all__ = [
    "BOXES",
    "CHANGES",
    "CONTRACT",
    "DISPUTE_FAULTS",
    "FAULTS",
    "FIELDS",
    "METHODS",
    "OUTCOMES",
    "REASONS",
    "RUNNING",
    "SEVERITIES",
    "TONES",
    "UNSIGNED",
    "Change",
    "ClauseRule",
    "Contract",
    "ContractSignature",
    "ContractTemplate",
    "Deliverable",
    "DeliverableVersion",
    "Dispute",
    "Materials",
    "Milestone",
    "OfContract",
    "ReviewOutcome",
    "changed_clauses",
    "check_answers",
    "check_brought",
    "check_list",
    "current_template",
    "current_templates",
    "deposit_of",
    "draft",
    "examine",
    "flaws_of",
    "hand_over",
    "parts_of",
    "plan",
    "record_outcome",
    "refer_review",
    "revise",
    "rule",
    "rules",
    "rules_version",
    "seed",
    "split",
    "templates_of",
]
