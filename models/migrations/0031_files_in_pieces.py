"""uploads: files on their way in; version_attachments: what is handed over beside a report

Revision ID: 0031
Revises: 0029
Create Date: 2026-11-27 05:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
import models.base

# revision identifiers, used by Alembic.
revision: str = "0031"
down_revision: Union[str, Sequence[str], None] = "0030"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("media_type", sa.String(100), nullable=True),
        sa.Column("begun_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_uploads_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("identifier", name=op.f("uq_uploads_identifier")),
    )
    for column in ("user_id", "sha256", "begun_at"):
        op.create_index(op.f(f"ix_uploads_{column}"), "uploads", [column])
    op.create_table(
        "version_attachments",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["deliverable_versions.id"],
            name=op.f("fk_version_attachments_version_id_deliverable_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_version_attachments_document_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_attachments")),
        sa.UniqueConstraint(
            "version_id", "document_id", name=op.f("uq_version_attachments_version_id_document_id")
        ),
    )
    op.create_index(op.f("ix_version_attachments_document_id"), "version_attachments", ["document_id"])


def downgrade() -> None:
    op.drop_table("version_attachments")
    op.drop_table("uploads")
