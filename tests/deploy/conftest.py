"""The image is built once for all tests that run it."""

import pytest

from tests.deploy.containers import build


@pytest.fixture(scope="session")
def image() -> str:
    return build()
