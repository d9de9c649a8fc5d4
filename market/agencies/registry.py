"""The business register as a source: an export as a file, or a service over HTTP; and the comparison with it.

A source answers for codes it is asked about. One that does not answer is tried again; one that sends what
cannot be read, or contradicts more of the market than is likely, ends the comparison, and nothing follows
from it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market import permissions, spreadsheets
from market.asking import Declined, ask
from market.batches import WORKS, Unavailable, Work
from market.chunks import ChunkSize
from market.demonstration.register import ExampleRegister
from market.extensions import db
from market.files import put_for, store
from market.transaction import action, transaction
from models import batches, clock, policy, printable, uscc
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies import AgencyProfile, Registered, differences, profile_of
from models.agencies.checks import open_check
from models.base import Json
from models.batches import Batch, BatchRow
from models.errors import Problem, RuleViolation
from models.i18n import N_
from models.regions import within
from models.submissions import Sent

KEPT = 7  # comparisons whose every row is kept; of older ones what they came to
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


class MalformedResponse(Problem):
    """A source sent what cannot be read, or cannot be true."""

    status = 502


class RegistrySource(Protocol):
    """What is asked of a register."""

    name: str

    def lookup(self, codes: list[str]) -> dict[str, Registered | Problem | None]:
        """Code to what the register has, None where it has nothing, a Problem where its row cannot be read.

        Away if it does not answer, MalformedResponse if the whole answer cannot be read.
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
    """A service: `POST {"uscc": [...]}` with a bearer token, answered by `{"organisations".

    [{...}]}` whose fields are those of `Registered`; a code it does not return it does not have.
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


@lru_cache(maxsize=2)
def _file(name: str, folder: str, sha256: str) -> FileSource:
    return FileSource(name, store().get(sha256))


def _source(batch: Batch) -> RegistrySource:
    if "sha256" in batch.options:
        return _file(batch.source, str(store().folder), batch.options["sha256"])
    return HttpSource(current_app.config["REGISTER"], current_app.config["REGISTER_TOKEN"])


def has_source() -> bool:
    """Whether there is a register to ask: one that is set, or the invented one of the demonstration."""
    return bool(current_app.config["REGISTER"] or current_app.config["DEMO"])


def source(patience: float = PATIENCE) -> RegistrySource | None:
    """The register this market asks about a single code; None where it has none.

    Away where its export cannot be read.
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


def _compared(batch: Batch, after: int, most: int) -> list[tuple[int, str, dict[str, Any]]]:
    """The next agencies that have been let in; for a regulator those of its area."""
    query = select(Organisation).where(
        Organisation.kind == "agency",
        Organisation.state.in_(("verified", "suspended")),
        Organisation.id > after,
    )
    if batch.options["area"]:  # of a regulator without an area none
        query = query.where(within(Organisation.region_code, batch.options["area"]))
    agencies = db.session.scalars(query.order_by(Organisation.id).limit(most))
    return [
        (agency.id, agency.name, {"agency": agency.identifier, "uscc": agency.uscc}) for agency in agencies
    ]


def _configured() -> tuple[str, str | None]:
    """The source that is set: an export's name and its hash in the store, or a service's address and None."""
    where = current_app.config["REGISTER"]
    if not where:
        raise RuleViolation(N_("还没有设置登记机关的数据源,请上传一份导出表。"), "file")
    if where.startswith(("http://", "https://")):
        return where, None
    try:
        return _readable(SYSTEM, Path(where).name, Path(where).read_bytes())
    except OSError as error:
        raise Unavailable(N_("读不到登记机关的导出文件。")) from error


def _readable(actor: Actor, name: str, content: bytes) -> tuple[str, str]:
    """An export that is one, and its hash in the store.

    Large ones take their time, so they are read and kept before the transaction begins.
    """
    FileSource(name, content)
    return name, put_for(actor, content)


def _begin(session: Session, actor: Actor, name: str, sha256: str | None) -> Batch:
    options: dict[str, Any] = {"sha256": sha256} if sha256 is not None else {}
    options["area"] = (actor.region_code or "none") if "regulator" in actor.roles else ""
    return batches.begin(session, actor, "register", name, [], options, state="listing")


@action
def _compare(session: Session, actor: Actor, *, name: str, sha256: str | None) -> str:
    return _begin(session, actor, name, sha256).identifier


