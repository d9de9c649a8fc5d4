"""what was read, how people hear of notices, and the searches they keep

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-27 10:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0026"
down_revision: Union[str, Sequence[str], None] = "0025"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

RESULTS = ("fail", "cancel", "consent", "call_off", "open", "end_auction", "publish_scores")
# What was told before somebody could read or leave it was told long ago: nobody is shown it as new.
KINDS = f"""
UPDATE notifications SET read_at = CURRENT_TIMESTAMP, kind = COALESCE((
    SELECT CASE
        WHEN events.case_type IN ('award', 'objection')
            OR events.kind IN ({", ".join(f"'tender.{act}'" for act in RESULTS)}) THEN 'result'
        WHEN events.kind LIKE '%.remind' OR events.kind LIKE '%.expiring' OR events.kind LIKE '%.expire'
            THEN 'limit'
        ELSE 'case' END
    FROM events WHERE events.id = notifications.event_id
), 'case')
"""


def upgrade() -> None:
    op.add_column("notifications", sa.Column("kind", sa.String(10), nullable=False, server_default="case"))
    op.add_column("notifications", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(KINDS)
    op.create_index("ix_notifications_read_at", "notifications", ["read_at"])
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["organisation_id"],
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.add_column("letters", sa.Column("channel", sa.String(10), nullable=False, server_default="mail"))
    op.create_table(
        "notice_settings",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(12), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notice_settings_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_settings")),
        sa.UniqueConstraint("user_id", name=op.f("uq_notice_settings_user_id")),
    )
    op.create_table(
        "contact_addresses",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_hash", sa.String(64), nullable=True),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_contact_addresses_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_addresses")),
        sa.UniqueConstraint("user_id", "channel", name=op.f("uq_contact_addresses_user_id_channel")),
    )
    op.create_table(
        "digest_entries",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("notification_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_digest_entries_user_id_users")),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_digest_entries_notification_id_notifications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_entries")),
        sa.UniqueConstraint(
            "user_id", "notification_id", name=op.f("uq_digest_entries_user_id_notification_id")
        ),
    )
    op.create_index("ix_digest_entries_notification_id", "digest_entries", ["notification_id"])
    op.create_table(
        "saved_searches",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("item", sa.String(12), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("words", sa.String(60), nullable=False),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_saved_searches_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_searches_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index("ix_saved_searches_organisation_id", "saved_searches", ["organisation_id"])
    op.create_index("ix_saved_searches_item", "saved_searches", ["item"])


def downgrade() -> None:
    for table in ("saved_searches", "digest_entries", "contact_addresses", "notice_settings"):
        op.drop_table(table)
    op.drop_column("letters", "channel")
    op.drop_index("ix_notifications_unread", "notifications")
    op.drop_index("ix_notifications_read_at", "notifications")
    op.drop_column("notifications", "read_at")
    op.drop_column("notifications", "kind")
