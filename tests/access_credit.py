"""Of credit records, which page answers whom with what: one status a role in the order of ROLES."""

from tests.access_roles import OVERSEERS, PUBLIC, SIGNED_IN

#                                     vis  buy  oth  age  sec  reg  far  dep  adm  cus
CREDIT: dict[str, tuple[int, ...]] = {
    "/credit/records/{record}": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/credit/records/{record}/drop": (302, 404, 404, 404, 404, 200, 404, 404, 403, 404),
    "/credit/records/{told}": (302, 404, 404, 200, 404, 200, 404, 404, 200, 404),
    "/credit/records/{told}/defend": (302, 404, 404, 200, 404, 403, 404, 404, 403, 404),
    "/credit/records/{told}/recuse": (302, 404, 404, 403, 404, 200, 404, 404, 403, 404),
    "/credit/records/{published}": PUBLIC,
    "/credit/records/{published}/revoke": (302, 404, 404, 403, 404, 200, 404, 404, 403, 404),
    "/credit/records/{published}/suspend": (302, 404, 404, 403, 404, 200, 404, 404, 403, 404),
    "/credit/records/{published}/ask_repair": (302, 404, 404, 422, 404, 403, 404, 404, 403, 404),
    "/credit/records/{minor}": (302, 404, 404, 200, 404, 200, 200, 200, 200, 200),
    "/credit/records/{minor}/ask_repair": (302, 404, 404, 200, 404, 403, 404, 404, 403, 404),
    "/credit/records/{mended}": (302, 404, 404, 200, 404, 200, 404, 404, 200, 404),
    "/credit/records": PUBLIC,
    "/credit/records?list=bad&kind=false_report&region=632801&q=agency": PUBLIC,
    "/credit/records.csv": PUBLIC,
    "/credit/records.xlsx": PUBLIC,
    "/credit/records/new": (302, 403, 403, 403, 403, 200, 200, 403, 403, 403),
    "/my/records": SIGNED_IN,
    "/my/records?state=in_force&kind=false_report": SIGNED_IN,
    "/my/records.csv": SIGNED_IN,
    "/restrictions/916300000000000000": (422,) * 10,
    "/restrictions/certificates.pem": PUBLIC,
    "/credit/buyers/{buyer}": (302, 200, 404, 200, 200, 200, 200, 200, 200, 200),
    "/credit/buyers/{buyer}?of=ratings": (302, 200, 404, 200, 200, 200, 200, 200, 200, 200),
    "/oversight/restricted": OVERSEERS,
    "/oversight/restricted?activity=sign&source=record&who=agency&q=单位": OVERSEERS,
    "/credit/signals": OVERSEERS,
    "/credit/signals?kind=burst": OVERSEERS,
    "/credit/signals.csv": OVERSEERS,
    "/credit/links": OVERSEERS,
    "/oversight/restricted.csv": OVERSEERS,
}
