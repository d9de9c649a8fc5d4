"""As whom every page is asked, and what the usual audiences are answered."""

ROLES = (
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


# Per page, one status a role in the order of ROLES. 302 sends a visitor to the sign-in page and a case
# without a page of its own to its contract; 404 also hides that there is such a case.
#                                     vis  buy  oth  age  sec  reg  far  dep  adm  cus
PUBLIC = (200,) * 10
SIGNED_IN = (302,) + (200,) * 9
PARTIES = (302, 200, 404, 200, 404, 200, 404, 404, 200, 404)
OVERSEERS = (302, 403, 403, 403, 403, 200, 200, 403, 200, 403)
WITH_DEPARTMENTS = (302, 403, 403, 403, 403, 200, 200, 200, 200, 403)
OF_ITS_AREA = (302, 403, 403, 403, 403, 200, 404, 403, 200, 403)
WATCHERS = (302, 403, 403, 403, 403, 200, 403, 403, 200, 200)
OF_THE_MARKET = (302, 403, 403, 403, 403, 200, 403, 403, 200, 403)
TRADERS = (302, 200, 200, 200, 200, 403, 403, 403, 403, 403)
AGENCIES = (302, 403, 403, 200, 200, 403, 403, 403, 403, 403)
TWO_SIDES = (302, 200, 404, 200, 404, 404, 404, 404, 404, 404)
WITH_DEPARTMENT = (302, 200, 404, 200, 404, 200, 404, 200, 200, 404)
