"""Who may do the acts of complaints and reports, of the kinds of people in tests/kinds.py."""

OVERSEERS = "county, city, province"
OF_COMPLAINTS: list[tuple[str, str]] = [
    (
        OVERSEERS,
        "violation_report.accept violation_report.refuse violation_report.transfer violation_report.recuse "
        "violation_report.tell violation_report.find violation_report.clear violation_report.invite "
        "violation_report.extend violation_report.note_abuse violation_report.confirm_mended "
        "violation_report.send_back violation_report.give_up violation_report.publish_case "
        "violation_report.withdraw_case violation_report.urge",
    ),
    ("agency, agency suspended", "violation_report.explain violation_report.say_mended complaint.respond"),
    ("", "violation_report.contribute"),  # nobody helps here
    (
        OVERSEERS,
        "complaint.accept complaint.refuse complaint.transfer complaint.recuse complaint.propose "
        "complaint.end",
    ),
    ("buyer, staff, agency, buyer suspended, agency suspended", "complaint.agree complaint.decline"),
    ("buyer, staff, buyer suspended", "complaint.take_back"),
    ("buyer, buyer suspended", "answer.rate answer.rate_low"),
    ("city, province", "answer.uphold answer.reopen"),  # the level above whoever answered
]
