"""The gateway every test of payments may ask for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from flask import Flask

from bench.server import free_port
from tests.payments.gateway import Bank, opened


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = free_port(), tmp_path_factory.mktemp("localstripe")
    server = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    assert "Running on" in server.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def bank(app: Flask, localstripe: str) -> Bank:
    """The gateway, empty, and the market that uses it."""
    requests.delete(f"{localstripe}/_config/data", timeout=5)
    opened(app, localstripe)
    return Bank(localstripe)
