"""a draft is told step by step, kept as a template, and says when its result is wanted

Revision ID: 0025
Revises: 0024
Create Date: 2026-11-27 10:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0025"
down_revision: Union[str, Sequence[str], None] = "0024"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """What was drafted before was told at once: NULL in `told`."""
    op.add_column("tenders", sa.Column("told", sa.JSON(), nullable=True))
    op.add_column("tenders", sa.Column("wanted_on", sa.Date(), nullable=True))
    op.add_column("tenders", sa.Column("template_name", sa.String(length=80), nullable=True))
    op.add_column("tenders", sa.Column("begun_with", sa.String(length=60), nullable=True))
    op.create_index("ix_tenders_template", "tenders", ["buyer_id", "template_name"])
    op.create_index(op.f("ix_tenders_begun_with"), "tenders", ["begun_with"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_tenders_begun_with"), "tenders")
    op.drop_index("ix_tenders_template", "tenders")
    for name in ("begun_with", "template_name", "wanted_on", "told"):
        op.drop_column("tenders", name)
