"""One file per rule of web-config.yml; the exporter-toolkit's own test files name the rules (peers.md 3.6).

`# expect:` is what the error says. Prometheus's toolkit judges every file as well, and must agree but where
`# toolkit: good` says that we refuse more. `newer` marks keys that Debian's Prometheus does not know yet.
"""

import asyncio
import subprocess
from pathlib import Path

import pytest
import trustme

from exporter.errors import UserError
from exporter.web.security import CurrentWebConfig
from tests.security.secured import Authority
from tests.support import inside, require

FILES = Path(__file__).parent / "files"
GOOD = sorted(FILES.glob("*.good.yml"))
BAD = sorted(FILES.glob("*.bad.yml"))


def marks(path: Path, kind: str) -> list[str]:
    lines = path.read_text().splitlines()
    return [line.removeprefix(f"# {kind}: ") for line in lines if line.startswith(f"# {kind}: ")]


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """A folder with all files, filled in, and the certificates and keys they name."""
    folder = tmp_path_factory.mktemp("web")
    leaf = authority.write_server(folder)
    leaf.private_key_pem.write_to_path(str(folder / "other.key"))
    other = trustme.CA().issue_cert("other")
    other.private_key_pem.write_to_path(str(folder / "other.key"))
    subprocess.run(
        [require("openssl"), "pkey", "-in", folder / "server.key", "-aes256", "-passout", "pass:secret",
         "-out", folder / "encrypted.key"], check=True,
    )  # fmt: skip
    for path in (*GOOD, *BAD):
        text = path.read_text().replace("FOLDER", str(folder))
        for word, file in (("CERT", "server.crt"), ("KEY", "server.key"), ("CA", "ca.crt")):
            pem = "\n".join(f"    {line}" for line in (folder / file).read_text().splitlines())
            text = text.replace(f"|\n{word}\n", f"|\n{pem}\n")
        (folder / path.name).write_text(text)
    return folder


@pytest.mark.parametrize("name", [path.name for path in GOOD])
def test_good(place: Path, name: str) -> None:
    config = CurrentWebConfig(place / name)
    assert (asyncio.run(config.handshake()) is not None) == (
        "tls_server_config:" in (place / name).read_text()
    )


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_mistake_is_named(place: Path, path: Path) -> None:
    with pytest.raises(UserError) as caught:
        CurrentWebConfig(place / path.name)
    (line,) = str(caught.value).splitlines()
    (expected,) = marks(path, "expect")
    assert line.startswith(f"{place / path.name}:")
    assert expected in line
    for secret in ("hunter2", "12345", "$apr1$"):
        assert secret not in line


def test_the_toolkit_agrees(place: Path) -> None:
    files = [path.name for path in (*GOOD, *BAD) if marks(path, "toolkit") != ["newer"]]
    done = subprocess.run(
        [require("promtool"), "check", "web-config", *files],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = {}
    for line in (done.stdout + done.stderr).splitlines():
        name, _, verdict = line.partition(" ")
        if name in files:
            verdicts[name] = verdict.split(":")[0]
    assert verdicts.keys() == set(files)
    ours = {name: "SUCCESS" if name.endswith(".good.yml") else "FAILED" for name in files}
    departures = {path.name for path in BAD if marks(path, "toolkit") == ["good"]}
    assert {name for name in files if verdicts[name] != ours[name]} == departures


def test_serve_refuses_to_start_with_a_bad_file(place: Path) -> None:
    for name, says in (
        ("client_auth_unknown.bad.yml", "unknown client_auth_type"),
        ("missing.yml", "cannot read"),
    ):
        done = inside("--target=a", f"--web.config.file={place / name}")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("generex-exporter: error: ")
        assert says in done.stderr
        assert "Traceback" not in done.stderr
