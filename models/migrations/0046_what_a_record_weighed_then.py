"""the prices a contract had, and the weight of what was seen of a rating

Every score is reckoned anew in the next night: what its records weigh follows more acts from now on.

Revision ID: 0046
Revises: 0045
Create Date: 2026-11-28 21:30:00

"""

from datetime import datetime
from typing import Any, Sequence, Union

from alembic import op
import sqlalchemy as sa

from models import clock
import models.base

# revision identifiers, used by Alembic.
revision: str = "0046"
down_revision: Union[str, Sequence[str], None] = "0045"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

_AT = models.base.UTCDateTime(timezone=True)


def _agreed() -> dict[int, list[tuple[datetime, list[dict[str, Any]]]]]:
    """The variations of each contract, in the order in which they took effect, each with its milestones."""
    changes = sa.table(
        "contract_changes",
        *(sa.column(name) for name in ("contract_id", "identifier", "kind", "state")),
        sa.column("terms", sa.JSON),
    )
    events = sa.table(
        "events",
        *(sa.column(name) for name in ("id", "case_type", "case_identifier", "kind")),
        sa.column("at", _AT),
    )
    rows = op.get_bind().execute(
        sa.select(changes.c.contract_id, events.c.at, changes.c.terms)
        .join(
            events,
            (events.c.case_type == "change")
            & (events.c.case_identifier == changes.c.identifier)
            & (events.c.kind == "change.agree"),
        )
        .where(changes.c.kind == "variation", changes.c.state == "agreed")
        .order_by(events.c.id)
    )
    found: dict[int, list[tuple[datetime, list[dict[str, Any]]]]] = {}
    for contract, at, terms in rows:
        found.setdefault(contract, []).append((at, terms["milestones"]))
    return found


def _keep_prices() -> None:
    """The price of the award until the first variation, then what was met by each and what it brought."""
    contracts = sa.table(
        "contracts", sa.column("id"), sa.column("award_id"), sa.column("earlier_prices", sa.JSON)
    )
    awards = sa.table("awards", sa.column("id"), sa.column("price"))
    parts = sa.table("milestones", sa.column("contract_id"), sa.column("amount"), sa.column("met_at", _AT))
    bind = op.get_bind()
    for contract, variations in _agreed().items():
        first = sa.select(awards.c.price).join(contracts, contracts.c.award_id == awards.c.id)
        price = bind.scalar(first.where(contracts.c.id == contract))
        met = bind.execute(
            sa.select(parts.c.met_at, parts.c.amount).where(
                parts.c.contract_id == contract, parts.c.met_at.is_not(None)
            )
        ).all()
        earlier = []
        for at, rows in variations:
            earlier.append({"until": at.isoformat(), "price": price})
            price = sum(amount for met_at, amount in met if met_at <= at) + sum(row["amount"] for row in rows)
        bind.execute(contracts.update().where(contracts.c.id == contract).values(earlier_prices=earlier))


def upgrade() -> None:
    op.add_column("contracts", sa.Column("earlier_prices", sa.JSON(), nullable=True))
    _keep_prices()
    # Added as it is: the part that past scores were reckoned with, so that they come out the same.
    op.add_column(
        "rating_facts", sa.Column("seen_weight", sa.Double(), nullable=False, server_default=sa.text("0"))
    )
    op.execute("UPDATE rating_facts SET seen_weight = weight * seen_share")
    scores = sa.table("credit_scores", sa.column("holds_until", _AT))
    op.execute(scores.update().values(holds_until=clock.now()))


def downgrade() -> None:
    op.drop_column("rating_facts", "seen_weight")
    op.drop_column("contracts", "earlier_prices")
