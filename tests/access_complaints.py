"""What the pages of complaints and reports answer whom."""

from tests.access_roles import PUBLIC, SIGNED_IN

#                                     vis  buy  oth  age  sec  reg  far  dep  adm  cus
COMPLAINTS: dict[str, tuple[int, ...]] = {
    "/complaints/new": PUBLIC,
    "/complaints/new?wants=report&kind=scope": PUBLIC,
    "/reports/follow": PUBLIC,
    "/reports/follow/{refused_report}/{report_code}": PUBLIC,
    "/reports/follow/{refused_report}/aaaaaaaaaaaaaaaa": (404,) * 10,
    "/handling": PUBLIC,
    "/handling?region=632801": PUBLIC,
    "/handling.csv": PUBLIC,
    "/typical-cases": PUBLIC,
    "/oversight/reports": SIGNED_IN,
    "/oversight/reports?state=filed&violation=scope&named=no&region=632801": SIGNED_IN,
    "/oversight/reports.csv": SIGNED_IN,
    "/oversight/complaints": SIGNED_IN,
    "/oversight/complaints?state=filed&region=632801": SIGNED_IN,
    "/oversight/complaints.csv": SIGNED_IN,
    "/violation-reports/{reported}": (302, 303, 404, 200, 404, 200, 404, 404, 200, 404),
    "/violation-reports/{refused_report}": (302, 303, 404, 404, 404, 200, 404, 404, 200, 404),
    "/violation-reports/{reported}/explain": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/violation-reports/{reported}/clear": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
    "/violation-reports/{reported}/invite": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
    "/complaints/{complaint}": (302, 200, 404, 200, 404, 200, 404, 404, 200, 404),
    "/complaints/{complaint}/respond": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/complaints/{complaint}/end": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
    "/answers/{answer}": (302, 200, 404, 404, 404, 200, 404, 404, 200, 404),
    "/answers/{answer}/rate": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
}
