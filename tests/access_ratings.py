"""What the pages of ratings, of their following up and of appeals answer whom."""

from tests.access_roles import OVERSEERS, PARTIES, PUBLIC

#                                     vis  buy  oth  age  sec  reg  far  dep  adm  cus
RATINGS: dict[str, tuple[int, ...]] = {
    "/agencies/{agency}/ratings": PUBLIC,
    "/agencies/{agency}/ratings?by=department": PUBLIC,
    "/oversight/follow-ups": OVERSEERS,
    "/oversight/follow-ups?state=due&late=1&region=632801": OVERSEERS,
    "/oversight/follow-ups.csv": OVERSEERS,
    "/oversight/rating-appeals": OVERSEERS,
    "/oversight/rating-appeals?ground=insult&state=filed": OVERSEERS,
    "/oversight/rating-appeals.csv": OVERSEERS,
    "/ratings/{rating}": PUBLIC,
    "/ratings/{unrated}": (302, 404, 404, 200, 404, 200, 404, 200, 200, 404),
    "/ratings/{unrated}/rate": (302, 404, 404, 403, 404, 403, 404, 200, 403, 404),
    "/ratings/{rating}/rate": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/ratings/{rating}/reply": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/ratings/{rating}/appeal": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/ratings/{bad}": PUBLIC,
    "/follow-ups/{followed}": PARTIES,
    "/follow-ups/{followed}/contact": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/follow-ups/{followed}/report": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/follow-ups/{followed}/mend": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/follow-ups/{followed}/find": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
    "/rating-appeals/{appeal}": PARTIES,
    "/rating-appeals/{appeal}/state": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/rating-appeals/{appeal}/withdraw": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/rating-appeals/{appeal}/uphold": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
}
