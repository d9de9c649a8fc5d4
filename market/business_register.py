"""The business register as a source: an export as a file, or a service over HTTP.

A source answers for codes it is asked about.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from flask import current_app

from market import spreadsheets
from market.demonstration.register import ExampleRegister
from market.http_client import Declined, ask
from models import uscc
from models.agencies.register import Registered
from models.errors import MalformedResponse, Problem, RuleViolation, Unavailable
from models.i18n import N_

PATIENCE = 20.0  # seconds for a service to answer
AT_ONCE = 50  # codes in one question to a service
MOST = 4 * 1024 * 1024  # bytes of an answer
# The fields of `Registered`, and the headings they have in exports of registers.
HEADINGS: spreadsheets.Headings = {
    "uscc": ("统一社会信用代码", "信用代码"),
    "name": ("名称", "企业名称", "机构名称"),
    "standing": ("登记状态", "经营状态", "状态"),
    "legal_representative": ("法定代表人", "负责人"),
    "registered_address": ("登记地址", "住所", "注册地址"),
    "scope": ("经营范围",),
    "licence_until": ("营业期限至", "营业期限止"),
}


class RegistrySource(Protocol):
    """What is asked of a register."""

    name: str

    def lookup(self, codes: list[str]) -> dict[str, Registered | Problem | None]:
        """Code to what the register has, None where it has nothing, a Problem where its row cannot be read.

        Unavailable if it does not answer, MalformedResponse if the whole answer cannot be read.
        """


def _registered(row: dict[str, object]) -> Registered | Problem:
    try:
        registered = Registered.of(row)
        uscc.read(registered.uscc)
    except RuleViolation as problem:
        return problem
    return registered


class FileSource:
    """An export of the register, CSV or XLSX, as whole as it is."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        rows = spreadsheets.read(content, HEADINGS, ("uscc", "name", "standing"), most=200_000)
        self._rows = {uscc.spelled(row["uscc"]): _registered(dict(row)) for row in rows if row["uscc"]}
        # Whose code a spreadsheet damaged may be anybody: then nobody is missing from this export.
        self._anybody = next(
            (
                said
                for row in rows
                if uscc.damaged(row["uscc"]) and isinstance(said := _registered(dict(row)), Problem)
            ),
            None,
        )

    def lookup(self, codes: list[str]) -> dict[str, Registered | Problem | None]:
        return {code: self._rows.get(code, self._anybody) for code in codes}


class HttpSource:
    """A service that is asked by POST with a bearer token.

    `{"uscc": [...]}` is answered by `{"organisations": [{...}]}`, whose fields are those of `Registered`; a
    code it does not return it does not have.
    """

    def __init__(self, url: str, token: str, patience: float = PATIENCE) -> None:
        self.name, self._url, self._token, self._patience = url, url, token, patience

    def lookup(self, codes: list[str]) -> dict[str, Registered | Problem | None]:
        found: dict[str, Registered | Problem | None] = dict.fromkeys(codes)
        for first in range(0, len(codes), AT_ONCE):
            asked = codes[first : first + AT_ONCE]
            for row in self._ask(asked):
                code = uscc.spelled(str(row.get("uscc")))
                if code not in asked:
                    raise MalformedResponse(N_("登记机关的回答里有没问过的主体。"))
                found[code] = _registered(row)
        return found

    def _ask(self, codes: list[str]) -> list[dict[str, Any]]:
        try:
            said = ask(
                "POST", self._url, {"uscc": codes}, token=self._token, patience=self._patience, most=MOST
            )
        except Declined as error:
            raise Unavailable(N_("登记机关的服务没有答应(%(status)s)。"), status=error.status) from error
        except OSError as error:
            raise Unavailable(N_("登记机关的服务没有回应,稍后会再试。")) from error
        except ValueError as error:
            raise MalformedResponse(N_("登记机关的回答看不懂。")) from error
        rows = said.get("organisations") if isinstance(said, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise MalformedResponse(N_("登记机关的回答看不懂。"))
        return rows


def has_source() -> bool:
    """Whether there is a register to ask: one that is set, or the invented one of the demonstration."""
    return bool(current_app.config["REGISTER"] or current_app.config["DEMO"])


def source(patience: float = PATIENCE) -> RegistrySource | None:
    """The register this market asks about a single code; None where it has none.

    Unavailable where its export cannot be read.
    """
    where = current_app.config["REGISTER"]
    if not where:
        return ExampleRegister() if current_app.config["DEMO"] else None
    if where.startswith(("http://", "https://")):
        return HttpSource(where, current_app.config["REGISTER_TOKEN"], patience)
    try:
        seen = Path(where).stat()
        return _export(where, seen.st_mtime_ns, seen.st_size)
    except OSError as error:
        raise Unavailable(N_("读不到登记机关的导出文件。")) from error


@lru_cache(maxsize=1)
def _export(where: str, _changed: int, _size: int) -> FileSource:
    """The export that is set, read again when it was replaced."""
    return FileSource(Path(where).name, Path(where).read_bytes())
