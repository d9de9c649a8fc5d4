"""authorisations: who may sign and pay for an organisation; who did so before goes on

Revision ID: 0032
Revises: 0029
Create Date: 2026-11-27 05:10:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

from models.base import UTCDateTime

# revision identifiers, used by Alembic.
revision: str = "0032"
down_revision: Union[str, Sequence[str], None] = "0031"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

# Whoever signed or paid for the organisation it still belongs to, and the owners of every organisation for which
# somebody did: nobody is locked out. It lasts until somebody withdraws it.
BOUND = (
    "SELECT DISTINCT m.id, m.user_id, m.organisation_id, o.region_code FROM memberships m"
    " JOIN organisations o ON o.id = m.organisation_id JOIN events e ON e.actor_organisation_id = o.id"
    " WHERE o.kind <> 'authority' AND e.kind IN ('contract.agree_buyer', 'contract.agree_agency', 'payment.pay')"
    " AND (m.role = 'owner' OR e.actor_user_id = m.user_id) ORDER BY m.id"
)


def upgrade() -> None:
    op.create_table(
        "authorisations",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("covers", sa.JSON(), nullable=False),
        sa.Column("until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("given_under_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("due_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("referred_to", sa.String(length=6), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("policy_version", sa.String(length=12), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_authorisations_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_authorisations_user_id_users")),
        sa.ForeignKeyConstraint(
            ["given_under_id"],
            ["authorisations.id"],
            name=op.f("fk_authorisations_given_under_id_authorisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisations")),
        sa.UniqueConstraint("identifier", name=op.f("uq_authorisations_identifier")),
    )
    for columns in (
        ["organisation_id"], ["user_id"], ["given_under_id"], ["state"], ["due_at"], ["region_code"],
        ["state", "due_at"],
    ):  # fmt: skip
        op.create_index(op.f(f"ix_authorisations_{'_'.join(columns)}"), "authorisations", columns)
    for table, column in (("memberships", "authorisation_id"), ("delegations", "given_under_id")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(column, sa.Integer(), nullable=True))
            batch_op.create_foreign_key(
                batch_op.f(f"fk_{table}_{column}_authorisations"), "authorisations", [column], ["id"]
            )
    _go_on()


def _go_on() -> None:
    """What people did before is taken for their authority to do it."""
    connection = op.get_bind()
    table = sa.table(
        "authorisations",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("identifier", sa.String),
                ("organisation_id", sa.Integer),
                ("user_id", sa.Integer),
            )
        ),
        *(sa.column(name, sa.String) for name in ("basis", "state", "region_code", "policy_version")),
        sa.column("covers", sa.JSON),
    )
    counters = sa.table("counters", *(sa.column(name) for name in ("prefix", "year", "value")))
    found = connection.execute(sa.text(BOUND)).all()
    for number, (member, user, organisation, region) in enumerate(found, 1):
        identifier = f"LA-2026-{number:06d}"
        connection.execute(
            table.insert().values(
                identifier=identifier,
                organisation_id=organisation,
                user_id=user,
                region_code=region,
                basis="before",
                state="standing",
                policy_version="2026-12",
                covers=["sign", "pay"],
            )
        )
        given = sa.text(
            "UPDATE memberships SET authorisation_id = (SELECT id FROM authorisations WHERE identifier = :identifier)"
            " WHERE id = :member"
        )
        connection.execute(given, {"identifier": identifier, "member": member})
    if found:
        connection.execute(counters.insert().values(prefix="LA", year=2026, value=len(found)))


def downgrade() -> None:
    for table, column in (("delegations", "given_under_id"), ("memberships", "authorisation_id")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_{column}_authorisations"), type_="foreignkey")
            batch_op.drop_column(column)
    op.drop_table("authorisations")
    op.execute("DELETE FROM counters WHERE prefix = 'LA'")
