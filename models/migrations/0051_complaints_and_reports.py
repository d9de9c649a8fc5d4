"""complaints and reports, what is said of the answers to them, and typical cases

Revision ID: 0051
Revises: 0050
Create Date: 2026-11-29 08:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base

# revision identifiers, used by Alembic.
revision: str = "0051"
down_revision: Union[str, Sequence[str], None] = "0050"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

TABLES = ("typical_cases", "answers", "complaints", "report_helpers", "violation_reports")


def upgrade() -> None:
    op.create_table(
        "violation_reports",
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("item_code", sa.String(20), nullable=True),
        sa.Column("facts", sa.String(2000), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("reporter_id", sa.Integer(), nullable=True),
        sa.Column("reporter_name", sa.String(200), nullable=False),
        sa.Column("reporter_contact", sa.String(200), nullable=False),
        sa.Column("sibling", sa.String(24), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("asked", sa.String(2000), nullable=True),
        sa.Column("told_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("explain_until", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("explanation", sa.String(2000), nullable=True),
        sa.Column("explained_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("extended_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("abuse", sa.String(1000), nullable=True),
        sa.Column("found", sa.Boolean(), nullable=True),
        sa.Column("remedy", sa.String(1000), nullable=True),
        sa.Column("mend_by", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("mending", sa.String(2000), nullable=True),
        sa.Column("mended_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("record", sa.String(24), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(40), nullable=True),
        sa.Column("filed_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("ground", sa.String(20), nullable=True),
        sa.Column("reply", sa.String(2000), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("recused", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("referred_to", sa.String(6), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("policy_version", sa.String(12), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["violation_reports.id"],
            name=op.f("fk_violation_reports_merged_into_id_violation_reports"),
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["organisations.id"], name=op.f("fk_violation_reports_office_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["users.id"], name=op.f("fk_violation_reports_reporter_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["organisations.id"], name=op.f("fk_violation_reports_subject_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violation_reports")),
        sa.UniqueConstraint("identifier", name=op.f("uq_violation_reports_identifier")),
    )
    op.create_index(op.f("ix_violation_reports_due_at"), "violation_reports", ["due_at"])
    op.create_index(op.f("ix_violation_reports_kind"), "violation_reports", ["kind"])
    op.create_index(op.f("ix_violation_reports_merged_into_id"), "violation_reports", ["merged_into_id"])
    op.create_index(op.f("ix_violation_reports_office_id"), "violation_reports", ["office_id"])
    op.create_index(op.f("ix_violation_reports_region_code"), "violation_reports", ["region_code"])
    op.create_index(op.f("ix_violation_reports_reporter_id"), "violation_reports", ["reporter_id"])
    op.create_index(op.f("ix_violation_reports_state"), "violation_reports", ["state"])
    op.create_index(op.f("ix_violation_reports_state_due_at"), "violation_reports", ["state", "due_at"])
    op.create_index(op.f("ix_violation_reports_subject_id"), "violation_reports", ["subject_id"])
    op.create_table(
        "report_helpers",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.String(2000), nullable=True),
        sa.Column("found_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["organisations.id"], name=op.f("fk_report_helpers_authority_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["violation_reports.id"],
            name=op.f("fk_report_helpers_report_id_violation_reports"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_helpers")),
    )
    op.create_index(op.f("ix_report_helpers_authority_id"), "report_helpers", ["authority_id"])
    op.create_index(op.f("ix_report_helpers_report_id"), "report_helpers", ["report_id"])
    op.create_table(
        "complaints",
        sa.Column("claimant_id", sa.Integer(), nullable=False),
        sa.Column("respondent_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(40), nullable=False),
        sa.Column("claim", sa.String(2000), nullable=False),
        sa.Column("sibling", sa.String(24), nullable=False),
        sa.Column("answer", sa.String(2000), nullable=True),
        sa.Column("responded_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("mediate_until", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("agreement", sa.String(2000), nullable=True),
        sa.Column("claimant_agreed_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("respondent_agreed_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(40), nullable=True),
        sa.Column("filed_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("ground", sa.String(20), nullable=True),
        sa.Column("reply", sa.String(2000), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("recused", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("referred_to", sa.String(6), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("policy_version", sa.String(12), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claimant_id"], ["organisations.id"], name=op.f("fk_complaints_claimant_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["organisations.id"], name=op.f("fk_complaints_office_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["respondent_id"], ["organisations.id"], name=op.f("fk_complaints_respondent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("identifier", name=op.f("uq_complaints_identifier")),
    )
    op.create_index(op.f("ix_complaints_about"), "complaints", ["about"])
    op.create_index(op.f("ix_complaints_claimant_id"), "complaints", ["claimant_id"])
    op.create_index(op.f("ix_complaints_due_at"), "complaints", ["due_at"])
    op.create_index(op.f("ix_complaints_office_id"), "complaints", ["office_id"])
    op.create_index(op.f("ix_complaints_region_code"), "complaints", ["region_code"])
    op.create_index(op.f("ix_complaints_respondent_id"), "complaints", ["respondent_id"])
    op.create_index(op.f("ix_complaints_state"), "complaints", ["state"])
    op.create_index(op.f("ix_complaints_state_due_at"), "complaints", ["state", "due_at"])
    op.create_table(
        "answers",
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("claimant_id", sa.Integer(), nullable=True),
        sa.Column("reporter_id", sa.Integer(), nullable=True),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("office_region", sa.String(6), nullable=False),
        sa.Column("topmost", sa.Boolean(), nullable=False),
        sa.Column("department", sa.String(40), nullable=True),
        sa.Column("reply", sa.String(2000), nullable=False),
        sa.Column("asked_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(1000), nullable=True),
        sa.Column("rated_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("review", sa.String(1000), nullable=True),
        sa.Column("reviewed_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("referred_to", sa.String(6), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("policy_version", sa.String(12), nullable=False),
        sa.Column("identifier", sa.String(40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claimant_id"], ["organisations.id"], name=op.f("fk_answers_claimant_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaints.id"], name=op.f("fk_answers_complaint_id_complaints")
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["organisations.id"], name=op.f("fk_answers_office_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["violation_reports.id"], name=op.f("fk_answers_report_id_violation_reports")
        ),
        sa.ForeignKeyConstraint(["reporter_id"], ["users.id"], name=op.f("fk_answers_reporter_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("identifier", name=op.f("uq_answers_identifier")),
    )
    op.create_index(op.f("ix_answers_claimant_id"), "answers", ["claimant_id"])
    op.create_index(op.f("ix_answers_complaint_id"), "answers", ["complaint_id"])
    op.create_index(op.f("ix_answers_due_at"), "answers", ["due_at"])
    op.create_index(op.f("ix_answers_office_id"), "answers", ["office_id"])
    op.create_index(op.f("ix_answers_region_code"), "answers", ["region_code"])
    op.create_index(op.f("ix_answers_report_id"), "answers", ["report_id"])
    op.create_index(op.f("ix_answers_reporter_id"), "answers", ["reporter_id"])
    op.create_index(op.f("ix_answers_state"), "answers", ["state"])
    op.create_index(op.f("ix_answers_state_due_at"), "answers", ["state", "due_at"])
    op.create_table(
        "typical_cases",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(200), nullable=False),
        sa.Column("text", sa.String(4000), nullable=False),
        sa.Column("record", sa.String(24), nullable=False),
        sa.Column("published_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["violation_reports.id"], name=op.f("fk_typical_cases_report_id_violation_reports")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_typical_cases")),
        sa.UniqueConstraint("report_id", name=op.f("uq_typical_cases_report_id")),
    )
    op.create_index(op.f("ix_typical_cases_published_at"), "typical_cases", ["published_at"])
    op.create_index(op.f("ix_typical_cases_record"), "typical_cases", ["record"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
