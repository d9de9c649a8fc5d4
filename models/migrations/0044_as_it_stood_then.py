"""limits, suspensions and ends as they stood at any instant, and until when a score holds

Every score is reckoned anew in the next night: what is overdue counts by its lateness so far from now on.

Revision ID: 0044
Revises: 0043
Create Date: 2026-11-28 19:40:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import clock
import models.base

# revision identifiers, used by Alembic.
revision: str = "0044"
down_revision: Union[str, Sequence[str], None] = "0043"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)


def _first_event(of: str, case_type: str, acts: str) -> str:
    """When the first of these acts was done on a case, in SQL."""
    return (
        f"(SELECT min(events.at) FROM events WHERE events.case_type = '{case_type}' "
        f"AND events.case_identifier = {of}.identifier AND events.kind IN ({acts}))"
    )


def upgrade() -> None:
    op.add_column("deliverables", sa.Column("cancelled_at", _AT, nullable=True))
    op.add_column("deliverables", sa.Column("earlier", sa.JSON(), nullable=True))
    called_off = _first_event("deliverables", "deliverable", "'deliverable.cancel'")
    op.execute(
        f"UPDATE deliverables SET cancelled_at = coalesce({called_off}, missed_at) WHERE state = 'cancelled'"
    )
    op.add_column("contracts", sa.Column("ended_at", _AT, nullable=True))
    acts = "'contract.end', 'contract.dissolve', 'contract.terminate', 'contract.call_off'"
    over = _first_event("contracts", "contract", acts)
    op.execute(f"UPDATE contracts SET ended_at = coalesce({over}, signed_at) WHERE ended_through IS NOT NULL")
    op.create_table(
        "credit_record_suspensions",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.Column("until", _AT, nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["credit_records.id"],
            name=op.f("fk_credit_record_suspensions_record_id_credit_records"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_record_suspensions")),
    )
    op.create_index(
        op.f("ix_credit_record_suspensions_record_id"), "credit_record_suspensions", ["record_id"]
    )
    op.execute(
        "INSERT INTO credit_record_suspensions (record_id, since, until) "
        "SELECT id, suspended_at, resumed_at FROM credit_records WHERE suspended_at IS NOT NULL"
    )
    op.drop_column("credit_records", "suspended_at")
    op.drop_column("credit_records", "resumed_at")
    op.add_column("credit_scores", sa.Column("mean", sa.Double(), nullable=True))
    op.add_column("credit_scores", sa.Column("holds_until", _AT, nullable=True))
    scores = sa.table("credit_scores", sa.column("holds_until", _AT))
    op.execute(scores.update().values(holds_until=clock.now()))
    op.create_index(op.f("ix_credit_scores_holds_until"), "credit_scores", ["holds_until"])


def downgrade() -> None:
    """Of the suspensions of a record the last is left."""
    op.drop_index(op.f("ix_credit_scores_holds_until"), "credit_scores")
    op.drop_column("credit_scores", "holds_until")
    op.drop_column("credit_scores", "mean")
    for name, of in (("suspended_at", "since"), ("resumed_at", "until")):
        op.add_column("credit_records", sa.Column(name, _AT, nullable=True))
        op.execute(
            f"UPDATE credit_records SET {name} = (SELECT each.{of} FROM credit_record_suspensions each "
            "WHERE each.record_id = credit_records.id ORDER BY each.id DESC LIMIT 1)"
        )
    op.drop_table("credit_record_suspensions")
    op.drop_column("contracts", "ended_at")
    op.drop_column("deliverables", "earlier")
    op.drop_column("deliverables", "cancelled_at")
