"""How long a text may be: what its column says, in forms, in the rules and in the tables themselves."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String
from wtforms.validators import Length

from market.contracts.forms import ClaimForm
from market.forms import ReasonForm
from market.sourcing.forms import AwardForm, ObjectionForm, QuestionForm
from models.base import Base
from models.contracts.disputes import Dispute
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import REASON_LEAST, REASON_MOST, bounds, check_text
from models.sourcing.awards import Award, Objection
from models.sourcing.clarifications import Clarification
from models.workflow import check_reason


def test_no_text_column_of_any_table_takes_more_than_it_holds() -> None:
    """On SQLite nothing else would refuse it, and on PostgreSQL not in words."""
    tried = 0
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            length = getattr(attribute.columns[0].type, "length", None)
            if isinstance(attribute.columns[0].type, String) and length:
                row = mapper.class_()
                with pytest.raises(RuleViolation) as refused:
                    setattr(row, attribute.key, "字" * (length + 1))
                assert refused.value.field == attribute.key
                setattr(row, attribute.key, "字" * length)
                tried += 1
    assert tried > 200


@pytest.mark.parametrize("column", [Award.reasons, Objection.grounds, Clarification.question, Dispute.claim])
def test_a_rule_asks_the_column(column: Any) -> None:
    least, most = bounds(column)
    said = N_("%(least)s 到 %(most)s 个字")
    assert check_text(column, "  " + "字" * least + "\n", said) == "字" * least
    assert len(check_text(column, "字" * most, said)) == most
    for wrong in ("字" * (least - 1), "字" * (most + 1), " " * most):
        with pytest.raises(RuleViolation) as refused:
            check_text(column, wrong, said)
        assert (refused.value.field, str(refused.value)) == (column.key, f"{least} 到 {most} 个字")


@pytest.mark.parametrize(
    ("form", "column"),
    [
        (AwardForm, Award.reasons),
        (ObjectionForm, Objection.grounds),
        (QuestionForm, Clarification.question),
        (ClaimForm, Dispute.claim),
    ],
)
def test_a_form_asks_the_column_too(app: Flask, form: Any, column: Any) -> None:
    with app.test_request_context("/"):
        field = form()[column.key]
        asked = next(each for each in field.validators if isinstance(each, Length))
    assert asked.max == bounds(column)[1]


def test_a_reason_has_no_column_and_a_length_all_the_same(app: Flask) -> None:
    for needed in (True, False):
        assert check_reason(" " + "字" * REASON_MOST, needed=needed) == "字" * REASON_MOST
        with pytest.raises(RuleViolation):
            check_reason("字" * (REASON_MOST + 1), needed=needed)
    assert check_reason(" ", needed=False) == ""
    with pytest.raises(RuleViolation):
        check_reason("字" * (REASON_LEAST - 1))
    with app.test_request_context("/"):
        field = ReasonForm().reason
        assert next(each for each in field.validators if isinstance(each, Length)).max == REASON_MOST
