"""what the subject of a credit record stated is kept part by part

Revision ID: 0050
Revises: 0049
Create Date: 2026-11-29 03:50:00

"""

from collections.abc import Sequence as Rows
from typing import Any, Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0050"
down_revision: Union[str, None] = "0049"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)
_ACTS = ("credit_record.defend", "credit_record.defend_partly")
_RECORDS = sa.table(
    "credit_records",
    *(sa.column(name) for name in ("id", "identifier", "statement")),
    sa.column("stated_at", _AT),
)
_PARTS = sa.table(
    "credit_record_statements",
    *(sa.column(name) for name in ("id", "record_id", "statement", "stated_by_id", "stated_by")),
    sa.column("files", sa.JSON()),
    sa.column("stated_at", _AT),
)


def _acts_of(bind: sa.Connection, record: str) -> Rows[Any]:
    """When, by whom and with which files its subject stated something, in order."""
    events = sa.table(
        "events",
        *(sa.column(name) for name in ("id", "kind", "case_identifier", "actor_user_id")),
        sa.column("at", _AT),
        sa.column("data", sa.JSON()),
    )
    users = sa.table("users", sa.column("id"), sa.column("name"))
    query = (
        sa.select(events.c.at, events.c.actor_user_id, users.c.name, events.c.data)
        .select_from(events.outerjoin(users, users.c.id == events.c.actor_user_id))
        .where(events.c.kind.in_(_ACTS), events.c.case_identifier == record)
        .order_by(events.c.id)
    )
    return bind.execute(query).all()


def _files_of(bind: sa.Connection, record: str, acts: Rows[Any]) -> list[str]:
    documents = sa.table(
        "documents", *(sa.column(name) for name in ("id", "identifier", "sha256", "case_identifier"))
    )
    hashes = [
        sha256
        for act in acts
        for sha256 in [act.data.get("sha256"), *act.data.get("attachments", [])]
        if sha256
    ]
    query = sa.select(documents.c.identifier).where(
        documents.c.case_identifier == record, documents.c.sha256.in_(hashes)
    )
    return list(bind.execute(query.order_by(documents.c.id)).scalars())


def _carry_over() -> None:
    """Each act its part where the words tell them apart; else all of it one part, of its first time."""
    bind = op.get_bind()
    stated = bind.execute(sa.select(_RECORDS).where(_RECORDS.c.statement.is_not(None))).all()
    for record in stated:
        acts = _acts_of(bind, record.identifier)
        said = record.statement.split("\n\n")
        each = (
            [(words, [act]) for words, act in zip(said, acts, strict=True)]
            if len(said) == len(acts)
            else [(record.statement, acts)]
        )
        for words, of in each:
            first = of[0] if of else None
            bind.execute(
                _PARTS.insert().values(
                    record_id=record.id,
                    statement=words,
                    files=_files_of(bind, record.identifier, of),
                    stated_at=first.at if first and len(each) > 1 else record.stated_at,
                    stated_by_id=first.actor_user_id if first else None,
                    stated_by=(first.name if first else None) or "",
                )
            )


def upgrade() -> None:
    op.create_table(
        "credit_record_statements",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("statement", sa.String(length=2000), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("stated_at", _AT, nullable=False),
        sa.Column("stated_by_id", sa.Integer(), nullable=True),
        sa.Column("stated_by", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["credit_records.id"],
            name=op.f("fk_credit_record_statements_record_id_credit_records"),
        ),
        sa.ForeignKeyConstraint(
            ["stated_by_id"], ["users.id"], name=op.f("fk_credit_record_statements_stated_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_record_statements")),
    )
    op.create_index(op.f("ix_credit_record_statements_record_id"), "credit_record_statements", ["record_id"])
    _carry_over()
    op.drop_column("credit_records", "statement")  # in place: others refer to the table
    op.drop_column("credit_records", "stated_at")


def downgrade() -> None:
    op.add_column("credit_records", sa.Column("statement", sa.String(length=2000), nullable=True))
    op.add_column("credit_records", sa.Column("stated_at", _AT, nullable=True))
    bind = op.get_bind()
    stated: dict[int, list[Any]] = {}
    for part in bind.execute(sa.select(_PARTS).order_by(_PARTS.c.id)).all():
        stated.setdefault(part.record_id, []).append(part)
    for key, parts in stated.items():
        words = "\n\n".join(part.statement for part in parts if part.statement)
        bind.execute(
            _RECORDS.update()
            .where(_RECORDS.c.id == key)
            .values(statement=words[:2000] or "见证据材料。", stated_at=parts[0].stated_at)
        )
    op.drop_table("credit_record_statements")
