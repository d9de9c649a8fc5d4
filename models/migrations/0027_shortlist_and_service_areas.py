"""the agencies an organisation keeps in mind, and where an agency serves

Revision ID: 0027
Revises: 0026
Create Date: 2026-11-27 02:20:00

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import models.base


# revision identifiers, used by Alembic.
revision: str = "0027"
down_revision: Union[str, Sequence[str], None] = "0026"
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "favourites",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("at", models.base.UTCDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_favourites_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_favourites_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourites")),
        sa.UniqueConstraint(
            "organisation_id", "agency_id", name=op.f("uq_favourites_organisation_id_agency_id")
        ),
    )
    op.create_index(op.f("ix_favourites_agency_id"), "favourites", ["agency_id"])
    op.create_table(
        "service_areas",
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["organisations.id"], name=op.f("fk_service_areas_agency_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_areas")),
        sa.UniqueConstraint("agency_id", "region_code", name=op.f("uq_service_areas_agency_id_region_code")),
    )
    op.create_index(op.f("ix_service_areas_region_code"), "service_areas", ["region_code"])


def downgrade() -> None:
    op.drop_table("service_areas")
    op.drop_table("favourites")
