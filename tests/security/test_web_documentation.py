"""The examples of docs/web-configuration.md with a real Prometheus, and the tests that SECURITY.md names."""

import http.client
import json
import re
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.security.secured import Authority, basic
from tests.support import exporter, free_port, require, running, wait_for

DOCUMENT = Path(__file__).parents[2] / "docs" / "web-configuration.md"


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def scraped(port: int) -> bool:
    """Whether the Prometheus on this port has the device, which is down."""
    url = f"http://127.0.0.1:{port}/api/v1/query?query=generex_up"
    with urllib.request.urlopen(url, timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return [(one["metric"]["device"], one["value"][1]) for one in result] == [("a", "0")]


def status(port: int, tls: ssl.SSLContext, password: str) -> int:
    """The status of a request with that certificate and password."""
    tls.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=10)
    try:
        connection.request("GET", "/sd", headers=basic("prometheus", password))
        return connection.getresponse().status
    finally:
        connection.close()


def test_prometheus_comes_in_and_others_do_not(tmp_path: Path, authority: Authority) -> None:
    web, scrape, _ = examples()
    authority.write_server(tmp_path, "exporter.example.org")
    client = authority.ca.issue_cert("prometheus.example.org")
    client.private_key_pem.write_to_path(str(tmp_path / "prometheus.key"))
    client.cert_chain_pems[0].write_to_path(str(tmp_path / "prometheus.crt"))
    (tmp_path / "password").write_text("change me")
    (tmp_path / "web.yml").write_text(web)
    with exporter("--target=a=127.0.0.1:9", f"--web.config.file={tmp_path / 'web.yml'}", ready=False) as it:
        wait_for(lambda: "tls=on" in it.log, what="the exporter")
        config = yaml.safe_load(scrape.replace("exporter.example.org:10141", f"127.0.0.1:{it.port}"))
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        file, port = tmp_path / "prometheus.yml", free_port()
        file.write_text(yaml.safe_dump(config))
        command = [
            require("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with running(command, tmp_path / "prometheus.log"):
            wait_for(lambda: scraped(port), what="a scrape")
        good = authority.client("prometheus.example.org")
        assert status(it.port, good, "change me") == 200
        assert status(it.port, good, "wrong") == 401
        for bad in (authority.client(), authority.client("other.example.org")):
            with pytest.raises((OSError, http.client.RemoteDisconnected)):
                status(it.port, bad, "change me")


def test_the_toolkit_takes_the_example(tmp_path: Path, authority: Authority) -> None:
    authority.write_server(tmp_path)
    # Debian's Prometheus is older than these keys
    web = yaml.safe_load(examples()[0])
    del web["rate_limit"], web["tls_server_config"]["client_allowed_sans"]
    (tmp_path / "web.yml").write_text(yaml.safe_dump(web))
    subprocess.run(
        [require("promtool"), "check", "web-config", tmp_path / "web.yml"], check=True, capture_output=True
    )


def test_what_security_md_names_exists() -> None:
    root = DOCUMENT.parents[1]
    named = re.findall(r"`(tests/[^`]*)`", (root / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [path for path in named if not (root / path).exists()] == []
