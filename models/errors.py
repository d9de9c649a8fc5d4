"""Why an act is refused: the exceptions that rules raise, with a text for whoever asked."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Why something was refused, in words for the person who asked.

    `message` is a marked text with `%(name)s` places for `params`; `field` names the form field it
    belongs to, if any. Pages show it at the field; the API answers with `status`.
    """

    status = 422

    def __init__(self, message: str, field: str | None = None, **params: object) -> None:
        super().__init__(
            message % {name: _plain(value) for name, value in params.items()} if params else message
        )
        self.message, self.field, self.params = message, field, params


def _plain(value: object) -> object:
    """A value as a log line says it: of a text kept as `zh` and `en` the first, in which the messages are."""
    return value["zh"] if isinstance(value, dict) and "zh" in value else value


class NotFound(Problem):
    """There is no such thing, or the asker may not know of it."""

    status = 404


class NotAllowed(Problem):
    """The asker has no part in this that would let it act."""

    status = 403


class Unauthorised(NotAllowed):
    """The asker belongs to the organisation, and has no authority to bind it to this."""


class Unconfirmed(NotAllowed):
    """The asker has not shown that its mail address is its own, which all but preparing asks for."""


class WrongState(Problem):
    """The case stands where this act has no place any more, or not yet."""

    status = 409


class Conflict(Problem):
    """Somebody else changed the same thing at the same moment."""

    status = 409


class OutOfDate(Conflict):
    """What the act goes by changed after whoever does it had read it; the page shows it as it is now."""


class RuleViolation(Problem):
    """A rule stops the act; the message names the rule."""


class Unavailable(Problem):
    """Somebody else who was asked does not answer now; what needs it is tried again."""

    status = 503


class MalformedResponse(Problem):
    """Somebody else who was asked sent what cannot be read, or cannot be true."""

    status = 502


def serialize_problem(problem: Problem) -> dict[str, Any]:
    """A problem as it is kept; `words` of it are made when it is shown."""
    return {
        "message": problem.message,
        "params": {key: _kept(value) for key, value in problem.params.items()},
        "field": problem.field,
    }


def _kept(value: object) -> Any:
    """A parameter as it is kept: a problem, a name in both languages and a list of these as they are."""
    if isinstance(value, Problem):
        return serialize_problem(value)
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return value if isinstance(value, dict) else str(value)