def compare_with_register(
    actor: Actor, *, file_name: str = "", content: bytes = b"", submission: str | Sent = ""
) -> str:
    """The regulator of the whole market compares its agencies with an export, or with the source that is set.

    Returns the batch's identifier; RuleViolation at `file` for what is no export.
    """
    permissions.check_act("agencies._compare", actor)
    db.session.rollback()
    name, sha256 = _readable(actor, file_name or "register", content) if content else _configured()
    return _compare(actor, name=name, sha256=sha256, submission=submission)


def compare_daily() -> None:
    """The clock's comparison, where a source is set.

    A source that cannot even begin is noted as a comparison that failed.
    """
    if not current_app.config["REGISTER"]:
        return
    try:
        name, sha256 = _configured()
        with transaction() as session:
            _begin(session, SYSTEM, name, sha256)
    except Problem as problem:
        if problem.status != 409:  # the one before may still be at it
            with transaction() as session:
                batches.begin(session, SYSTEM, "register", current_app.config["REGISTER"], []).fail(problem)
    _forget()


def _forget() -> None:
    """Drop the rows of old comparisons, so many at a time as hold nobody up."""
    pace, dropped = ChunkSize(), 1
    while dropped:
        with pace.piece() as session:
            dropped = batches.forget_rows(session, "register", KEPT, pace.size)


def _fetch(batch: Batch, rows: list[BatchRow]) -> dict[str, Registered | Problem | None]:
    return _source(batch).lookup([row.content["uscc"] for row in rows])


def _check(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow], fetched: Any) -> None:
    """Keep what the register says of each agency, and which kinds of difference that makes."""
    named = [row.content["agency"] for row in rows]
    pairs = select(Organisation, AgencyProfile).outerjoin(
        AgencyProfile, AgencyProfile.agency_id == Organisation.id
    )
    known = {
        a.identifier: (a, profile)
        for a, profile in session.execute(pairs.where(Organisation.identifier.in_(named)))
    }
    for row in rows:
        said = fetched[row.content["uscc"]]
        if isinstance(said, Problem):
            row.problems = [batches.serialize_problem(said)]
            continue
        agency, profile = known[row.content["agency"]]
        row.content = {
            **row.content,
            "registered": said.stored() if said else None,
            "warnings": _unprintable(said),
        }
        row.result = " ".join(
            differences(agency, profile or AgencyProfile.blank(agency.id), said, clock.today())
        )


def _unprintable(said: Registered | None) -> list[Json]:
    """What is said of a row whose names have characters no paper can show.

    The agency cannot have entered them so, and all else is compared.
    """
    lacking = printable.missing(said.name, said.legal_representative) if said else []
    if not lacking:
        return []
    told = N_("登记的名称里有打印不出来的字:%(characters)s,机构只能用别的写法;名称是否一致,请对照执照。")
    return [batches.serialize_problem(RuleViolation(told, characters=printable.words(lacking)))]


def _load(session: Session, actor: Actor, batch: Batch, rows: list[BatchRow]) -> None:
    """Open a check for every difference that still stands.

    Or, before the first, doubt the register where it contradicts too many.
    """
    if batch.person_id is not None:  # powers may have been lost since
        permissions.check_act("agencies._compare", actor)
    if not batch.loaded:
        _doubt(session, batch)
    for row in rows:
        if row.problems or not row.result:
            continue
        agency = Organisation.lock(session, row.content["agency"])
        said = row.content["registered"]
        registered = Registered.of(said) if said else None
        for kind, evidence in differences(
            agency, profile_of(session, agency), registered, clock.today()
        ).items():
            batch.changed += open_check(session, actor, agency, kind, evidence, batch.source) is not None


def _doubt(session: Session, batch: Batch) -> None:
    """MalformedResponse where the register contradicts more of the market than is likely."""
    differs = select(func.count(BatchRow.id)).where(BatchRow.batch_id == batch.id, BatchRow.result != "")
    count = (session.scalar(differs) or 0) + batch.faulty
    rules = policy.current()
    if (
        count >= rules.number("check.suspicious_least")
        and count > rules.rate("check.suspicious_share") * batch.total
    ):
        raise MalformedResponse(
            N_(
                "有 %(count)s 家机构与登记不符或读不出,多得不像真的;请先核对数据源,这次比对没有发起任何核查。"
            ),
            count=count,
        )


WORKS["register"] = Work(
    _check,
    _load,
    attended=False,
    fetch=_fetch,
    listed=_compared,
    outside=True,
    pace=lambda batch: None if "sha256" in batch.options else int(current_app.config["REGISTER_PER_MINUTE"]),
)
