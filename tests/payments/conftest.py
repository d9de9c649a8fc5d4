"""The gateway every test of payments may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from flask import Flask

from tests.payments.gateway import Bank, localstripe_at, opened


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with localstripe_at(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@pytest.fixture
def bank(app: Flask, localstripe: str) -> Bank:
    """The gateway, empty, and the market that uses it."""
    requests.delete(f"{localstripe}/_config/data", timeout=5)
    opened(app, localstripe)
    return Bank(localstripe)
