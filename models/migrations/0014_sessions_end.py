"""sessions that end, second factors, letters, ways to another password

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-26 08:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.base import UTCDateTime


# revision identifiers, used by Alembic.
revision: str = "0014"
down_revision: Union[str, Sequence[str], None] = "0013"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _user(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return sa.Column("user_id", sa.Integer(), nullable=False), sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users")
    )


def _key(table: str) -> tuple[sa.Column[int], sa.PrimaryKeyConstraint]:
    return sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint(
        "id", name=op.f(f"pk_{table}")
    )


def upgrade() -> None:
    """Everybody signs in once more: a cookie of before names no session."""
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("handle", sa.String(16), nullable=False),
        *_user("sign_ins"),
        sa.Column("factor", sa.String(10), nullable=False),
        sa.Column("halfway", sa.Boolean(), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("network", sa.String(50), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        *_key("sign_ins"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
        sa.UniqueConstraint("handle", name=op.f("uq_sign_ins_handle")),
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.create_index(op.f("ix_sign_ins_seen_at"), "sign_ins", ["seen_at"])
    op.create_table(
        "authenticators",
        *_user("authenticators"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        *_key("authenticators"),
        sa.UniqueConstraint("user_id", name=op.f("uq_authenticators_user_id")),
    )
    op.create_table(
        "passkeys",
        *_user("passkeys"),
        sa.Column("handle", sa.String(16), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        *_key("passkeys"),
        sa.UniqueConstraint("handle", name=op.f("uq_passkeys_handle")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"])
    op.create_table(
        "recovery_codes",
        *_user("recovery_codes"),
        sa.Column("code_hash", sa.String(64), nullable=False),
        *_key("recovery_codes"),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])
    op.create_table(
        "letters",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(12), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("text", sa.String(4000), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_letters_user_id_users")),
        *_key("letters"),
    )
    op.create_index(op.f("ix_letters_user_id"), "letters", ["user_id"])
    op.create_index(op.f("ix_letters_address"), "letters", ["address"])
    op.create_index(op.f("ix_letters_done_at"), "letters", ["done_at"])
    op.create_table(
        "password_resets",
        sa.Column("token_hash", sa.String(64), nullable=False),
        *_user("password_resets"),
        sa.Column("until", UTCDateTime(), nullable=False),
        *_key("password_resets"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_resets_token_hash")),
    )
    op.create_index(op.f("ix_password_resets_user_id"), "password_resets", ["user_id"])


def downgrade() -> None:
    """Everybody signs in once more."""
    for table in ("password_resets", "letters", "recovery_codes", "passkeys", "authenticators", "sign_ins"):
        op.drop_table(table)
