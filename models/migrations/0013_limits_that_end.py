"""to whom an overdue case was referred, the department above a deliverable's own, why a request was
cancelled, and quotes that are sealed until the deadline

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-26 05:50:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0013"
down_revision: Union[str, Sequence[str], None] = "0012"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

CASES = (
    "organisations",
    "checks",
    "requests",
    "quotes",
    "bids",
    "awards",
    "clarifications",
    "evaluations",
    "objections",
    "contracts",
    "deliverables",
    "contract_materials",
    "contract_changes",
    "disputes",
    "payments",
    "payouts",
    "invoices",
    "ratings",
    "credit_records",
)


QUOTED: dict[str, sa.types.TypeEngine[int]] = {
    "price": sa.BigInteger(),
    "days": sa.Integer(),
    "published_price": sa.BigInteger(),
}
FOREIGN = "fk_deliverables_superior_id_organisations"


def upgrade() -> None:
    """Nothing was referred yet: what is overdue is, at the clock's next turn. The tables stay where they are:
    others point at them.
    """
    for table in CASES:
        op.add_column(table, sa.Column("referred_to", sa.String(6), nullable=True))
    op.execute(
        f"ALTER TABLE deliverables ADD COLUMN superior_id INTEGER CONSTRAINT {FOREIGN} REFERENCES organisations (id)"
    )
    op.create_index("ix_deliverables_superior_id", "deliverables", ["superior_id"])
    for (
        column,
        kind,
    ) in QUOTED.items():  # dropped and added: to make the table anew would take it from under its offers
        op.execute(f"ALTER TABLE quotes RENAME COLUMN {column} TO before_{column}")
        op.add_column("quotes", sa.Column(column, kind, nullable=True))
        op.execute(f"UPDATE quotes SET {column} = before_{column}")
        op.drop_column("quotes", f"before_{column}")
    op.add_column("quotes", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("requests", sa.Column("cancel_ground", sa.String(20), nullable=True))


def downgrade() -> None:
    """What is sealed now has no price to show, and would be shown: it is withdrawn."""
    op.execute(
        "UPDATE quotes SET price = 0, days = 0, published_price = 0, state = 'declined', due_at = NULL WHERE sealed IS NOT NULL"
    )
    op.drop_column("quotes", "sealed")
    for column, kind in QUOTED.items():
        op.execute(f"ALTER TABLE quotes RENAME COLUMN {column} TO before_{column}")
        op.add_column("quotes", sa.Column(column, kind, nullable=False, server_default="0"))
        op.execute(f"UPDATE quotes SET {column} = before_{column}")
        op.drop_column("quotes", f"before_{column}")
    op.drop_column("requests", "cancel_ground")
    op.drop_index("ix_deliverables_superior_id", "deliverables")
    op.drop_column("deliverables", "superior_id")
    for table in CASES:
        op.drop_column(table, "referred_to")
