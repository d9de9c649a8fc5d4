"""A small market to test in, made through the same actions people use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import select
from stdnum.cn import uscc

from market.accounts.actions import confirming, delegating, entering, members
from market.agencies.actions import entry, publishing
from market.contracts.actions import delivering, signing
from market.extensions import db
from market.files import File, hand_in, keep
from market.jobs import drain
from market.payments.actions import paying
from market.ratings.actions import rating as ratings
from market.sourcing.actions import awards, drafting, quotes, tenders
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import closing as closing_actions
from market.transaction import transaction
from models import clock, identifiers, policy, workdays
from models.accounts import Delegation, Organisation, User
from models.acting import actor_for
from models.actors import SYSTEM, VISITOR, Actor
from models.agencies.certificates import Practitioner
from models.agencies.entry import FORMS, EntryMaterial, fill_step
from models.authorisations import SCOPES, Authorisation
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.payments.payment import Payment
from models.ratings.rating import DIMENSIONS, Rating
from models.sourcing.awards import Award
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.tenders import Tender

PASSWORD = "correct horse battery"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
ADMIN = Actor("管理员", frozenset({"admin"}))
COUNTY = "632801"  # 格尔木市
ITEM = "WAT-01"


def code(number: int) -> str:
    """A sound 统一社会信用代码: 9163280 and a running number."""
    body = f"9163{number:013d}"
    return body + uscc.calc_check_digit(body)


@dataclass
class World:
    """The people of a test. `actor(name)` signs them in afresh, as every request does."""

    emails: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def actor(self, name: str) -> Actor:
        if name in ("system", "visitor", "admin"):
            return {"system": SYSTEM, "visitor": VISITOR, "admin": ADMIN}[name]
        db.session.rollback()
        user = db.session.query(User).filter_by(email=self.emails[name]).one()
        return replace(actor_for(user), proved=True)

    def organisation(self, name: str) -> Organisation:
        return Organisation.load(db.session, self.identifiers[name])

    def _person(self, name: str, **organisation: Any) -> dict[str, Any]:
        self.made += 1
        self.emails[name] = f"{name}@example.cn"
        return {
            "email": self.emails[name],
            "name": name,
            "password": PASSWORD,
            "uscc": code(self.made),
            "organisation": f"{name}单位",
            "region_code": COUNTY,
            **organisation,
        }

    def authority(self, name: str, role: str, region: str = "630000", department: str | None = None) -> None:
        person = self._person(name, region_code=region, authority_role=role, department=department)
        self.identifiers[name] = members.set_up_authority(ADMIN, **person)
        self.confirm(name)

    def authorise(self, name: str) -> None:
        """Somebody may sign and pay for its organisation, until that is withdrawn."""
        with transaction() as session:
            member = session.scalars(select(User).where(User.email == self.emails[name])).one().memberships[0]
            letter = Authorisation(
                identifier=identifiers.issue(session, Authorisation),
                organisation_id=member.organisation_id,
                user_id=member.user_id,
                region_code=member.organisation.region_code,
                policy_version=policy.current().version,
                basis="letter",
                covers=[*SCOPES],
                state="standing",
            )
            session.add(letter)
            session.flush()
            member.authorisation_id = letter.id

    def confirm(self, name: str) -> None:
        """Somebody who was added here follows the link in the letter."""
        confirming.show_address(self.emails[name])

    def member(self, of: str, name: str) -> None:
        """Another member of an organisation, who has confirmed."""
        self.emails[name] = f"{name}@example.cn"
        members.add_member(self.actor(of), email=self.emails[name], name=name, password=PASSWORD)
        self.confirm(name)

    def accept(self, name: str) -> None:
        """Somebody accepts whatever was delegated to it."""
        actor = self.actor(name)
        for number in db.session.scalars(
            select(Delegation.id).where(Delegation.user_id == actor.user_id, Delegation.accepted_at.is_(None))
        ).all():
            delegating.accept(actor, number)

    def appoint_admin(self) -> None:
        self.emails["admin"] = members.appoint_admin(
            SYSTEM, email="admin@example.cn", name="管理员", password=PASSWORD
        )

    def deadline(self, tender: str) -> datetime:
        db.session.rollback()
        return Tender.load(db.session, tender).deadline

    def closing(self, tender: str) -> datetime:
        db.session.rollback()
        return Tender.load(db.session, tender).closes_at

    def day(self, offset: int) -> date:
        return clock.today() + timedelta(days=offset)

    def sign_up(self, name: str, **organisation: Any) -> None:
        """Somebody with an organisation of its own, of whom nothing else is known yet."""
        self.identifiers[name] = members.sign_up(VISITOR, **self._person(name, **organisation))

    def enterprise(self, name: str, *, verified: bool = True) -> None:
        """An enterprise whose licence a regulator has looked at; or one that waits for it."""
        self.sign_up(name, kind="enterprise")
        if verified:
            entering.correct(
                self.actor(name),
                organisation=f"{name}单位",
                legal_representative="",
                file_name="licence.pdf",
                content=PDF,
            )
            entry.verify(ADMIN, self.identifiers[name])
            self.authorise(name)

    def agency(
        self,
        name: str,
        price: int = 5_000_000,
        item: str = ITEM,
        *,
        verified: bool = True,
        region: str = COUNTY,
    ) -> None:
        """An agency that has entered and published a price; or one whose application waits to be checked."""
        self.sign_up(name, kind="agency", region_code=region)
        self.fill(name)
        entry.submit(self.actor(name), committed=True)
        if verified:
            entry.verify(self.actor("regulator"), self.identifiers[name])
            self.authorise(name)
            self.fees(name, price, item)

    def fill(self, name: str, *, without: tuple[str, ...] = ()) -> None:
        """What an agency tells in the steps of its entry, in one transaction."""
        paper = keep(PDF)
        with transaction() as session:
            agency = Organisation.lock(session, self.identifiers[name])
            for step, values in entry_values(name).items():
                if step not in without:
                    fill_step(session, agency, step, values)
            if "practitioners" not in without:
                session.add(
                    Practitioner(
                        agency_id=agency.id,
                        name="才旦",
                        kind="注册咨询工程师",
                        number=f"Z-{agency.id}",
                        **years(),
                    )
                )
            if "materials" not in without:
                for kind in FORMS["company"]["materials"]:
                    document = hand_in(
                        session, actor_for_name(session, self.emails[name]), agency, f"{kind}.pdf", paper
                    )
                    session.add(
                        EntryMaterial(agency_id=agency.id, kind=kind, document_identifier=document.identifier)
                    )

    def fees(self, name: str, price: int, item: str = ITEM) -> None:
        publishing.publish_fees(
            self.actor(name), item_code=item, terms={"method": "fixed", "price": price}, days=20
        )

    def asked(self, **values: Any) -> dict[str, Any]:
        """What a tender asks for, as its form sends it."""
        return {
            "item_code": ITEM,
            "region_code": COUNTY,
            "project": "高标准农田项目",
            "description": "",
            "quantity": {},
            "budget": None,
            "mode": "inquiry",
            "funds": "private",
            "openness": "open",
            "deadline": workdays.add(clock.now(), 5),
            "invited": [],
            **values,
        }

    def tender(self, buyer: str = "buyer", *, publish: bool = True, **values: Any) -> str:
        identifier = drafting.create(self.actor(buyer), **self.asked(**values))
        return tenders.publish(self.actor(buyer), identifier) if publish else identifier

    def bids(self, tender: str, **prices: int) -> dict[str, str]:
        """Seal a bid by each of these agencies at its price; the bids' identifiers by agency."""
        return {
            name: bid_actions.submit(self.actor(name), tender, price=price, days=20)
            for name, price in prices.items()
        }

    def awarded(self, price: int = 4_000_000, agency: str = "agency") -> str:
        """An inquiry answered, agreed and awarded; returns the award."""
        before = db.session.query(Award).count()
        db.session.rollback()
        tender = self.tender(
            **({"project": f"高标准农田项目(第{before}片区)", "again_of": NOT_AGAIN} if before else {})
        )
        quote = quotes.submit(self.actor(agency), tender, price=price, days=20)
        quotes.accept(self.actor("buyer"), quote)
        closing_actions.close(self.actor("buyer"), tender)
        return awards.award(
            self.actor("buyer"), tender, agency=self.identifiers[agency], reasons="价格合理,工期满足"
        )

    def contract_of(self, award: str) -> Contract:
        return db.session.query(Contract).join(Award).filter(Award.identifier == award).one()

    def one(self, case_class: Any, contract: str, **where: Any) -> Any:
        """The payment, deliverable or rating of a contract."""
        return next(
            c for c in self.every(case_class, contract) if all(getattr(c, k) == v for k, v in where.items())
        )

    def every(self, case_class: Any, contract: str) -> list[Any]:
        """The cases of one kind of a contract, in order."""
        db.session.rollback()
        return (
            db.session.query(case_class)
            .join(Contract)
            .filter(Contract.identifier == contract)
            .order_by(case_class.id)
            .all()
        )

    def signed(self, **values: Any) -> str:
        contract: str = self.contract_of(self.awarded(**values)).identifier
        signing.agree(self.actor("buyer"), contract)
        signing.agree(self.actor(values.get("agency", "agency")), contract)
        return contract

    def started(self, **values: Any) -> str:
        """A contract signed, its deposit in."""
        contract = self.signed(**values)
        self.paid(contract, "deposit", values.get("agency", "agency"))
        return contract

    def paid(self, contract: str, kind: str, agency: str = "agency") -> None:
        payment = self.one(Payment, contract, kind=kind).identifier
        paying.pay(self.actor("buyer"), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
        paying.confirm(self.actor(agency), payment)

    def supplied(self, contract: str, agency: str = "agency") -> None:
        """The buyer hands over its materials, and the agency finds them complete."""
        materials = self.one(Materials, contract)
        delivering.supply(self.actor("buyer"), materials.identifier, ticked=list(materials.points))
        delivering.confirm_materials(self.actor(agency), materials.identifier)

    def delivered(self, contract: str, agency: str = "agency", milestone: int = 1) -> str:
        """A version of a milestone's deliverable; each another file."""
        deliverable = next(d for d in self.every(Deliverable, contract) if d.milestone.number == milestone)
        points = deliverable.contract.tender.item.checklist
        identifier: str = deliverable.identifier
        self.made += 1
        delivering.submit(
            self.actor(agency),
            identifier,
            files=[File("r.pdf", PDF + b"%%%d" % self.made)],
            ticked=points,
        )
        return identifier

    def accepted(self, deliverable: str) -> None:
        points = Deliverable.load(db.session, deliverable).contract.tender.item.checklist
        delivering.accept(self.actor("buyer"), deliverable, ticked=points)

    def settled_unrated(self, agency: str = "agency", price: int = 4_000_000) -> str:
        """All eight steps; returns the contract."""
        contract = self.signed(agency=agency, price=price)
        self.paid(contract, "deposit", agency)
        self.supplied(contract, agency)
        deliverable = self.delivered(contract, agency)
        self.accepted(deliverable)
        delivering.pass_review(self.actor("department"), deliverable)
        self.paid(contract, "settlement", agency)
        return contract

    def settled(self, stars: int = 5, agency: str = "agency", price: int = 4_000_000) -> str:
        """All eight steps and both ratings; returns the contract."""
        contract = self.settled_unrated(agency, price)
        for by, name in (("buyer", "buyer"), ("agency", agency)):
            rating = self.one(Rating, contract, by=by).identifier
            ratings.rate(self.actor(name), rating, scores=dict.fromkeys(DIMENSIONS[by], stars), comment="好")
        drain()
        return contract


def entry_values(name: str) -> dict[str, dict[str, Any]]:
    """What the steps of an entry ask, as their forms send it."""
    return {
        "licence": {
            "legal_form": "company",
            "established_on": date(2018, 5, 1),
            "licence_until": None,
            "registered_capital": 100_000_000,
            "scope": "水土保持;环境影响评价",
        },
        "representative": {"legal_representative": f"{name}法人", "phone": "0979-1"},
        "premises": {
            "registered_address": "昆仑路 1 号",
            "address": "昆仑路 1 号",
            "premises": "owned",
            "premises_area": 200,
            "premises_until": None,
        },
        "bank": {
            "bank_name": "演示银行",
            "account_name": f"{name}单位",
            "account_number": "6228000012345678" if name == "agency" else f"6228{crc32(name.encode()):012d}",
        },
    }


def years() -> dict[str, date]:
    return {"valid_from": date(2025, 1, 1), "valid_until": date(2031, 1, 1)}


def actor_for_name(session: Any, email: str) -> Actor:
    return actor_for(session.query(User).filter_by(email=email).one())


def small_market() -> World:
    """A regulator, a department, a buyer and three agencies with fees for one item."""
    world = World()
    world.authority("regulator", "regulator")
    world.authority("department", "department", department="水利")
    world.authority("custodian", "custodian")
    world.enterprise("buyer")
    for name, price in (("agency", 5_000_000), ("second", 4_800_000), ("third", 4_600_000)):
        world.agency(name, price)
    return world
