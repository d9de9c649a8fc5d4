"""Secrets until their time.

One walk over every address as everybody, while one request is under seal, one in a live auction, and one
invited and awarded. What was planted in them is told to nobody who may not know it, by no page, export,
search, header or log line; and to whoever has no part in a case its number is like one that nobody has.

The addresses come from the application's own table (tests/walking.py), so whoever adds a route has it walked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PDF, World
from market.accounts import jobs as letters
from market.accounts.actions import authorising
from market.contracts.actions.contract_pdf import rendered
from market.extensions import db
from market.files import store
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines
from market.messages import actions as messages
from market.sourcing.actions import auction, awards, closing, quotes, searching
from market.sourcing.actions import bids as bid_actions
from market.transaction import transaction
from models import CASES, clock, draws, events
from models.accounts import Membership, User
from models.clock import BEIJING
from models.contacts import ContactPerson
from models.documents import Document
from models.letters import Letter
from models.notifications import Notification
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.every_case import says
from tests.walking import addresses, searches, told
from tests.web import Visitor, sign_in

EVERYBODY = (
    "visitor",
    "buyer",
    "other",
    "agency",
    "second",
    "regulator",
    "far",
    "department",
    "admin",
    "custodian",
)
BIDDERS = ("agency", "second", "third")
FEWER = (
    "visitor",
    "buyer",
    "agency",
    "second",
    "far",
)  # on PostgreSQL, where pages, rules and actors are the same and the queries alone may differ
GOES = (
    "accounts.sign_out",
    "accounts.sign_in",
    "accounts.sign_up",
    "accounts.language",
)  # whoever is asked by these is another person after it


@dataclass
class Scene:
    """Cases with what was planted in them.

    Per marker who may be told it, and the numbers of the cases, each with its type.
    """

    numbers: dict[str, str] = field(default_factory=dict)
    markers: dict[str, frozenset[str]] = field(default_factory=dict)
    invited: list[str] = field(
        default_factory=list
    )  # numbers whose cases are nobody's business but their parties'
    bids: list[str] = field(default_factory=list)

    def plant(self, *markers: str, known: tuple[str, ...] = ()) -> None:
        self.markers |= dict.fromkeys(markers, frozenset(known))

    def hidden_from(self, role: str, address: str) -> list[str]:
        """What this one may not be told there; what it said itself comes back to it."""
        return [
            marker for marker, known in self.markers.items() if role not in known and marker not in address
        ]


def _numbered(scene: Scene, *identifiers: str) -> None:
    """Know these cases, and the papers and draws that hang on them, by number."""
    db.session.rollback()
    for identifier in identifiers:
        kinds = [
            kind
            for kind, case in CASES.items()
            if db.session.scalar(select(case.id).where(case.identifier == identifier))
        ]
        scene.numbers[identifier] = kinds[0] if kinds else ""
        hanging = select(Document.identifier).where(Document.case_identifier == identifier)
        scene.numbers |= dict.fromkeys(db.session.scalars(hanging), "")
        scene.numbers |= dict.fromkeys(
            [draw.identifier for draw in draws.of_case(db.session, identifier)], ""
        )


def _sealed(world: World, scene: Scene) -> None:
    """A request for sealed bids before its deadline."""
    tender = world.tender(mode="sealed_bid", funds="state")
    for name, price in zip(BIDDERS, (4_321_700, 4_322_800, 4_323_900), strict=True):
        bid = bid_actions.submit(
            world.actor(name),
            tender,
            price=price,
            days=347,
            note=f"{name}密封的话",
            contribution=f"{name}抽签的话",
            file_name=f"{name}密封的文件.pdf",
            content=PDF,
        )
        scene.plant(
            f"{price // 100:,}",
            str(price),
            str(price // 100),
            f"{name}密封的话",
            f"{name}抽签的话",
            f"{name}密封的文件",
        )
        scene.plant(bid, Bid.load(db.session, bid).receipt, known=(name,))
        scene.bids.append(bid)
    _numbered(scene, tender, *scene.bids)


def _auction(world: World, time: Any, scene: Scene) -> None:
    """A live auction, one price given since it began."""
    deadline = time.instant.astimezone(BEIJING).replace(day=9, hour=10, minute=0)
    tender = world.tender(mode="reverse_auction", funds="state", deadline=deadline)
    bids = {}
    for name, price in zip(BIDDERS, (4_011_100, 4_155_500, 4_166_600), strict=True):
        bids[name] = bid_actions.submit(
            world.actor(name),
            tender,
            price=price,
            days=359,
            note=f"{name}竞价的话",
            contribution=f"{name}竞价的暗号",
            file_name=f"{name}竞价的文件.pdf",
            content=PDF,
        )
        scene.plant(f"{name}竞价的话", f"{name}竞价的暗号", f"{name}竞价的文件")
        scene.plant(f"{price // 100:,}", str(price), known=(name,))
    time.closing(tender)
    assert Tender.load(db.session, tender).state == "auction"
    auction.undercut(world.actor("second"), bids["second"], price=3_933_300)
    scene.plant("39,333", "3933300", known=(*BIDDERS, "buyer"))
    _numbered(scene, tender, *bids.values())
    scene.bids += bids.values()


def _invited(world: World, scene: Scene) -> None:
    """An invited request, awarded, its notice issued and its contract put on paper."""
    tender = world.tender(
        project="密邀的项目",
        description="密邀的说明",
        mode="direct",
        openness="invited",
        invited=[world.identifiers["agency"]],
    )
    quote = quotes.submit(world.actor("agency"), tender, price=4_123_400, days=20, note="密邀的报价说明")
    closing.close(world.actor("buyer"), tender)
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="密邀的中选理由"
    )
    drain()
    contract = world.contract_of(award).identifier
    rendered(contract)
    parties = ("buyer", "agency", "regulator", "admin")
    scene.plant(
        "密邀的项目",
        "密邀的说明",
        "41,234",
        "4123400",
        "密邀的报价说明",
        "密邀的中选理由",
        tender,
        quote,
        award,
        contract,
        known=parties,
    )
    for name, phone in (("buyer", "0971-0000177"), ("agency", "0971-0000188")):
        actor = world.actor(name)
        messages.add_contact(actor, name=f"{name}接电话的人", purpose="商务", phone=phone, email="")
        person = db.session.scalars(select(func.max(ContactPerson.id))).one()
        messages.name_contact(actor, contract, person=person)
        scene.plant(phone, f"{name}接电话的人", known=("buyer", "agency"))
        said, content = f"{name}写给对方的话", PDF + f"% {name}附件里的话".encode()
        messages.send(actor, contract, text=said, file_name=f"{name}的附件.pdf", content=content)
        scene.plant(said, f"{name}附件里的话", f"{name}的附件", known=("buyer", "agency"))
    before = set(scene.numbers)
    _numbered(scene, tender, quote, award, contract)
    scene.invited = [number for number in scene.numbers if number not in before]


def _letter(world: World, scene: Scene) -> None:
    """A letter of authorisation that waits to be checked; an identity card is on its scan."""
    letter = authorising.open_letter(
        world.actor("agency"), covers=["sign"], until=clock.now() + timedelta(days=90)
    )
    scan = "授权书扫描件的名字.pdf"
    authorising.file(world.actor("agency"), letter, file_name=scan, content=PDF + b"%110101199003070011")
    scene.plant(letter, scan, "110101199003070011", known=("agency", "regulator", "admin"))
    _numbered(scene, letter)


def _walkers(roles: tuple[str, ...]) -> tuple[str, ...]:
    return roles if db.engine.dialect.name == "sqlite" else tuple(role for role in roles if role in FEWER)


@pytest.fixture
def scene(app: Flask, world: World, time: Any) -> Scene:
    world.authority("far", "regulator", region="540000")
    world.enterprise("other")
    world.appoint_admin()
    made = Scene()
    _auction(world, time, made)
    _sealed(world, made)
    _invited(world, made)
    _letter(world, made)
    drain()
    rebuild_index()
    db.session.rollback()
    return made


def _leaks(scene: Scene, world: World, role: str, address: str, answer: Any, kept: set[bytes]) -> list[str]:
    everything = told(answer)
    found = [
        f"{address} tells {role} {marker}"
        for marker in scene.hidden_from(role, address)
        if says(everything, marker)
    ]
    if answer.response.get_data() in kept and role not in ("buyer", "agency", "regulator", "admin"):
        found.append(f"{address} gives {role} a paper")
    if any(number in address for number in scene.bids) or any(
        f"/{number}" in address for number, kind in scene.numbers.items() if kind == "tender"
    ):
        who = {world.organisation(name).name for name in BIDDERS} - {f"{role}单位"}
        found += [
            f"{address} tells {role} that {name} bids"
            for name in who
            if name in everything and f"/{scene.invited[0]}" not in address
        ]
    return found


@pytest.mark.walks
def test_nobody_is_told_what_is_not_his_to_know(app: Flask, world: World, scene: Scene, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    kept = {
        store().get(sha)
        for sha in db.session.scalars(
            select(Document.sha256).where(Document.case_identifier.in_(scene.invited))
        )
    }
    assert len(kept) == 4, "the notice, the contract, and what either party sent the other"
    walked = [address for address, _ in addresses(app, "GET", scene.numbers, without=GOES)]
    walked += searches(app, [*scene.invited[:2], scene.bids[0], "密邀", "密封", "41,234", "4321700"])
    leaks, seen = [], {role: "" for role in _walkers(EVERYBODY)}
    for role in seen:
        visitor = sign_in(app, world, role)
        for address in walked:
            answer = visitor.get(address)
            leaks += _leaks(scene, world, role, address, answer, kept)
            if answer.status == 200:
                seen[role] += answer.text
    assert not leaks, f"{len(leaks)}:\n" + "\n".join(leaks[:60])
    assert not [
        marker
        for marker in scene.markers
        if marker in caplog.text and not marker.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    ], "a log line tells"
    there = (
        "密邀的项目",
        "密邀的中选理由",
        "39,333",
        "agency写给对方的话",
        "agency附件里的话",
        "0971-0000188",
    )
    assert all(word in seen["buyer"] for word in there), "the walk comes where it should"
    assert all("39,333" in seen[name] for name in ("agency", "second"))
    assert len(walked) > 200


def test_no_notice_mail_or_digest_tells_what_is_not_his_to_know(
    app: Flask, world: World, scene: Scene
) -> None:
    """What may leave for whoever was told, by any way and in both languages; nothing of it lies elsewhere."""
    searching.save(world.actor("other"), item="", region="", mode="direct", words="密邀", alert=True)
    rewind_alerts()
    drain()
    rows = select(Notification, User).join(
        Membership, Membership.organisation_id == Notification.organisation_id
    )
    rows = rows.join(User, User.id == Membership.user_id)
    leaks, everything = [], ""
    people = defaultdict(list)
    for notice, user in db.session.execute(rows):
        people[user].append(notice.id)
    for user, numbers in people.items():
        role = str(user.email).removesuffix("@example.cn")
        for kind, data in [("digest", {"notifications": numbers})] + [
            ("notice", {"notification": number}) for number in numbers
        ]:
            for locale in ("zh_Hans_CN", "en"):
                letter = Letter(kind=kind, address=user.email, locale=locale, data=data, user_id=user.id)
                said = letters.written(db.session, letter)
                assert said is not None
                text = f"{said.subject}\n{said.text}"
                everything += text if role == "agency" else ""
                leaks += [
                    f"{kind} tells {role} {marker}"
                    for marker in scene.hidden_from(role, "")
                    if marker in text
                ]
                leaks += [
                    f"{kind} tells {role} that {name} bids"
                    for name in BIDDERS
                    if role != name and f"{name}单位" in text and "密邀" not in text
                ]
    assert leaks == []
    assert "密邀的项目" in everything, "the walk comes where it should"
    told = {str(user.email).partition("@")[0] for user in people}
    assert told >= {"buyer", "agency", "second", "third", "other"}, "each side of the market"
    letters.work()
    kept = db.session.scalars(select(Letter.text).where(Letter.kind.in_(("notice", "digest"))))
    assert set(kept) == {None}


def rewind_alerts() -> None:
    """Everything that was published is alerted of once more, to those who save searches now."""
    with transaction() as session:
        events.rewind(session, "alerts")


def test_who_bids_shows_on_no_list(app: Flask, world: World, time: Any) -> None:
    """How often a bidder is named on the pages that are about no case, before and after it bid."""
    world.authority("far", "regulator", region="540000")
    world.appoint_admin()
    lists = [address for address, number in addresses(app, "GET", {}, without=GOES) if not number]
    people = {
        role: sign_in(app, world, role)
        for role in ("visitor", "buyer", "third", "regulator", "department", "admin", "custodian")
    }
    named = {
        (role, path): told(person.get(path)).count("second单位")
        for role, person in people.items()
        for path in lists
    }
    scene = Scene()
    _auction(world, time, scene)
    _sealed(world, scene)
    drain()
    rebuild_index()
    people = {role: sign_in(app, world, role) for role in people}  # days have passed, and sessions end
    after = {(role, path): told(people[role].get(path)).count("second单位") for role, path in named}
    assert [key for key in named if named[key] != after[key]] == []


def test_after_its_end_an_auction_is_there_for_all(app: Flask, world: World, time: Any) -> None:
    """What was planted comes out, so the walk above looked in the right places."""
    scene = Scene()
    _auction(world, time, scene)
    tender = next(number for number, kind in scene.numbers.items() if kind == "tender")
    time.instant = Tender.load(db.session, tender).auction_closes_at + timedelta(seconds=1)
    run_deadlines()
    _numbered(scene, tender, *scene.bids)
    everything = "".join(
        told(Visitor(app).get(address)) for address, _ in addresses(app, "GET", scene.numbers, without=GOES)
    )
    for name in BIDDERS:
        assert all(
            marker in everything
            for marker in (f"{name}竞价的话", f"{name}竞价的暗号", f"{name}竞价的文件", f"{name}单位")
        )
