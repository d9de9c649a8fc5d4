"""rating_facts: how much of a rating's contract was seen, and with what weight it counted in a habit

What was counted until now was whole or nothing, and by the classes of value of the first policy: so it is
kept, for what a habit adds up is taken out of it as it went in.

Revision ID: 0043
Revises: 0042
Create Date: 2026-11-28 19:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0043"
down_revision: Union[str, Sequence[str], None] = "0042"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_CLASSES = ((500_000_00, 1.4), (50_000_00, 1.2))


def upgrade() -> None:
    with op.batch_alter_table("rating_facts") as facts:
        facts.add_column(sa.Column("seen_share", sa.Double(), nullable=True))
        facts.add_column(sa.Column("weight", sa.Double(), nullable=True))
    old = sa.table(
        "rating_facts",
        *(sa.column(name) for name in ("seen_share", "weight")),
        sa.column("seen", sa.Boolean),
        sa.column("value", sa.BigInteger),
    )
    of_value = sa.case(*((old.c.value >= least, factor) for least, factor in _CLASSES), else_=1.0)
    op.execute(
        old.update().values(
            seen_share=sa.case((old.c.seen, 1.0), else_=0.0),
            weight=sa.case((old.c.seen, of_value), else_=1.0),
        )
    )
    with op.batch_alter_table("rating_facts") as facts:
        facts.alter_column("seen_share", existing_type=sa.Double(), nullable=False)
        facts.alter_column("weight", existing_type=sa.Double(), nullable=False)
        facts.drop_column("seen")
        facts.drop_column("value")
        facts.create_index("ix_rating_facts_hidden", ["rater_id", "hidden_at"])
    # What scores were made of weighs otherwise now: none stands by the policy in effect until it is made anew.
    scores = sa.table("credit_scores", sa.column("policy_version", sa.String))
    op.execute(scores.update().values(policy_version=""))


def downgrade() -> None:
    with op.batch_alter_table("rating_facts") as facts:
        facts.add_column(sa.Column("seen", sa.Boolean(), nullable=True))
        facts.add_column(sa.Column("value", sa.BigInteger(), nullable=True))
    new = sa.table(
        "rating_facts",
        sa.column("seen", sa.Boolean),
        sa.column("value", sa.BigInteger),
        sa.column("seen_share", sa.Double),
        sa.column("rating_id", sa.Integer),
    )
    ratings = sa.table("ratings", sa.column("id", sa.Integer), sa.column("contract_id", sa.Integer))
    contracts = sa.table("contracts", sa.column("id", sa.Integer), sa.column("price", sa.BigInteger))
    price = (
        sa.select(contracts.c.price)
        .join(ratings, ratings.c.contract_id == contracts.c.id)
        .where(ratings.c.id == new.c.rating_id)
        .scalar_subquery()
    )
    op.execute(new.update().values(seen=new.c.seen_share > 0, value=sa.func.coalesce(price, 0)))
    with op.batch_alter_table("rating_facts") as facts:
        facts.drop_index("ix_rating_facts_hidden")
        facts.alter_column("seen", existing_type=sa.Boolean(), nullable=False)
        facts.alter_column("value", existing_type=sa.BigInteger(), nullable=False)
        facts.drop_column("seen_share")
        facts.drop_column("weight")
