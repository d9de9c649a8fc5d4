"""Batches: long work done a piece at a time.

So everyone sees how far it is, and a kill in the middle loses nothing.

A batch first checks its rows, a piece to a transaction; each row keeps what was found. Then, when every row
is in order and somebody says so (or at once, where nobody needs to), it is carried out, again a piece to a
transaction. Work that goes through all there is of something has no rows; it only keeps how far it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, events, identifiers
from models.actors import Actor
from models.base import Base, Code, Json
from models.errors import Conflict, NotFound, Problem, serialize_problem
from models.i18n import N_
from models.identifiers import Numbered

DEMONSTRATION = "demo"  # not done row by row: whoever loads it moves it
KINDS = {
    "agencies": N_("机构批量入驻"),
    "fees": N_("收费批量公示"),
    "register": N_("与登记机关比对"),
    "scores": N_("信用分重算"),
    DEMONSTRATION: N_("演示数据载入"),
}
STATES = {
    "listing": N_("正在列出对象"),
    "checking": N_("逐行核对中"),
    "checked": N_("核对完成"),
    "loading": N_("正在入库"),
    "done": N_("已完成"),
    "failed": N_("没有完成"),
    "dropped": N_("已放弃"),
}
UNDER_WAY = ("listing", "checking", "loading")


class Batch(Numbered, Base):
    """Long work of one kind, `options` what it needs to know.

    `position` rows of `total` are checked, `faulty` of them not in order, and `loaded` of them carried out;
    `problem` says why the whole stopped, or waits after so many `tries`; `changed` counts what it brought
    about. `after` is the key of the last thing that was gone through, where it goes through all there is.
    `person_id` is who asked for it, None the clock.
    """

    __tablename__ = "batches"
    prefix: ClassVar[str] = "T"

    identifier: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(12), index=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    source: Mapped[str] = mapped_column(String(200))
    total: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    faulty: Mapped[int] = mapped_column(default=0)
    loaded: Mapped[int] = mapped_column(default=0)
    after: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    options: Mapped[Json]
    problem: Mapped[Json | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    worked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    def fail(self, problem: Problem) -> None:
        """It stops here, for this reason; what was carried out before stays."""
        self.state, self.finished_at = "failed", clock.now()
        self.problem = serialize_problem(problem)


class BatchRow(Base):
    """One row: what came in, what was found wrong (a list of problems), what became of it."""

    __tablename__ = "batch_rows"
    __table_args__ = (UniqueConstraint("batch_id", "number"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    number: Mapped[int]
    subject: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[Json]
    problems: Mapped[list[Json]]
    result: Mapped[str] = mapped_column(String(200), default="")


def begin(
    session: Session,
    actor: Actor,
    kind: str,
    source: str,
    rows: list[tuple[str, Json]],
    options: Json | None = None,
    state: str = "checking",
    total: int = 0,
) -> Batch:
    """A new batch of these (subject, content) rows.

    In the state `listing` its rows are found later, in `loading` it goes through a `total` without rows.
    Conflict while one of this kind by the same organisation is under way.
    """
    if under_way(session, kind, actor.organisation_id):
        raise Conflict(N_("同类任务正在进行,请等它结束。"))
    batch = Batch(
        identifier=identifiers.issue(session, Batch),
        kind=kind,
        state=state,
        options=options or {},
        source=source[:200],
        total=total,
        person_id=actor.user_id,
        organisation_id=actor.organisation_id,
    )
    session.add(batch)
    session.flush()
    add_rows(session, batch, rows)
    events.record(
        session, actor, "batch.begin", "batch", batch.identifier, audience="internal", data={"kind": kind}
    )
    return batch


def under_way(session: Session, kind: str, organisation_id: int | None = None) -> str | None:
    """The batch of this kind, asked for by this organisation, that is not through yet."""
    query = select(Batch.identifier).where(
        Batch.kind == kind,
        Batch.organisation_id.is_not_distinct_from(organisation_id),
        Batch.state.in_(UNDER_WAY),
    )
    return session.scalars(query.limit(1)).first()


def add_rows(session: Session, batch: Batch, rows: list[tuple[str, Json]]) -> None:
    """Put (subject, content) rows at a batch's end, in one statement."""
    made = [
        {
            "batch_id": batch.id,
            "number": number,
            "subject": subject[:200],
            "content": content,
            "problems": [],
            "result": "",
        }
        for number, (subject, content) in enumerate(rows, start=batch.total + 1)
    ]
    if made:
        session.execute(insert(BatchRow), made)
        batch.total += len(made)
        session.flush()


def load(session: Session, identifier: str, *, lock: bool = False) -> Batch:
    """The batch with this identifier; NotFound."""
    query = select(Batch).where(Batch.identifier == identifier)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return found


def next_rows(session: Session, batch: Batch, most: int) -> list[BatchRow]:
    """The rows still to be checked, or then to be carried out, in order, at most so many."""
    done = batch.loaded if batch.state == "loading" else batch.position
    query = select(BatchRow).where(BatchRow.batch_id == batch.id, BatchRow.number > done)
    return list(session.scalars(query.order_by(BatchRow.number).limit(most)))


def forget_rows(session: Session, kind: str, keep: int, most: int) -> int:
    """Drop rows, at most so many, of all but the newest batches of a kind.

    What they came to stays with the batch. Returns how many.
    """
    newest = select(Batch.id).where(Batch.kind == kind).order_by(Batch.id.desc()).limit(keep)
    old = select(Batch.id).where(Batch.kind == kind, Batch.id.not_in(newest))
    rows = list(session.scalars(select(BatchRow.id).where(BatchRow.batch_id.in_(old)).limit(most)))
    session.execute(delete(BatchRow).where(BatchRow.id.in_(rows)))
    return len(rows)


def rows_of(session: Session, batch: Batch) -> list[BatchRow]:
    return list(
        session.scalars(select(BatchRow).where(BatchRow.batch_id == batch.id).order_by(BatchRow.number))
    )
