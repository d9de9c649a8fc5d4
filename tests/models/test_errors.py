"""Why an act is refused: the kinds of problem there are."""

from __future__ import annotations

from flask import Flask

from models.errors import Problem, RuleViolation, Unavailable


def _kinds(kind: type[Problem]) -> list[type[Problem]]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_kinds(direct))]


def test_whatever_says_to_come_again_later_is_unavailable_and_tried_again(app: Flask) -> None:
    kinds = [kind for kind in _kinds(Problem) if kind.__module__.startswith(("market", "models"))]
    assert {kind for kind in kinds if kind.status == 503} == {
        kind for kind in kinds if issubclass(kind, Unavailable)
    }
    assert len(kinds) > 12


def test_what_is_kept_in_two_languages_reads_as_one_of_them_in_a_log() -> None:
    problem = RuleViolation(
        "列入%(name)s。", name={"zh": "经营异常名录", "en": "list of abnormal operations"}
    )
    assert str(problem) == "列入经营异常名录。"
    assert problem.params["name"] == {"zh": "经营异常名录", "en": "list of abnormal operations"}
