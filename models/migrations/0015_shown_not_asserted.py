"""which mail addresses were shown, letters, what the register said of an enterprise, claims on codes that are
taken, and accounts that wait

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-26 09:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0015"
down_revision: Union[str, Sequence[str], None] = "0014"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

INSTANT = models.base.UTCDateTime(timezone=True)


def _case(table: str, *columns: sa.Column[object] | sa.ForeignKeyConstraint) -> None:
    """A table of cases, with what every case has."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("referred_to", sa.String(6), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("policy_version", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("identifier", name=op.f(f"uq_{table}_identifier")),
    )
    for columns_of in (["state"], ["due_at"], ["region_code"], ["state", "due_at"]):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns_of)}"), table, columns_of)


def _sqlite_users(nullable: bool) -> None:
    """SQLite cannot change a column, and others point at this table: it is put aside, made anew and filled
    again before anybody looks.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(
        "CREATE TABLE users_before AS SELECT id, email, name, password_hash, is_admin, created_at FROM users"
    )
    op.drop_table("users")
    op.create_table(
        "users",
        sa.Column("email", sa.String(254), nullable=nullable),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.execute(
        "INSERT INTO users (id, email, name, password_hash, is_admin, created_at) SELECT id, email, name, password_hash, is_admin, created_at FROM users_before"
    )
    op.drop_table("users_before")


def _email(nullable: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_users(nullable)
    else:
        op.alter_column("users", "email", nullable=nullable)


def upgrade() -> None:
    """Who was here before worked under the address it has: it counts as shown since then
    (docs/decisions/0029).
    """
    _email(nullable=True)
    op.add_column("users", sa.Column("email_asked", sa.String(254), nullable=False, server_default=""))
    op.add_column("users", sa.Column("email_confirmed_at", INSTANT, nullable=True))
    op.create_index("ix_users_email_asked", "users", ["email_asked"])
    op.execute("UPDATE users SET email_confirmed_at = created_at")
    op.add_column("organisations", sa.Column("register_asked_at", INSTANT, nullable=True))
    op.add_column("organisations", sa.Column("unlike", sa.JSON(), nullable=True))
    _case(
        "claims",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("applicant_id", sa.Integer(), nullable=False),
        sa.Column("replaces", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_claims_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["applicant_id"], ["users.id"], name=op.f("fk_claims_applicant_id_users")),
    )
    op.create_index("ix_claims_organisation_id", "claims", ["organisation_id"])
    op.create_index("ix_claims_applicant_id", "claims", ["applicant_id"])
    _case(
        "account_changes",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("bank_name", sa.String(200), nullable=False),
        sa.Column("account_name", sa.String(200), nullable=False),
        sa.Column("account_number", sa.String(40), nullable=False),
        sa.Column("stripe_account", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_account_changes_agency_id_organisations")
        ),
    )
    op.create_index("ix_account_changes_agency_id", "account_changes", ["agency_id"])


def downgrade() -> None:
    """Who has shown no address keeps none that could be signed in with; an account that waits does not come
    into force.
    """
    for table in ("account_changes", "claims"):
        op.drop_table(table)
    op.drop_column("organisations", "unlike")
    op.drop_column("organisations", "register_asked_at")
    op.execute("UPDATE users SET email = 'unconfirmed ' || id WHERE email IS NULL")
    op.drop_index("ix_users_email_asked", "users")
    op.drop_column("users", "email_confirmed_at")
    op.drop_column("users", "email_asked")
    _email(nullable=False)
