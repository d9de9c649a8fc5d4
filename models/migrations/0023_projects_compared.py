"""by what the projects of requests are compared

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-26 16:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.sourcing.projects import core


# revision identifiers, used by Alembic.
revision: str = "0023"
down_revision: Union[str, Sequence[str], None] = "0022"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

REQUESTS = sa.table(
    "requests",
    sa.column("id", sa.Integer),
    sa.column("project", sa.String),
    sa.column("project_key", sa.String),
)


def upgrade() -> None:
    op.add_column("requests", sa.Column("project_key", sa.String(200), nullable=False, server_default=""))
    database = op.get_bind()
    rows = [
        {"key": key, "made": core(project)[:200]}
        for key, project in database.execute(sa.select(REQUESTS.c.id, REQUESTS.c.project))
    ]
    if rows:
        database.execute(
            sa.update(REQUESTS)
            .where(REQUESTS.c.id == sa.bindparam("key"))
            .values(project_key=sa.bindparam("made")),
            rows,
        )
    op.create_index("ix_requests_project", "requests", ["buyer_id", "project_key"])
    op.create_index("ix_requests_ended", "requests", ["buyer_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_requests_ended", "requests")
    op.drop_index("ix_requests_project", "requests")
    op.drop_column("requests", "project_key")
