"""what accounts are called on pages, where a letter was asked for, and a limit on claims nobody files

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-26 12:30:00

"""

import secrets
from datetime import timedelta
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import clock
from models.base import UTCDateTime


# revision identifiers, used by Alembic.
revision: str = "0020"
down_revision: Union[str, Sequence[str], None] = "0019"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

USERS = sa.table("users", sa.column("id", sa.Integer), sa.column("handle", sa.String))
CLAIMS = sa.table("claims", sa.column("state", sa.String), sa.column("due_at", UTCDateTime))


def upgrade() -> None:
    op.add_column("users", sa.Column("handle", sa.String(16), nullable=False, server_default=""))
    database = op.get_bind()
    rows = [{"key": key, "made": secrets.token_urlsafe(9)} for key in database.scalars(sa.select(USERS.c.id))]
    if rows:
        database.execute(
            sa.update(USERS).where(USERS.c.id == sa.bindparam("key")).values(handle=sa.bindparam("made")),
            rows,
        )
    op.create_index(op.f("ix_users_handle"), "users", ["handle"], unique=True)
    op.add_column("letters", sa.Column("network", sa.String(50), nullable=False, server_default=""))
    waits = sa.update(CLAIMS).where(CLAIMS.c.state == "draft", CLAIMS.c.due_at.is_(None))
    op.execute(
        waits.values(due_at=clock.now() + timedelta(days=14))
    )  # ten working days, without the calendar


def downgrade() -> None:
    op.execute(sa.update(CLAIMS).where(CLAIMS.c.state == "draft").values(due_at=None))
    op.drop_column("letters", "network")
    op.drop_index(op.f("ix_users_handle"), "users")
    op.drop_column("users", "handle")
