"""How an agency enters (入驻).

What it tells of itself, step by step, the papers it hands in, and its commitment.

One entry serves the whole province (一地入驻、全省通行): the regulator of the agency's own area checks it,
and it may then answer tenders anywhere in the market's area.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.certificates import Practitioner
from models.base import Base, Code, Json, Name, OptionalFen
from models.errors import RuleViolation
from models.i18n import N_
from models.workflow import perform

SOURCE = Path(__file__).parents[1] / "data" / "entry.toml"
PREMISES = {"owned": N_("自有"), "leased": N_("租赁"), "lent": N_("无偿使用")}


@cache
def _rules() -> Json:
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


FORMS: dict[str, Json] = _rules()["forms"]
MATERIALS: dict[str, Json] = _rules()["materials"]

# The steps in order: what each is called, and the columns it fills (of the profile, or of the organisation
# itself).
STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "licence": (
        N_("证照信息"),
        ("legal_form", "established_on", "licence_until", "registered_capital", "scope"),
    ),
    "representative": (N_("法定代表人"), ("legal_representative", "phone")),
    "premises": (
        N_("经营场所"),
        ("registered_address", "address", "premises", "premises_area", "premises_until"),
    ),
    "practitioners": (N_("从业人员"), ()),
    "bank": (N_("收款账户"), ("bank_name", "account_name", "account_number", "stripe_account")),
    "materials": (N_("材料"), ()),
}
_NEEDED = {
    "licence": ("legal_form", "established_on", "scope"),
    "representative": ("legal_representative", "phone"),
    "premises": ("registered_address", "address", "premises"),
    "bank": ("bank_name", "account_name", "account_number"),
}
OWN = (
    "legal_representative",
    "phone",
    "address",
)  # kept with the organisation, as every kind of organisation has them
PRIVATE = (
    "bank_name",
    "account_name",
    "account_number",
    "stripe_account",
    "premises",
    "premises_area",
    "premises_until",
)


class AgencyProfile(Base):
    """What an agency tells of itself when it enters, and keeps up to date.

    `licence_until` of None is without end; `registered_capital` in fen, `premises_area` in square metres.
    """

    __tablename__ = "agency_profiles"

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), unique=True)
    legal_form: Mapped[str] = mapped_column(String(12), default="")
    established_on: Mapped[date | None]
    licence_until: Mapped[date | None]
    registered_capital: Mapped[OptionalFen]
    scope: Mapped[str] = mapped_column(String(2000), default="")
    registered_address: Mapped[Name] = mapped_column(default="")
    premises: Mapped[str] = mapped_column(String(8), default="")
    premises_area: Mapped[int | None]
    premises_until: Mapped[date | None]
    bank_name: Mapped[Name] = mapped_column(default="")
    account_name: Mapped[Name] = mapped_column(default="")
    account_number: Mapped[Code] = mapped_column(default="")
    stripe_account: Mapped[Code] = mapped_column(default="")

    @classmethod
    def blank(cls, agency_id: int) -> AgencyProfile:
        """What an agency that has told nothing has told."""
        texts = (
            "legal_form",
            "scope",
            "registered_address",
            "premises",
            "bank_name",
            "account_name",
            "account_number",
            "stripe_account",
        )
        return cls(agency_id=agency_id, **dict.fromkeys(texts, ""))


class EntryMaterial(Base):
    """A paper handed in for entry; the newest of each kind counts."""

    __tablename__ = "entry_materials"
    __table_args__ = (UniqueConstraint("agency_id", "kind"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(20))
    document_identifier: Mapped[Code]


def profile_of(session: Session, agency: Organisation) -> AgencyProfile:
    """An agency's profile; an empty one, not stored yet, where it has told nothing."""
    found = session.scalars(select(AgencyProfile).where(AgencyProfile.agency_id == agency.id)).one_or_none()
    return found or AgencyProfile.blank(agency.id)


def materials_of(session: Session, agency: Organisation) -> dict[str, str]:
    """Kind of paper to the identifier of the document handed in."""
    query = select(EntryMaterial.kind, EntryMaterial.document_identifier).where(
        EntryMaterial.agency_id == agency.id
    )
    return {kind: identifier for kind, identifier in session.execute(query)}


def wanted(form: str) -> dict[str, Json]:
    """The papers an organisation of this form hands in, by kind."""
    return {kind: MATERIALS[kind] for kind in FORMS[form]["materials"]} if form in FORMS else {}


