"""The ranking, by item and region, and who does not stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market import filters
from market.credit.actions.following import in_pieces
from market.credit.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.formatting import problem_text, region
from market.pagination import paged
from market.spreadsheets import Column, export
from models.accounts import Organisation
from models.credit.kept import CreditScore
from models.credit.ranking import Ranking, needed
from models.ratings import coverage
from models.ratings.coverage import Coverage

FILTERS = Filters(filters.item(), filters.region())
PIECE = 500  # agencies whose coverage is counted together


def _ranking(asked: Mapping[str, str]) -> Ranking:
    return Ranking(asked.get("item", ""), asked.get("region", ""))


@bp.get("/credit")
def ranking() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    which = _ranking(asked)
    page = paged(which.ranked())
    before = (page.number - 1) * page.size
    better = db.session.scalar(which.better_than(page.rows[0].score)) if before and page.rows else 0
    return filters.rendered(
        "credit/ranking.html",
        page=page,
        placed=list(placed(page.rows, before, better or 0)),
        covered=coverage.of_organisations(db.session, [score.agency_id for score in page.rows]),
        asked=asked,
        needed=needed(),
    )


def placed(
    scores: Iterable[CreditScore], before: int = 0, better: int = 0
) -> Iterator[tuple[int, CreditScore]]:
    """A list of scores, best first, each with its place: those of one score share theirs.

    `before` of the whole list stand above the first of them, `better` of these with a higher score.
    """
    last, place = None, better + 1
    for number, score in enumerate(scores, before + 1):
        if last is not None and score.score != last:
            place = number
        last = score.score
        yield place, score


@bp.get("/credit/unranked")
def unranked() -> str | tuple[str, int]:
    """Who is in the market and does not rank, each with the reason."""
    asked = FILTERS.asked()
    which = _ranking(asked)
    page = paged(which.unranked())
    reasons = {agency.id: _why(which, agency, *of) for agency, *of in page.rows}
    return filters.rendered("credit/unranked.html", page=page, reasons=reasons, asked=asked, needed=needed())


def _why(which: Ranking, agency: Organisation, grade: str | None, contracts: int) -> str:
    return " ".join(problem_text(each) for each in which.why_not(agency, grade, contracts))


@dataclass(frozen=True)
class _Unranked:
    agency: Organisation
    grade: str | None
    why: str


UNRANKED = (
    Column[_Unranked](_l("机构"), lambda row: row.agency.name),
    Column[_Unranked](_l("编号"), lambda row: row.agency.identifier),
    Column[_Unranked](_l("统一社会信用代码"), lambda row: row.agency.uscc),
    Column[_Unranked](_l("地区"), lambda row: region(row.agency.region_code)),
    Column[_Unranked](_l("等级"), lambda row: row.grade),
    Column[_Unranked](_l("为什么没有上榜"), lambda row: row.why),
)


@bp.get("/credit/unranked.<any(csv, xlsx):suffix>")
def export_unranked(suffix: str) -> Response:
    which = _ranking(FILTERS.asked(refuse=True))
    rows = (
        _Unranked(agency, grade, _why(which, agency, grade, contracts))
        for agency, grade, contracts in db.session.execute(which.unranked())
    )
    return export("credit-unranked", _("没有上榜的机构"), suffix, UNRANKED, rows)


@dataclass(frozen=True)
class _Place:
    number: int
    score: CreditScore
    covered: Coverage


COLUMNS = (
    Column[_Place](_l("名次"), lambda place: place.number),
    Column[_Place](_l("机构"), lambda place: place.score.agency.name),
    Column[_Place](_l("编号"), lambda place: place.score.agency.identifier),
    Column[_Place](_l("统一社会信用代码"), lambda place: place.score.agency.uscc),
    Column[_Place](_l("地区"), lambda place: region(place.score.agency.region_code)),
    Column[_Place](_l("等级"), lambda place: place.score.grade),
    Column[_Place](_l("信用分"), lambda place: place.score.score / 10),
    Column[_Place](_l("信用分的误差"), lambda place: place.score.half_width / 10),
    Column[_Place](_l("完成合同"), lambda place: place.score.settled),
    Column[_Place](_l("评价(计分用的平均)"), lambda place: place.score.mean),
    Column[_Place](_l("评价(算术平均)"), lambda place: place.score.stars),
    Column[_Place](_l("已评价的合同"), lambda place: place.covered.rated),
    Column[_Place](_l("应评价的合同"), lambda place: place.covered.ended),
    Column[_Place](_l("规则版本"), lambda place: place.score.policy_version),
)


@bp.get("/credit.<any(csv, xlsx):suffix>")
def export_ranking(suffix: str) -> Response:
    return export("credit-ranking", _("信用榜"), suffix, COLUMNS, _ranked(FILTERS.asked(refuse=True)))


def _ranked(asked: Mapping[str, str]) -> Iterator[_Place]:
    for piece in in_pieces(placed(db.session.scalars(_ranking(asked).ranked())), PIECE):
        covered = coverage.of_organisations(db.session, [score.agency_id for _place, score in piece])
        for place, score in piece:
            yield _Place(place, score, covered[score.agency_id])
