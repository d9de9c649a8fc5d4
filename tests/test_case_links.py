"""A number that leads somewhere leads to the page of the case it is the number of."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.case_views import url_of
from models.cases import case_types_of
from tests.access_matrix import EXPECTED
from tests.every_case import name_the_cases
from tests.web import sign_in

NUMBER = re.compile(r"[A-Z]{1,2}-\d{4}-\d{6}")


@pytest.mark.walks
def test_every_link_that_is_a_number_leads_to_its_case(app: Flask, world: World, time: Any) -> None:
    names = name_the_cases(world, time)
    followed, wrong = set(), []
    with app.test_request_context():
        for role in ("regulator", "custodian", "admin", "buyer", "agency"):
            visitor = sign_in(app, world, role)
            for pattern in EXPECTED:
                page = visitor.get(pattern.format(**names))
                for link in page.soup.select("main a[href]") if page.response.mimetype == "text/html" else []:
                    said = NUMBER.match(link.get_text(strip=True))
                    if said and case_types_of(said[0]):
                        followed.add(said[0][0])
                        if link["href"] != url_of(said[0]):
                            wrong.append((role, pattern, link["href"], said[0]))
    assert wrong == []
    assert followed >= set("ABCHMPQWXZ")
