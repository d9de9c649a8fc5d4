"""payouts: the account each was sent to

Revision ID: 0036
Revises: 0035
Create Date: 2026-11-28 10:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = "0036"
down_revision: Union[str, Sequence[str], None] = "0035"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.add_column("payouts", sa.Column("sent_to", sa.JSON(), nullable=True))
    payouts = sa.table(
        "payouts",
        sa.column("identifier", sa.String),
        sa.column("state", sa.String),
        sa.column("sent_to", sa.JSON),
    )
    events = sa.table(
        "events",
        sa.column("id", sa.Integer),
        sa.column("kind", sa.String),
        sa.column("case_identifier", sa.String),
        sa.column("data", sa.JSON),
    )
    sent = sa.select(events.c.case_identifier, events.c.data).where(events.c.kind == "payout.send")
    # What was typed then stands in the event, in the custodian's own words; of the others nobody wrote it down.
    bind = op.get_bind()
    told = {}  # the words alone: there may be many payouts
    for identifier, data in bind.execute(sent.order_by(events.c.id)):
        told[identifier] = data.get("account") if isinstance(data, dict) else None
    for identifier, words in told.items():
        if words:
            kept = {"holder": "", "bank": "", "number": words}
            gone = (payouts.c.identifier == identifier) & payouts.c.state.in_(
                ("sent", "arrived", "due", "held")
            )
            bind.execute(payouts.update().where(gone).values(sent_to=kept))


def downgrade() -> None:
    op.drop_column("payouts", "sent_to")