def letter(language: str = "zh") -> str:
    """The commitment letter (告知承诺书)."""
    return str(_rules()["letter"][language]).strip()


def _check_licence(values: dict[str, Any], today: date) -> None:
    if values["legal_form"] not in FORMS:
        raise RuleViolation(N_("请选择一项。"), "legal_form")
    if values["established_on"] > today:
        raise RuleViolation(N_("成立日期不能在将来。"), "established_on")
    if values["licence_until"] is not None and values["licence_until"] < today:
        raise RuleViolation(N_("证照已经过期,请先办理延续。"), "licence_until")
    if values["registered_capital"] is not None and values["registered_capital"] < 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "registered_capital")


def _check_premises(values: dict[str, Any], today: date) -> None:
    area, until = values["premises_area"], values["premises_until"]
    if values["premises"] not in PREMISES:
        raise RuleViolation(N_("请选择一项。"), "premises")
    if area is not None and not 0 < area <= 1_000_000:
        raise RuleViolation(N_("面积应为 1 到 1,000,000 平方米。"), "premises_area")
    if values["premises"] == "leased" and until is None:
        raise RuleViolation(N_("租赁的场所要写明租期止。"), "premises_until")
    if until is not None and until < today:
        raise RuleViolation(N_("租期已经结束。"), "premises_until")


def _check_bank(values: dict[str, Any], today: date) -> None:
    digits = values["account_number"].replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 32):
        raise RuleViolation(N_("账号应为 8 到 32 位数字。"), "account_number")


_CHECKS: dict[str, Callable[[dict[str, Any], date], None]] = {
    "licence": _check_licence,
    "premises": _check_premises,
    "bank": _check_bank,
}


def check_step(step: str, values: dict[str, Any]) -> None:
    """RuleViolation at the field unless what a step tells is whole and can be."""
    for name in _NEEDED[step]:
        if not values[name] or not str(values[name]).strip():
            raise RuleViolation(N_("请填写这一项。"), name)
    if step in _CHECKS:
        _CHECKS[step](values, clock.today())


def fill_step(
    session: Session, agency: Organisation, step: str, values: dict[str, Any]
) -> dict[str, list[str]]:
    """Take a step's values.

    Returns what changed, field to (before, after) as texts; what is private is not told.
    """
    _label, names = STEPS[step]
    values = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in values.items()
        if name in names
    }
    check_step(step, values)
    profile, changed = profile_of(session, agency), {}
    session.add(profile)
    for name, value in values.items():
        holder = agency if name in OWN else profile
        before = getattr(holder, name)
        if before != value:
            setattr(holder, name, value)
            if name not in PRIVATE:
                changed[name] = ["" if text is None else str(text) for text in (before, value)]
    session.flush()
    return changed


def missing(session: Session, agency: Organisation, *, deferred: bool = False) -> dict[str, list[str]]:
    """Step to what it still lacks (names of columns, or kinds of papers); empty when the entry is whole.

    `deferred` leaves out the papers that may follow a commitment.
    """
    profile, found = profile_of(session, agency), {}
    for step, names in _NEEDED.items():
        lacking = [name for name in names if not getattr(agency if name in OWN else profile, name)]
        if lacking:
            found[step] = lacking
    people = (
        select(Practitioner.id)
        .where(Practitioner.agency_id == agency.id, Practitioner.at_work(clock.today()))
        .limit(1)
    )
    if session.scalar(people) is None:
        found["practitioners"] = ["practitioner"]
    handed = materials_of(session, agency)
    papers = [
        kind
        for kind, paper in wanted(profile.legal_form).items()
        if kind not in handed and not (deferred and paper["deferred"])
    ]
    if papers or not profile.legal_form:
        found["materials"] = papers
    return {step: found[step] for step in STEPS if step in found}


def submit(session: Session, agency: Organisation, act: str, actor: Actor) -> None:
    """Accept the letter and hand the application in.

    To be checked first (`submit`), or to be let in on the commitment (`commit`), for which some papers may
    follow. RuleViolation, naming the steps, while anything else is missing.
    """
    lacking = missing(session, agency, deferred=act == "commit")
    if lacking:
        raise RuleViolation(N_("还有没填完的步骤:%(steps)s。"), steps=[STEPS[step][0] for step in lacking])
    agency.committed_at = clock.now()
    signed = hashlib.sha256(letter().encode()).hexdigest()
    perform(
        session, agency, act, actor, data={"letter": str(_rules()["letter"]["version"]), "sha256": signed}
    )
