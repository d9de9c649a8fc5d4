"""contracts in full

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-25 10:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = "0004"
down_revision: Union[str, Sequence[str], None] = "0003"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# The kind of service of every item carried until now; those that authorities added are reports until they say
# otherwise.
KINDS = {
    "testing": "EIA-02 CON-05 CON-06 FIR-01 MET-01 HEA-02 QUA-01",
    "survey": "LND-01 LND-05 CON-08 CUL-01 SUR-01",
    "valuation": "LND-04 CON-07 FIN-02",
    "review": "CON-01 CON-03 FIR-02",
    "supervision": "CON-02",
    "agency": "CON-04",
    "audit": "FIN-01 FIN-03",
    "legal": "LEG-01",
}


def _watch_references(on: bool) -> None:
    """SQLite changes a table by making it anew, which it refuses while other tables refer to it. It listens
    to this pragma only between transactions.
    """
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in ("COMMIT", f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}", "BEGIN"):
            connection.exec_driver_sql(statement)


def _milestone_for_each() -> None:
    """A contract made before had one deliverable and no milestones: it gets one, of all its days and all its
    price.
    """
    op.execute(
        "INSERT INTO milestones (contract_id, number, name, days, amount, reviewed, met_at, paid_at)"
        " SELECT c.id, 1, '报批稿', c.days, c.price, true, d.decided_at, c.completed_at"
        " FROM contracts c LEFT JOIN deliverables d ON d.contract_id = c.id AND d.state = 'passed'"
    )
    op.execute(
        "UPDATE deliverables SET milestone_id = (SELECT m.id FROM milestones m WHERE m.contract_id = deliverables.contract_id)"
    )


def _say_the_kinds() -> None:
    connection = op.get_bind()
    for kind, codes in KINDS.items():
        for code in codes.split():
            connection.execute(
                sa.text("UPDATE service_items SET kind = :kind WHERE code = :code"),
                {"kind": kind, "code": code},
            )


def _keep_the_standard() -> None:
    """The clauses of a contract keep the template's text beside their own. What the old template said is not
    known any more clause by clause, so the text agreed on stands for it.
    """
    connection = op.get_bind()
    contracts = sa.table("contracts", sa.column("id"), sa.column("clauses", sa.JSON()))
    for number, clauses in connection.execute(sa.select(contracts.c.id, contracts.c.clauses)).all():
        kept = [{**clause, "standard": clause["text"]} for clause in clauses]
        connection.execute(sa.update(contracts).where(contracts.c.id == number).values(clauses=kept))


def upgrade() -> None:
    """Upgrade schema."""
    _watch_references(False)
    op.create_table(
        "reminders",
        sa.Column("case_identifier", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "case_identifier", "due_at", "days", name=op.f("uq_reminders_case_identifier_due_at_days")
        ),
    )
    op.create_table(
        "contract_templates",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.Column("milestones", sa.JSON(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("issued_by", sa.String(length=200), nullable=False),
        sa.Column("issuer_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["organisations.id"], name=op.f("fk_contract_templates_issuer_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_templates")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_contract_templates_kind_version")),
    )
    with op.batch_alter_table("contract_templates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contract_templates_kind"), ["kind"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("serial", sa.String(length=50), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_signing_keys_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("serial", name=op.f("uq_signing_keys_serial")),
    )
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.create_index(
            "uq_signing_keys_in_use",
            ["organisation_id"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.create_table(
        "contract_changes",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("proposer_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_contract_changes_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_contract_changes_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_changes_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["organisations.id"], name=op.f("fk_contract_changes_other_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["proposer_id"], ["organisations.id"], name=op.f("fk_contract_changes_proposer_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_changes")),
        sa.UniqueConstraint("identifier", name=op.f("uq_contract_changes_identifier")),
    )
    with op.batch_alter_table("contract_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contract_changes_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_changes_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_changes_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_changes_region_code"), ["region_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_changes_state"), ["state"], unique=False)
        batch_op.create_index(
            "uq_contract_changes_open",
            ["contract_id"],
            unique=True,
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        )

    op.create_table(
        "contract_materials",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("supply_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_contract_materials_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_contract_materials_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_materials_contract_id_contracts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_materials")),
        sa.UniqueConstraint("contract_id", name=op.f("uq_contract_materials_contract_id")),
        sa.UniqueConstraint("identifier", name=op.f("uq_contract_materials_identifier")),
    )
    with op.batch_alter_table("contract_materials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contract_materials_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_materials_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_materials_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_materials_region_code"), ["region_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_materials_state"), ["state"], unique=False)

    op.create_table(
        "contract_signatures",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("serial", sa.String(length=50), nullable=False),
        sa.Column("stamped", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_contract_signatures_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_contract_signatures_document_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_contract_signatures_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_signatures")),
        sa.UniqueConstraint("contract_id", "role", name=op.f("uq_contract_signatures_contract_id_role")),
    )
    op.create_table(
        "disputes",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("claimant_id", sa.Integer(), nullable=False),
        sa.Column("respondent_id", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=2000), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("fault", sa.String(length=10), nullable=True),
        sa.Column("to_agency", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(length=2000), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_disputes_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_disputes_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["claimant_id"], ["organisations.id"], name=op.f("fk_disputes_claimant_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_disputes_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(
            ["respondent_id"], ["organisations.id"], name=op.f("fk_disputes_respondent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("identifier", name=op.f("uq_disputes_identifier")),
    )
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disputes_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_region_code"), ["region_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_disputes_state"), ["state"], unique=False)

    op.create_table(
        "milestones",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_milestones_contract_id_contracts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_milestones_contract_id_number")),
    )
    op.create_table(
        "review_outcomes",
        sa.Column("deliverable_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("fault", sa.String(length=10), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deliverable_id"],
            ["deliverables.id"],
            name=op.f("fk_review_outcomes_deliverable_id_deliverables"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_outcomes")),
    )
    with op.batch_alter_table("review_outcomes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_review_outcomes_deliverable_id"), ["deliverable_id"], unique=False
        )

    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("heading", sa.String(length=200), server_default="中介服务合同", nullable=False)
        )
        batch_op.add_column(sa.Column("findings", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("findings_version", sa.String(length=12), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("deviations", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("notice_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("notice_to_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ended_through", sa.String(length=12), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_contracts_notice_by_id_organisations"), "organisations", ["notice_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_contracts_notice_to_id_organisations"), "organisations", ["notice_to_id"], ["id"]
        )
        batch_op.drop_column("deliver_by")

    with op.batch_alter_table("deliverable_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answers", sa.JSON(), nullable=True))

    with op.batch_alter_table("deliverables", schema=None) as batch_op:
        batch_op.add_column(sa.Column("milestone_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("held_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_deliverables_contract_id"), type_="unique")
        batch_op.create_index(batch_op.f("ix_deliverables_contract_id"), ["contract_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_deliverables_milestone_id"), ["milestone_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_deliverables_milestone_id_milestones"), "milestones", ["milestone_id"], ["id"]
        )

    _milestone_for_each()
    with op.batch_alter_table("deliverables", schema=None) as batch_op:
        batch_op.alter_column("milestone_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("milestone_number", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_constraint(batch_op.f("uq_payments_contract_id_kind"), type_="unique")
    op.execute("UPDATE payments SET milestone_number = 1 WHERE kind = 'settlement'")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_unique_constraint(
            batch_op.f("uq_payments_contract_id_milestone_number"), ["contract_id", "milestone_number"]
        )

    with op.batch_alter_table("service_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=12), server_default="report", nullable=False))
    # Whoever agreed before did so without a signature in the file; both sign anew.
    op.execute("UPDATE contracts SET state = 'drafted' WHERE state IN ('buyer_agreed', 'agency_agreed')")
    _say_the_kinds()
    _keep_the_standard()
    _watch_references(True)


def downgrade() -> None:
    """Downgrade schema."""
    _watch_references(False)
    with op.batch_alter_table("service_items", schema=None) as batch_op:
        batch_op.drop_column("kind")

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_payments_contract_id_milestone_number"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_payments_contract_id_kind"), ["contract_id", "kind"])
        batch_op.drop_column("milestone_number")

    with op.batch_alter_table("deliverables", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_deliverables_milestone_id_milestones"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_deliverables_milestone_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_deliverables_contract_id"))
        batch_op.create_unique_constraint(batch_op.f("uq_deliverables_contract_id"), ["contract_id"])
        batch_op.drop_column("held_due_at")
        batch_op.drop_column("milestone_id")

    with op.batch_alter_table("deliverable_versions", schema=None) as batch_op:
        batch_op.drop_column("answers")

    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deliver_by", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("fk_contracts_notice_to_id_organisations"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_contracts_notice_by_id_organisations"), type_="foreignkey")
        batch_op.drop_column("ended_through")
        batch_op.drop_column("notice_to_id")
        batch_op.drop_column("notice_by_id")
        batch_op.drop_column("suspended_until")
        batch_op.drop_column("paused_at")
        batch_op.drop_column("deviations")
        batch_op.drop_column("findings_version")
        batch_op.drop_column("findings")
        batch_op.drop_column("heading")

    with op.batch_alter_table("review_outcomes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_outcomes_deliverable_id"))

    op.drop_table("review_outcomes")
    op.drop_table("milestones")
    with op.batch_alter_table("disputes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disputes_state"))
        batch_op.drop_index(batch_op.f("ix_disputes_region_code"))
        batch_op.drop_index(batch_op.f("ix_disputes_due_at"))
        batch_op.drop_index(batch_op.f("ix_disputes_contract_id"))
        batch_op.drop_index(batch_op.f("ix_disputes_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_disputes_agency_id"))

    op.drop_table("disputes")
    op.drop_table("contract_signatures")
    with op.batch_alter_table("contract_materials", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contract_materials_state"))
        batch_op.drop_index(batch_op.f("ix_contract_materials_region_code"))
        batch_op.drop_index(batch_op.f("ix_contract_materials_due_at"))
        batch_op.drop_index(batch_op.f("ix_contract_materials_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_contract_materials_agency_id"))

    op.drop_table("contract_materials")
    with op.batch_alter_table("contract_changes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contract_changes_open",
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        )
        batch_op.drop_index(batch_op.f("ix_contract_changes_state"))
        batch_op.drop_index(batch_op.f("ix_contract_changes_region_code"))
        batch_op.drop_index(batch_op.f("ix_contract_changes_due_at"))
        batch_op.drop_index(batch_op.f("ix_contract_changes_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_contract_changes_agency_id"))

    op.drop_table("contract_changes")
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_signing_keys_in_use",
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.drop_table("signing_keys")
    with op.batch_alter_table("contract_templates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contract_templates_kind"))

    op.drop_table("contract_templates")
    op.drop_table("reminders")
    _watch_references(True)
