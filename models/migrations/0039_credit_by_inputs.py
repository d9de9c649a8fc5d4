"""credit: what the mean reads of ratings, who rates as one, and what scores were

Scores of the rules before are computed anew by night: their version is none that is in effect.

Revision ID: 0039
Revises: 0038
Create Date: 2026-11-28 13:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0039"
down_revision: Union[str, Sequence[str], None] = "0038"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)


def _key(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}_{of}"))


def upgrade() -> None:
    op.create_table(
        "rating_facts",
        sa.Column("rating_id", sa.Integer(), nullable=False),
        sa.Column("rating", sa.String(40), nullable=False),
        sa.Column("by", sa.String(10), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.String(12), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("stars", sa.Double(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("item_mean", sa.Double(), nullable=False),
        sa.Column("above", sa.Double(), nullable=False),
        sa.Column("habit", sa.Double(), nullable=False),
        sa.Column("habit_weight", sa.Double(), nullable=False),
        sa.Column("hidden_at", _AT, nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        _key("rating_facts", "rating_id", "ratings"),
        _key("rating_facts", "agency_id", "organisations"),
        _key("rating_facts", "rater_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_facts")),
        sa.UniqueConstraint("rating_id", name=op.f("uq_rating_facts_rating_id")),
    )
    op.create_index("ix_rating_facts_agency", "rating_facts", ["agency_id", "by", "at"])
    op.create_index("ix_rating_facts_rater", "rating_facts", ["rater_id", "by", "at"])
    op.create_table(
        "item_means",
        sa.Column("by", sa.String(10), nullable=False),
        sa.Column("item_code", sa.String(12), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_means")),
        sa.UniqueConstraint("by", "item_code", name=op.f("uq_item_means_by_item_code")),
    )
    op.create_table(
        "identity_links",
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("tie", sa.String(20), nullable=False),
        sa.Column("found_at", _AT, nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        _key("identity_links", "one_id", "organisations"),
        _key("identity_links", "other_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_links")),
        sa.UniqueConstraint("one_id", "other_id", "tie", name=op.f("uq_identity_links_one_id_other_id_tie")),
    )
    op.create_index(op.f("ix_identity_links_other_id"), "identity_links", ["other_id"])
    op.create_table(
        "credit_history",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("half_width", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(1), nullable=True),
        sa.Column("policy_version", sa.String(40), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        _key("credit_history", "agency_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_history")),
    )
    op.create_index("ix_credit_history_agency", "credit_history", ["agency_id", "at"])
    with op.batch_alter_table("credit_scores") as scores:
        scores.alter_column("policy_version", existing_type=sa.String(12), type_=sa.String(40))
        scores.create_index(op.f("ix_credit_scores_policy_version"), ["policy_version"])


def downgrade() -> None:
    scores = sa.table("credit_scores", sa.column("policy_version", sa.String))
    op.execute(scores.update().values(policy_version="2026-12"))
    with op.batch_alter_table("credit_scores") as kept:
        kept.drop_index(op.f("ix_credit_scores_policy_version"))
        kept.alter_column("policy_version", existing_type=sa.String(40), type_=sa.String(12))
    for table in ("credit_history", "identity_links", "item_means", "rating_facts"):
        op.drop_table(table)
