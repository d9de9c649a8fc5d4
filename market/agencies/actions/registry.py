"""The comparison of agencies with the business register.

A source that does not answer is tried again; one that sends what cannot be read, or contradicts more of the
market than is likely, ends the comparison, and nothing follows from it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market import permissions
from market.batches import WORKS, Work
from market.business_register import FileSource, HttpSource, RegistrySource
from market.chunks import ChunkSize
from market.extensions import db
from market.files import put_for, store
from market.transaction import action, transaction
from models import batches, clock, policy, printable
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies.checks import open_check
from models.agencies.entry import AgencyProfile, profile_of
from models.agencies.register import Registered, differences
from models.base import Json
from models.batches import Batch, BatchRow
from models.errors import MalformedResponse, Problem, RuleViolation, Unavailable
from models.i18n import N_
from models.regions import within
from models.submissions import Sent

KEPT = 7  # comparisons whose every row is kept; of older ones what they came to


@lru_cache(maxsize=2)
def _file(name: str, folder: str, sha256: str) -> FileSource:
    return FileSource(name, store().get(sha256))


def _source(batch: Batch) -> RegistrySource:
    if "sha256" in batch.options:
        return _file(batch.source, str(store().folder), batch.options["sha256"])
    return HttpSource(current_app.config["REGISTER"], current_app.config["REGISTER_TOKEN"])


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
    permissions.check_act("agencies.registry._compare", actor)
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
        permissions.check_act("agencies.registry._compare", actor)
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
