"""agencies, catalogue and search in full

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-25 03:00:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0003"
down_revision: Union[str, Sequence[str], None] = "0002"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def _name_the_matters() -> None:
    """What an item is for was one text; every text becomes an approval matter of its own."""
    connection = op.get_bind()
    matters = sa.table(
        "approval_matters", sa.column("id"), sa.column("code"), sa.column("name"), sa.column("department")
    )
    links = sa.table("item_matters", sa.column("item_id"), sa.column("matter_id"))
    known: dict[str, int] = {}
    for item, name, department in connection.execute(
        sa.text("SELECT id, approval_matter, department FROM service_items ORDER BY id")
    ).all():
        if name not in known:
            values = {"code": f"S-{len(known) + 1:03d}", "name": name, "department": department}
            known[name] = connection.execute(
                sa.insert(matters).values(**values).returning(matters.c.id)
            ).scalar_one()
        connection.execute(sa.insert(links).values(item_id=item, matter_id=known[name]))


def _join_the_matters() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT l.item_id, m.name FROM item_matters l JOIN approval_matters m ON m.id = l.matter_id ORDER BY l.item_id, m.code"
        )
    ).all()
    for item in dict.fromkeys(item for item, _name in rows):
        words = "、".join(name for owner, name in rows if owner == item)[:200]
        connection.execute(
            sa.text("UPDATE service_items SET approval_matter = :words WHERE id = :item"),
            {"words": words, "item": item},
        )


def _state_the_notices() -> None:
    """Award notices issued before kept nothing of what they state; a copy of one is still checked against the
    record.
    """
    connection = op.get_bind()
    issued = connection.execute(
        sa.text(
            "SELECT d.id, r.project, b.name, a.name, w.price FROM documents d JOIN awards w ON w.identifier = d.case_identifier"
            " JOIN requests r ON r.id = w.request_id JOIN organisations b ON b.id = w.buyer_id JOIN organisations a ON a.id = w.agency_id"
            " WHERE d.case_type = 'award' AND d.organisation_id IS NULL"
        )
    ).all()
    documents = sa.table("documents", sa.column("id"), sa.column("issued", sa.JSON()))
    for number, project, buyer, agency, price in issued:
        facts = [
            ["项目", project],
            ["业主", buyer],
            ["中选机构", agency],
            ["中选价", f"¥ {price // 100:,}.{price % 100:02d}"],
        ]
        stated = {"title": "中选通知书", "facts": facts}
        connection.execute(sa.update(documents).where(documents.c.id == number).values(issued=stated))


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "approval_matters",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_matters")),
        sa.UniqueConstraint("code", name=op.f("uq_approval_matters_code")),
        sa.UniqueConstraint("name", name=op.f("uq_approval_matters_name")),
    )
    op.create_index(op.f("ix_approval_matters_department"), "approval_matters", ["department"], unique=False)
    op.create_table(
        "agency_profiles",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("legal_form", sa.String(length=12), nullable=False),
        sa.Column("established_on", sa.Date(), nullable=True),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.Column("registered_capital", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.String(length=2000), nullable=False),
        sa.Column("registered_address", sa.String(length=200), nullable=False),
        sa.Column("premises", sa.String(length=8), nullable=False),
        sa.Column("premises_area", sa.Integer(), nullable=True),
        sa.Column("premises_until", sa.Date(), nullable=True),
        sa.Column("bank_name", sa.String(length=200), nullable=False),
        sa.Column("account_name", sa.String(length=200), nullable=False),
        sa.Column("account_number", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_agency_profiles_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_profiles")),
        sa.UniqueConstraint("agency_id", name=op.f("uq_agency_profiles_agency_id")),
    )
    op.create_table(
        "batches",
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("faulty", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("started_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("worked_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_batches_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_batches_person_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("identifier", name=op.f("uq_batches_identifier")),
    )
    op.create_index(op.f("ix_batches_kind"), "batches", ["kind"], unique=False)
    op.create_index(op.f("ix_batches_organisation_id"), "batches", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_batches_state"), "batches", ["state"], unique=False)
    op.create_table(
        "checks",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("seen_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_checks_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        sa.UniqueConstraint("identifier", name=op.f("uq_checks_identifier")),
    )
    op.create_index(op.f("ix_checks_agency_id"), "checks", ["agency_id"], unique=False)
    op.create_index(op.f("ix_checks_due_at"), "checks", ["due_at"], unique=False)
    op.create_index(op.f("ix_checks_region_code"), "checks", ["region_code"], unique=False)
    op.create_index(op.f("ix_checks_state"), "checks", ["state"], unique=False)
    op.create_table(
        "credit_records",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.String(length=1000), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("source_identifier", sa.String(length=40), nullable=False),
        sa.Column("proposed_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", models.base.UTCDateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_credit_records_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_records")),
        sa.UniqueConstraint("identifier", name=op.f("uq_credit_records_identifier")),
    )
    op.create_index(op.f("ix_credit_records_agency_id"), "credit_records", ["agency_id"], unique=False)
    op.create_index(op.f("ix_credit_records_due_at"), "credit_records", ["due_at"], unique=False)
    op.create_index(op.f("ix_credit_records_region_code"), "credit_records", ["region_code"], unique=False)
    op.create_index(op.f("ix_credit_records_state"), "credit_records", ["state"], unique=False)
    op.create_table(
        "entry_materials",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("document_identifier", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_entry_materials_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_materials")),
        sa.UniqueConstraint("agency_id", "kind", name=op.f("uq_entry_materials_agency_id_kind")),
    )
    op.create_table(
        "item_matters",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["service_items.id"], name=op.f("fk_item_matters_item_id_service_items")
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["approval_matters.id"], name=op.f("fk_item_matters_matter_id_approval_matters")
        ),
        sa.PrimaryKeyConstraint("item_id", "matter_id", name=op.f("pk_item_matters")),
    )
    op.create_table(
        "practitioners",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("document_identifier", sa.String(length=40), nullable=True),
        sa.Column("created_at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("warned", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_practitioners_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioners")),
    )
    op.create_index(op.f("ix_practitioners_agency_id"), "practitioners", ["agency_id"], unique=False)
    op.create_index(op.f("ix_practitioners_kind"), "practitioners", ["kind"], unique=False)
    op.create_index(
        "uq_practitioners_at_work",
        "practitioners",
        ["kind", "number"],
        unique=True,
        sqlite_where=sa.text("left_on IS NULL"),
        postgresql_where=sa.text("left_on IS NULL"),
    )
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("result", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_rows_batch_id_batches")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_rows")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_batch_rows_batch_id_number")),
    )
    op.add_column("documents", sa.Column("issued", sa.JSON(), nullable=True))
    op.add_column(
        "organisations", sa.Column("claimed", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column(
        "service_items",
        sa.Column("required_practitioner", sa.String(length=200), server_default="", nullable=False),
    )
    op.add_column(
        "service_items", sa.Column("practitioners_least", sa.Integer(), server_default="0", nullable=False)
    )
    _name_the_matters()
    op.drop_column("service_items", "approval_matter")
    _state_the_notices()


def downgrade() -> None:
    """Downgrade schema."""
    op.add_column(
        "service_items",
        sa.Column("approval_matter", sa.VARCHAR(length=200), server_default="", nullable=False),
    )
    _join_the_matters()
    op.drop_column("service_items", "practitioners_least")
    op.drop_column("service_items", "required_practitioner")
    op.drop_column("organisations", "claimed")
    op.drop_column("documents", "issued")
    op.drop_table("batch_rows")
    op.drop_index(
        "uq_practitioners_at_work",
        table_name="practitioners",
        sqlite_where=sa.text("left_on IS NULL"),
        postgresql_where=sa.text("left_on IS NULL"),
    )
    op.drop_index(op.f("ix_practitioners_kind"), table_name="practitioners")
    op.drop_index(op.f("ix_practitioners_agency_id"), table_name="practitioners")
    op.drop_table("practitioners")
    op.drop_table("item_matters")
    op.drop_table("entry_materials")
    op.drop_index(op.f("ix_credit_records_state"), table_name="credit_records")
    op.drop_index(op.f("ix_credit_records_region_code"), table_name="credit_records")
    op.drop_index(op.f("ix_credit_records_due_at"), table_name="credit_records")
    op.drop_index(op.f("ix_credit_records_agency_id"), table_name="credit_records")
    op.drop_table("credit_records")
    op.drop_index(op.f("ix_checks_state"), table_name="checks")
    op.drop_index(op.f("ix_checks_region_code"), table_name="checks")
    op.drop_index(op.f("ix_checks_due_at"), table_name="checks")
    op.drop_index(op.f("ix_checks_agency_id"), table_name="checks")
    op.drop_table("checks")
    op.drop_index(op.f("ix_batches_state"), table_name="batches")
    op.drop_index(op.f("ix_batches_organisation_id"), table_name="batches")
    op.drop_index(op.f("ix_batches_kind"), table_name="batches")
    op.drop_table("batches")
    op.drop_table("agency_profiles")
    op.drop_index(op.f("ix_approval_matters_department"), table_name="approval_matters")
    op.drop_table("approval_matters")
