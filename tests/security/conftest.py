"""Certificates, made once."""

from pathlib import Path

import pytest

from tests.security.secured import Authority


@pytest.fixture(scope="session", name="authority")
def _authority() -> Authority:
    return Authority()


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, authority: Authority) -> Path:
    """A folder with server.crt, server.key and ca.crt."""
    authority.write_server(tmp_path)
    return tmp_path
