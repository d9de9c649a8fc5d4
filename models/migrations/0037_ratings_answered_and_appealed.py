"""ratings by departments, replied to, followed up and appealed

Revision ID: 0037
Revises: 0036
Create Date: 2026-11-28 13:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0037"
down_revision: Union[str, Sequence[str], None] = "0036"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _when(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, models.base.UTCDateTime(timezone=True), nullable=nullable)


def _case(table: str, *columns: sa.Column) -> None:
    """A table of cases that hang on a rating, one of each."""
    op.create_table(
        table,
        sa.Column("rating_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("ratee_id", sa.Integer(), nullable=False),
        *columns,
        sa.Column("state", sa.String(length=40), nullable=False),
        _when("due_at"),
        sa.Column("referred_to", sa.String(length=6), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["rating_id"], ["ratings.id"], name=op.f(f"fk_{table}_rating_id_ratings")),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["organisations.id"], name=op.f(f"fk_{table}_rater_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["ratee_id"], ["organisations.id"], name=op.f(f"fk_{table}_ratee_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("identifier", name=op.f(f"uq_{table}_identifier")),
        sa.UniqueConstraint("rating_id", name=op.f(f"uq_{table}_rating_id")),
    )
    for column in ("due_at", "ratee_id", "rater_id", "region_code", "state"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index(op.f(f"ix_{table}_state_due_at"), table, ["state", "due_at"])


def upgrade() -> None:
    with op.batch_alter_table("ratings") as ratings:
        ratings.add_column(sa.Column("about", sa.String(8), nullable=False, server_default="work"))
        ratings.add_column(sa.Column("reply", sa.String(1000), nullable=True))
        ratings.add_column(_when("replied_at"))
        ratings.add_column(_when("appeal_by"))
        ratings.add_column(_when("appealed_at"))
        ratings.add_column(_when("hidden_at"))
        ratings.add_column(sa.Column("hidden_ground", sa.String(12), nullable=True))
        ratings.add_column(sa.Column("hidden_reason", sa.String(1000), nullable=True))
        ratings.drop_constraint(op.f("uq_ratings_contract_id_by"), type_="unique")
        ratings.create_unique_constraint(
            op.f("uq_ratings_contract_id_by_rater_id"), ["contract_id", "by", "rater_id"]
        )
    with op.batch_alter_table("ratings") as ratings:
        ratings.alter_column("about", server_default=None)
    _case(
        "follow_ups",
        _when("contact_by", nullable=False),
        _when("result_by", nullable=False),
        sa.Column("contact", sa.String(1000), nullable=True),
        _when("contacted_at"),
        sa.Column("result", sa.String(2000), nullable=True),
        _when("answered_at"),
        sa.Column("said", sa.String(1000), nullable=True),
        _when("ended_at"),
    )
    _case(
        "rating_appeals",
        sa.Column("ground", sa.String(12), nullable=False),
        sa.Column("claim", sa.String(2000), nullable=False),
        sa.Column("statement", sa.String(2000), nullable=True),
        sa.Column("decision", sa.String(1000), nullable=True),
        _when("filed_at", nullable=False),
        _when("stated_at"),
        _when("decided_at"),
    )


def downgrade() -> None:
    """A department's rating, and a second one, has no place in the tables of before."""
    op.drop_table("rating_appeals")
    op.drop_table("follow_ups")
    ratings = sa.table("ratings", sa.column("by", sa.String), sa.column("state", sa.String))
    op.execute(ratings.delete().where(ratings.c.by == "department"))
    op.execute(ratings.update().where(ratings.c.state == "appealed").values(state="published"))
    # the program of before would show what was hidden
    op.execute("UPDATE ratings SET state = 'lapsed', scores = NULL, comment = NULL WHERE state = 'hidden'")
    with op.batch_alter_table("ratings") as batch:
        batch.drop_constraint(op.f("uq_ratings_contract_id_by_rater_id"), type_="unique")
        batch.create_unique_constraint(op.f("uq_ratings_contract_id_by"), ["contract_id", "by"])
        for column in (
            "hidden_reason",
            "hidden_ground",
            "hidden_at",
            "appealed_at",
            "appeal_by",
            "replied_at",
            "reply",
            "about",
        ):
            batch.drop_column(column)
