"""A market as large as one likes, for what has to hold however many agencies there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text, update
from stdnum.cn import uscc

from market.extensions import db
from market.spreadsheets import as_csv
from market.transaction import transaction
from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Qualification
from models.agencies.entry import AgencyProfile
from models.agencies.fees import FeeSchedule
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract, Milestone
from models.contracts.deliverables import Deliverable, ReviewOutcome
from models.credit.rating_facts import RatingFact
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender


def furnish(size: int) -> int:
    """Make `size` agencies beside those there are, each with what the first settled contract's agency has.

    Its profile and a fee, a certificate that ends within days, and a contract for a project of its own that
    was rated, so that each has a score. Returns the key of the first; the others follow.
    """
    db.session.rollback()
    contract = db.session.scalars(
        select(Contract).where(Contract.state == "completed").order_by(Contract.id).limit(1)
    ).one()
    agency, award = contract.agency_id, contract.award_id
    tender = db.session.scalars(select(Award.tender_id).where(Award.id == award)).one()
    with transaction() as session:
        session.add(
            Qualification(
                agency_id=agency,
                kind="水资源论证单位水平评价",
                number=f"N-{size}",
                level="甲级",
                issuer="水利部",
                valid_from=clock.today() - timedelta(days=900),
                valid_until=clock.today() + timedelta(days=5),
            )
        )
    plan: list[tuple[Any, Any, tuple[str, ...]]] = [
        (Organisation, Organisation.id == agency, ("identifier", "uscc")),
        (AgencyProfile, AgencyProfile.agency_id == agency, ()),
        (FeeSchedule, FeeSchedule.agency_id == agency, ()),
        (Qualification, Qualification.number == f"N-{size}", ("number",)),
        (Tender, Tender.id == tender, ("identifier", "project", "project_key")),
        (Award, Award.id == award, ("identifier",)),
        (Contract, Contract.id == contract.id, ("identifier",)),
        (Rating, (Rating.contract_id == contract.id) & (Rating.by == "buyer"), ("identifier",)),
        (RatingFact, (RatingFact.agency_id == agency) & (RatingFact.by == "buyer"), ("rating",)),
    ]
    named = {
        "agency_id": Organisation,
        "ratee_id": Organisation,
        "tender_id": Tender,
        "award_id": Award,
        "contract_id": Contract,
        "rating_id": Rating,
    }
    firsts: dict[Any, int] = {}
    for entity, which, unique in plan:
        _copy(
            entity,
            which,
            unique,
            {column: firsts[kind] for column, kind in named.items() if kind in firsts},
            firsts,
            size,
        )
    with transaction() as session:  # a fee each, for one of the items in turn
        codes = list(session.scalars(select(ServiceItem.code).distinct().order_by(ServiceItem.code)))
        for n, code in enumerate(codes):
            of_it = FeeSchedule.id >= firsts[FeeSchedule], FeeSchedule.id % len(codes) == n
            session.execute(update(FeeSchedule).where(*of_it).values(item_code=code))
    return firsts[Organisation]


def employ(first: int, size: int, contracts: int) -> None:
    """Give each of `size` agencies from the `first` on so many contracts more, completed as the first was.

    Each with its deliverable, the outcome of its review and its rating: four records of a score.
    """
    db.session.rollback()
    contract = db.session.scalars(
        select(Contract).where(Contract.state == "completed").order_by(Contract.id).limit(1)
    ).one()
    tender = db.session.scalars(select(Award.tender_id).where(Award.id == contract.award_id)).one()
    deliverable = db.session.scalars(select(Deliverable).where(Deliverable.contract_id == contract.id)).one()
    plan: list[tuple[Any, Any, tuple[str, ...]]] = [
        (Tender, Tender.id == tender, ("identifier", "project", "project_key")),
        (Award, Award.id == contract.award_id, ("identifier",)),
        (Contract, Contract.id == contract.id, ("identifier",)),
        (Milestone, Milestone.id == deliverable.milestone_id, ()),
        (Deliverable, Deliverable.id == deliverable.id, ("identifier",)),
        (ReviewOutcome, ReviewOutcome.deliverable_id == deliverable.id, ()),
        (Rating, (Rating.contract_id == contract.id) & (Rating.by == "buyer"), ("identifier",)),
        (RatingFact, (RatingFact.agency_id == contract.agency_id) & (RatingFact.by == "buyer"), ("rating",)),
    ]
    named = {
        "tender_id": Tender,
        "award_id": Award,
        "contract_id": Contract,
        "milestone_id": Milestone,
        "deliverable_id": Deliverable,
        "rating_id": Rating,
    }
    firsts: dict[Any, int] = {}
    for entity, which, unique in plan:
        ours = {column: firsts[kind] for column, kind in named.items() if kind in firsts}
        _copy(entity, which, unique, ours, firsts, size * contracts, of=(first, contracts))


def _copy(
    entity: Any,
    which: Any,
    unique: tuple[str, ...],
    ours: dict[str, int],
    firsts: dict[Any, int],
    size: int,
    of: tuple[int, int] | None = None,
) -> None:
    """Copies of one row, each for the agency, tender, award or contract of the same number.

    With `of`, the first agency and how many copies each has, so many go to one agency.
    """
    table = entity.__table__
    row = dict(db.session.execute(select(table).where(which).limit(1)).mappings().one())
    firsts[entity] = (db.session.scalar(select(func.max(entity.id))) or 0) + 1
    db.session.rollback()
    for begin in range(0, size, 500):
        made = [
            {
                **row,
                "id": firsts[entity] + n,
                **{name: _new(name, row[name], firsts[entity] + n) for name in unique},
                **{column: first + n for column, first in ours.items() if column in row},
                # one rates after another: a rater's last before an instant is found by its place in time
                **({"at": row["at"] - timedelta(seconds=size - n)} if entity is RatingFact else {}),
                **{
                    column: of[0] + n // of[1]
                    for column in ("agency_id", "ratee_id")
                    if of is not None and column in row
                },
            }
            for n in range(begin, min(begin + 500, size))
        ]
        with transaction() as session:
            session.execute(insert(table), made)
            if session.get_bind().dialect.name == "postgresql":  # whose sequence knows nothing of these
                session.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {made[-1]['id']})")
                )


def _new(column: str, like: str, number: int) -> str:
    """What must be another in each copy.

    A sound code (统一社会信用代码), or an identifier or a project nobody else has.
    """
    body = f"9164{number:013d}"
    return body + uscc.calc_check_digit(body) if column == "uscc" else f"{like[:1]}N-{number}"


def register_export(path: Path) -> None:
    """The business register's export: it agrees with every agency but one in two hundred, which moved."""
    pairs = (
        select(Organisation, AgencyProfile)
        .join(AgencyProfile, AgencyProfile.agency_id == Organisation.id)
        .where(Organisation.kind == "agency")
    )
    rows = [["统一社会信用代码", "企业名称", "登记状态", "法定代表人", "住所", "经营范围", "营业期限至"]]
    for number, (agency, profile) in enumerate(db.session.execute(pairs).all()):
        address = "盐桥路 8 号" if number % 200 == 199 else profile.registered_address
        rows.append(
            [agency.uscc, agency.name, "存续", agency.legal_representative, address, profile.scope, "长期"]
        )
    db.session.rollback()
    path.write_bytes(as_csv(rows))
