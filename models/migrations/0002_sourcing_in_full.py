"""sourcing in full

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 23:37:13.455309

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base
from models.append_only import triggers


# revision identifiers, used by Alembic.
revision: str = "0002"
down_revision: Union[str, Sequence[str], None] = "0001"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _forbid_changes():
    """The record of an auction is append-only in the database too, as offers are since 0001."""
    for statement in triggers("live_prices", op.get_bind().dialect.name):
        op.execute(statement)


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "clarifications",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=1000), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.Column("asked_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["organisations.id"], name=op.f("fk_clarifications_asker_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_clarifications_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_clarifications_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarifications")),
        sa.UniqueConstraint("identifier", name=op.f("uq_clarifications_identifier")),
    )
    op.create_index(op.f("ix_clarifications_due_at"), "clarifications", ["due_at"], unique=False)
    op.create_index(op.f("ix_clarifications_region_code"), "clarifications", ["region_code"], unique=False)
    op.create_index(op.f("ix_clarifications_request_id"), "clarifications", ["request_id"], unique=False)
    op.create_index(op.f("ix_clarifications_state"), "clarifications", ["state"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("evaluator_id", sa.Integer(), nullable=False),
        sa.Column("score_by", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("sheet", sa.JSON(), nullable=True),
        sa.Column("conflict", sa.String(length=1000), nullable=True),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_evaluations_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["evaluator_id"], ["users.id"], name=op.f("fk_evaluations_evaluator_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_evaluations_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint("identifier", name=op.f("uq_evaluations_identifier")),
        sa.UniqueConstraint(
            "request_id", "evaluator_id", name=op.f("uq_evaluations_request_id_evaluator_id")
        ),
    )
    op.create_index(op.f("ix_evaluations_due_at"), "evaluations", ["due_at"], unique=False)
    op.create_index(op.f("ix_evaluations_evaluator_id"), "evaluations", ["evaluator_id"], unique=False)
    op.create_index(op.f("ix_evaluations_region_code"), "evaluations", ["region_code"], unique=False)
    op.create_index(op.f("ix_evaluations_state"), "evaluations", ["state"], unique=False)
    op.create_table(
        "live_prices",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name=op.f("fk_live_prices_bid_id_bids")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_live_prices_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_prices")),
    )
    op.create_index(op.f("ix_live_prices_request_id"), "live_prices", ["request_id"], unique=False)
    op.create_table(
        "objections",
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("objector_id", sa.Integer(), nullable=False),
        sa.Column("grounds", sa.String(length=2000), nullable=False),
        sa.Column("statement", sa.String(length=2000), nullable=True),
        sa.Column("decision", sa.String(length=2000), nullable=True),
        sa.Column("created_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_objections_award_id_awards")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_objections_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["objector_id"], ["organisations.id"], name=op.f("fk_objections_objector_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        sa.UniqueConstraint("award_id", "objector_id", name=op.f("uq_objections_award_id_objector_id")),
        sa.UniqueConstraint("identifier", name=op.f("uq_objections_identifier")),
    )
    op.create_index(op.f("ix_objections_award_id"), "objections", ["award_id"], unique=False)
    op.create_index(op.f("ix_objections_due_at"), "objections", ["due_at"], unique=False)
    op.create_index(op.f("ix_objections_objector_id"), "objections", ["objector_id"], unique=False)
    op.create_index(op.f("ix_objections_region_code"), "objections", ["region_code"], unique=False)
    op.create_index(op.f("ix_objections_state"), "objections", ["state"], unique=False)
    op.drop_column("awards", "draw_identifier")
    op.add_column("qualifications", sa.Column("warned", sa.Integer(), nullable=True))
    with op.batch_alter_table("bids") as bids:
        bids.add_column(sa.Column("content", sa.Text(), nullable=True))
        bids.alter_column(
            "note", existing_type=sa.VARCHAR(length=500), type_=sa.String(length=4000), existing_nullable=True
        )
    op.add_column("draws", sa.Column("participants", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("draws", sa.Column("frozen_at", models.base.UTCDateTime(timezone=True), nullable=True))
    op.execute("UPDATE draws SET participants = candidates, frozen_at = committed_at")
    op.add_column("requests", sa.Column("keeper_handle", sa.String(length=80), nullable=True))
    op.add_column("requests", sa.Column("keeper_key", sa.LargeBinary(), nullable=True))
    op.add_column("requests", sa.Column("criteria", sa.JSON(), nullable=True))
    op.add_column("requests", sa.Column("outcome", sa.JSON(), nullable=True))
    op.add_column("requests", sa.Column("extended", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("requests", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("requests", sa.Column("opened_at", models.base.UTCDateTime(timezone=True), nullable=True))
    op.add_column(
        "requests", sa.Column("auction_started_at", models.base.UTCDateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "requests", sa.Column("auction_ends_at", models.base.UTCDateTime(timezone=True), nullable=True)
    )
    # What was opened before this was opened at its deadline.
    op.execute(
        "UPDATE requests SET opened_at = deadline WHERE mode = 'sealed_bid' AND state IN ('evaluated', 'awarded', 'contracted')"
    )
    _forbid_changes()


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_objections_state"), table_name="objections")
    op.drop_index(op.f("ix_objections_region_code"), table_name="objections")
    op.drop_index(op.f("ix_objections_objector_id"), table_name="objections")
    op.drop_index(op.f("ix_objections_due_at"), table_name="objections")
    op.drop_index(op.f("ix_objections_award_id"), table_name="objections")
    op.drop_table("objections")
    op.drop_index(op.f("ix_live_prices_request_id"), table_name="live_prices")
    op.drop_table("live_prices")
    op.drop_index(op.f("ix_evaluations_state"), table_name="evaluations")
    op.drop_index(op.f("ix_evaluations_region_code"), table_name="evaluations")
    op.drop_index(op.f("ix_evaluations_evaluator_id"), table_name="evaluations")
    op.drop_index(op.f("ix_evaluations_due_at"), table_name="evaluations")
    op.drop_table("evaluations")
    op.drop_index(op.f("ix_clarifications_state"), table_name="clarifications")
    op.drop_index(op.f("ix_clarifications_request_id"), table_name="clarifications")
    op.drop_index(op.f("ix_clarifications_region_code"), table_name="clarifications")
    op.drop_index(op.f("ix_clarifications_due_at"), table_name="clarifications")
    op.drop_table("clarifications")
    op.drop_column("qualifications", "warned")
    op.drop_column("requests", "auction_ends_at")
    op.drop_column("requests", "auction_started_at")
    op.drop_column("requests", "opened_at")
    op.drop_column("requests", "revision")
    op.drop_column("requests", "extended")
    op.drop_column("requests", "outcome")
    op.drop_column("requests", "criteria")
    op.drop_column("requests", "keeper_key")
    op.drop_column("requests", "keeper_handle")
    op.drop_column("draws", "frozen_at")
    op.drop_column("draws", "participants")
    with op.batch_alter_table("bids") as bids:
        bids.alter_column(
            "note", existing_type=sa.String(length=4000), type_=sa.VARCHAR(length=500), existing_nullable=True
        )
        bids.drop_column("content")
    op.add_column("awards", sa.Column("draw_identifier", sa.VARCHAR(length=40), nullable=True))
