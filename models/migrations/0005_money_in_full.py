"""money in full

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-25 14:30:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.append_only import triggers


# revision identifiers, used by Alembic.
revision: str = "0005"
down_revision: Union[str, Sequence[str], None] = "0004"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

CREDIT = "kind NOT IN ('escrow', 'retention', 'hold', 'payable') OR balance >= 0"
DEBIT = "kind NOT IN ('bank') OR balance <= 0"
KNOWN = "kind IN ('bank', 'clearing', 'escrow', 'retention', 'hold', 'payable', 'platform')"


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _watch_references(on: bool) -> None:
    """SQLite changes a table by making it anew, which it refuses while other tables refer to it. It listens
    to this pragma only between transactions.
    """
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in ("COMMIT", f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}", "BEGIN"):
            connection.exec_driver_sql(statement)


def _checks(*checks: tuple[str, str]) -> None:
    """The checks of the accounts, in the place of those they had."""
    if _postgresql():
        for name in ("never_negative", "never_overdrawn", "known_kind"):
            op.execute(f"ALTER TABLE ledger_accounts DROP CONSTRAINT IF EXISTS ck_ledger_accounts_{name}")
        for name, rule in checks:
            op.create_check_constraint(op.f(f"ck_ledger_accounts_{name}"), "ledger_accounts", rule)
        return
    op.create_table(
        "ledger_accounts_new",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_ledger_accounts_{name}")) for name, rule in checks),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("code", name=op.f("uq_ledger_accounts_code")),
    )
    op.execute(
        "INSERT INTO ledger_accounts_new (id, code, kind, balance) SELECT id, code, kind, balance FROM ledger_accounts"
    )
    op.drop_table("ledger_accounts")
    op.rename_table("ledger_accounts_new", "ledger_accounts")


def _guard(table: str) -> None:
    """Nothing in this table is ever changed or deleted."""
    for statement in triggers(table, op.get_bind().dialect.name):
        op.execute(statement)


def _move_balances() -> None:
    """A line moves the balances itself: no program can post and forget them."""
    if _postgresql():
        op.execute(
            "CREATE FUNCTION ledger_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "UPDATE ledger_accounts SET balance = balance - NEW.amount WHERE id = NEW.debit_id; "
            "UPDATE ledger_accounts SET balance = balance + NEW.amount WHERE id = NEW.credit_id; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_move AFTER INSERT ON ledger_lines FOR EACH ROW EXECUTE FUNCTION ledger_move()"
        )
        return
    op.execute(
        "CREATE TRIGGER ledger_move AFTER INSERT ON ledger_lines BEGIN "
        "UPDATE ledger_accounts SET balance = balance - NEW.amount WHERE id = NEW.debit_id; "
        "UPDATE ledger_accounts SET balance = balance + NEW.amount WHERE id = NEW.credit_id; END"
    )


def _lines_of_two_sides() -> None:
    """Entries had two lines, a debit below zero and a credit above it; now one line names both accounts."""
    op.rename_table("ledger_lines", "ledger_lines_before")
    for name in ("ix_ledger_lines_account_id", "ix_ledger_lines_entry_id"):
        op.drop_index(op.f(name), "ledger_lines_before")
    if _postgresql():
        op.execute(
            "ALTER TABLE ledger_lines_before RENAME CONSTRAINT pk_ledger_lines TO pk_ledger_lines_before"
        )
    op.create_table(
        "ledger_lines",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("debit_id", sa.Integer(), nullable=False),
        sa.Column("credit_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_lines_moves_something")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_ledger_lines_moves_somewhere")),
        sa.ForeignKeyConstraint(
            ["credit_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_lines_credit_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["debit_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_lines_debit_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_lines_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lines")),
    )
    op.execute(
        "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT d.entry_id, d.account_id, c.account_id, c.amount "
        "FROM ledger_lines_before d JOIN ledger_lines_before c ON c.entry_id = d.entry_id WHERE d.amount < 0 AND c.amount > 0 ORDER BY d.id"
    )
    op.drop_table("ledger_lines_before")
    for column in ("entry_id", "debit_id", "credit_id"):
        op.create_index(op.f(f"ix_ledger_lines_{column}"), "ledger_lines", [column], unique=False)


def _what_was_known() -> None:
    """Money that was in was booked straight from the bank, and what was owed left the same moment: all of it
    counts as seen.
    """
    op.execute("UPDATE payments SET state = 'cleared' WHERE state = 'confirmed'")
    op.execute(
        "UPDATE payments SET paid_at = (SELECT e.at FROM ledger_entries e WHERE e.key = payments.identifier || '\\:received') WHERE state = 'cleared'"
    )


def upgrade() -> None:
    """Upgrade schema."""
    _watch_references(False)
    _lines_of_two_sides()
    _checks(("never_negative", CREDIT), ("never_overdrawn", DEBIT), ("known_kind", KNOWN))
    op.create_index(op.f("ix_ledger_accounts_kind"), "ledger_accounts", ["kind"], unique=False)
    _guard("ledger_lines")
    _move_balances()
    op.create_table(
        "gateway_differences",
        sa.Column("gateway", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("theirs", sa.BigInteger(), nullable=False),
        sa.Column("ours", sa.BigInteger(), nullable=False),
        sa.Column("case_identifier", sa.String(length=40), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_differences")),
        sa.UniqueConstraint(
            "gateway", "about", "kind", name=op.f("uq_gateway_differences_gateway_about_kind")
        ),
    )
    with op.batch_alter_table("gateway_differences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_differences_gone_at"), ["gone_at"], unique=False)

    op.create_table(
        "gateway_events",
        sa.Column("gateway", sa.String(length=12), nullable=False),
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_events")),
        sa.UniqueConstraint("gateway", "event_id", name=op.f("uq_gateway_events_gateway_event_id")),
    )
    with op.batch_alter_table("gateway_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_events_about"), ["about"], unique=False)
        batch_op.create_index(batch_op.f("ix_gateway_events_handled_at"), ["handled_at"], unique=False)

    op.create_table(
        "bank_statements",
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_by_id"], ["users.id"], name=op.f("fk_bank_statements_imported_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statements")),
        sa.UniqueConstraint("identifier", name=op.f("uq_bank_statements_identifier")),
    )
    op.create_table(
        "ledger_closings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=True),
        sa.Column("turnover", sa.BigInteger(), nullable=False),
        sa.Column("balances", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_id"], ["ledger_entries.id"], name=op.f("fk_ledger_closings_last_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_closings")),
        sa.UniqueConstraint("day", name=op.f("uq_ledger_closings_day")),
        sa.UniqueConstraint("digest", name=op.f("uq_ledger_closings_digest")),
    )
    op.create_table(
        "bank_lines",
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counterparty", sa.String(length=200), nullable=False),
        sa.Column("counterparty_account", sa.String(length=40), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("bank_reference", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.String(length=20), nullable=False),
        sa.Column("case_identifier", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statements.id"], name=op.f("fk_bank_lines_statement_id_bank_statements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_lines")),
        sa.UniqueConstraint("key", name=op.f("uq_bank_lines_key")),
        sa.UniqueConstraint("statement_id", "number", name=op.f("uq_bank_lines_statement_id_number")),
    )
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bank_lines_case_identifier"), ["case_identifier"], unique=False)
        batch_op.create_index(batch_op.f("ix_bank_lines_state"), ["state"], unique=False)

    op.create_table(
        "charges",
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("gateway_id", sa.String(length=60), nullable=True),
        sa.Column("surplus", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_charges_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint("gateway", "gateway_id", name=op.f("uq_charges_gateway_gateway_id")),
        sa.UniqueConstraint("key", name=op.f("uq_charges_key")),
    )
    with op.batch_alter_table("charges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_charges_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_charges_state"), ["state"], unique=False)

    op.create_table(
        "invoices",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_invoices_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_invoices_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_invoices_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_invoices_document_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_invoices_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("identifier", name=op.f("uq_invoices_identifier")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
    )
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoices_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_region_code"), ["region_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoices_state"), ["state"], unique=False)

    op.create_table(
        "payouts",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=False),
        sa.Column("charge_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("gateway", sa.String(length=12), nullable=False),
        sa.Column("gateway_id", sa.String(length=60), nullable=True),
        sa.Column("bank_reference", sa.String(length=60), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("send_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_payouts_agency_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisations.id"], name=op.f("fk_payouts_buyer_id_organisations")
        ),
        sa.ForeignKeyConstraint(["charge_id"], ["charges.id"], name=op.f("fk_payouts_charge_id_charges")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_payouts_contract_id_contracts")
        ),
        sa.ForeignKeyConstraint(
            ["payee_id"], ["organisations.id"], name=op.f("fk_payouts_payee_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("gateway_id", name=op.f("uq_payouts_gateway_id")),
        sa.UniqueConstraint("identifier", name=op.f("uq_payouts_identifier")),
    )
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payouts_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_payee_id"), ["payee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_region_code"), ["region_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_state"), ["state"], unique=False)

    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entries_at"), ["at"], unique=False)

    _guard("ledger_closings")
    with op.batch_alter_table("agency_profiles", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("stripe_account", sa.String(length=40), server_default="", nullable=False)
        )
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        for name in ("retention_rate", "late_rate", "late_most"):
            batch_op.add_column(sa.Column(name, sa.String(length=12), server_default="0", nullable=False))
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gateway", sa.String(length=12), server_default="bank", nullable=False))
        batch_op.add_column(sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_payments_contract_id_milestone_number"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_payments_contract_id_kind_milestone_number"),
            ["contract_id", "kind", "milestone_number"],
        )
    for table, column in (
        ("agency_profiles", "stripe_account"),
        ("contracts", "retention_rate"),
        ("contracts", "late_rate"),
        ("contracts", "late_most"),
        ("payments", "gateway"),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column(column, server_default=None)
    _what_was_known()
    _watch_references(True)


def downgrade() -> None:
    """Downgrade schema. Refused by the database where accounts are in use that the books did not know
    before.
    """
    _watch_references(False)
    op.execute("UPDATE payments SET state = 'confirmed' WHERE state = 'cleared'")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_payments_contract_id_kind_milestone_number"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_payments_contract_id_milestone_number"), ["contract_id", "milestone_number"]
        )
        batch_op.drop_column("paid_at")
        batch_op.drop_column("gateway")
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        for name in ("late_most", "late_rate", "retention_rate"):
            batch_op.drop_column(name)
    with op.batch_alter_table("agency_profiles", schema=None) as batch_op:
        batch_op.drop_column("stripe_account")
    op.rename_table("ledger_lines", "ledger_lines_after")
    for column in ("entry_id", "debit_id", "credit_id"):
        op.drop_index(op.f(f"ix_ledger_lines_{column}"), "ledger_lines_after")
    if _postgresql():
        op.execute(
            "ALTER TABLE ledger_lines_after RENAME CONSTRAINT pk_ledger_lines TO pk_ledger_lines_after"
        )
    op.create_table(
        "ledger_lines",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_lines_moves_something")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_lines_account_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_lines_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lines")),
    )
    op.execute(
        "INSERT INTO ledger_lines (entry_id, account_id, amount) SELECT entry_id, debit_id, -amount FROM ledger_lines_after "
        "UNION ALL SELECT entry_id, credit_id, amount FROM ledger_lines_after"
    )
    op.drop_table("ledger_lines_after")
    if _postgresql():
        op.execute("DROP FUNCTION ledger_move()")
    for column in ("entry_id", "account_id"):
        op.create_index(op.f(f"ix_ledger_lines_{column}"), "ledger_lines", [column], unique=False)
    _guard("ledger_lines")
    op.drop_index(op.f("ix_ledger_accounts_kind"), "ledger_accounts")
    _checks(
        ("never_negative", "kind = 'bank' OR balance >= 0"),
        ("known_kind", "kind IN ('bank', 'escrow', 'payable')"),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entries_at"))

    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payouts_state"))
        batch_op.drop_index(batch_op.f("ix_payouts_region_code"))
        batch_op.drop_index(batch_op.f("ix_payouts_payee_id"))
        batch_op.drop_index(batch_op.f("ix_payouts_due_at"))
        batch_op.drop_index(batch_op.f("ix_payouts_contract_id"))
        batch_op.drop_index(batch_op.f("ix_payouts_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_payouts_agency_id"))

    op.drop_table("payouts")
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoices_state"))
        batch_op.drop_index(batch_op.f("ix_invoices_region_code"))
        batch_op.drop_index(batch_op.f("ix_invoices_payment_id"))
        batch_op.drop_index(batch_op.f("ix_invoices_due_at"))
        batch_op.drop_index(batch_op.f("ix_invoices_contract_id"))
        batch_op.drop_index(batch_op.f("ix_invoices_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_invoices_agency_id"))

    op.drop_table("invoices")
    with op.batch_alter_table("charges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_charges_state"))
        batch_op.drop_index(batch_op.f("ix_charges_payment_id"))

    op.drop_table("charges")
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bank_lines_state"))
        batch_op.drop_index(batch_op.f("ix_bank_lines_case_identifier"))

    op.drop_table("bank_lines")
    op.drop_table("ledger_closings")
    op.drop_table("bank_statements")
    with op.batch_alter_table("gateway_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_events_handled_at"))
        batch_op.drop_index(batch_op.f("ix_gateway_events_about"))

    op.drop_table("gateway_events")
    with op.batch_alter_table("gateway_differences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_differences_gone_at"))

    op.drop_table("gateway_differences")
    _watch_references(True)
