"""whether a machine's clock may be gone by, what was uploaded a day, the file a sealed bid names, and no
entry in a day that is closed

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-26 08:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.base import UTCDateTime


# revision identifiers, used by Alembic.
revision: str = "0017"
down_revision: Union[str, Sequence[str], None] = "0016"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

CLOSED = "the day of this entry is closed"


def upgrade() -> None:
    op.create_table(
        "clock_marks",
        sa.Column("machine", sa.String(40), nullable=False),
        sa.Column("boot", sa.String(60), nullable=False),
        sa.Column("up", sa.Float(), nullable=False),
        sa.Column("anchor_at", UTCDateTime(), nullable=True),
        sa.Column("before_at", UTCDateTime(), nullable=True),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.Column("apart", sa.Float(), nullable=False),
        sa.Column("doubt", sa.JSON(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_marks")),
        sa.UniqueConstraint("machine", name=op.f("uq_clock_marks_machine")),
    )
    op.create_table(
        "upload_tallies",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("whose", sa.String(40), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_tallies")),
        sa.UniqueConstraint("day", "whose", name=op.f("uq_upload_tallies_day_whose")),
    )
    # NULL: a bid from before, of which nobody knows which file it names until it is opened. Nothing is swept
    # while there is one.
    op.add_column("bids", sa.Column("sealed_file", sa.String(64), nullable=True))
    op.create_index(op.f("ix_bids_sealed_file"), "bids", ["sealed_file"])
    op.create_index(op.f("ix_submissions_at"), "submissions", ["at"])
    op.create_index(op.f("ix_bank_statements_sha256"), "bank_statements", ["sha256"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ledger_day_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF (NEW.at AT TIME ZONE 'Asia/Shanghai')::date <= (SELECT max(day) FROM ledger_closings) THEN "
            f"RAISE EXCEPTION '{CLOSED}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER day_open BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_day_open()"
        )
        return
    op.execute(
        "CREATE TRIGGER ledger_entries_day_open BEFORE INSERT ON ledger_entries "
        # China has had no summer time since 1991
        "WHEN date(NEW.at, '+8 hours') <= (SELECT max(day) FROM ledger_closings) "
        f"BEGIN SELECT RAISE(ABORT, '{CLOSED}'); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER day_open ON ledger_entries")
        op.execute("DROP FUNCTION ledger_day_open()")
    else:
        op.execute("DROP TRIGGER ledger_entries_day_open")
    op.drop_index(op.f("ix_bank_statements_sha256"), "bank_statements")
    op.drop_index(op.f("ix_submissions_at"), "submissions")
    op.drop_index(op.f("ix_bids_sealed_file"), "bids")
    op.drop_column("bids", "sealed_file")
    op.drop_table("upload_tallies")
    op.drop_table("clock_marks")
