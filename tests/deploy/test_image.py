"""The image as its users build and run it: read-only, without capabilities, not root."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.containers import BASE, container, inspect, logs, podman
from tests.support import free_port, simulator, wait_for

NAME = f"image-test-{os.getpid()}"
LOCKED_DOWN = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges")


@pytest.fixture(name="port", scope="module")
def _port(image: str) -> Iterator[int]:
    """The exporter in a container, with a device on this machine."""
    device, port = free_port(), free_port()
    address = f"GENEREX_WEB_LISTEN_ADDRESS=127.0.0.1:{port}"
    target = f"GENEREX_TARGET=ups1=tcp://127.0.0.1:{device}"
    with (
        simulator(device, "--strings=1", "--battery-modules=4"),
        container(NAME, *LOCKED_DOWN, f"--env={target}", f"--env={address}", image),
    ):
        yield port


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_it_is_scraped(port: int) -> None:
    page = wait_for(lambda: get(port, "/metrics"), what="the exporter in its container")
    lines = page.splitlines()
    assert 'generex_up{device="ups1"} 1' in lines
    assert 'generex_bacs_modules{device="ups1"} 4' in lines
    assert 'generex_ups_status{device="ups1",flag="backup_mode"} 0' in lines


def test_its_process_may_do_nothing_that_it_need_not(port: int) -> None:
    process = inspect("container", NAME)["State"]["Pid"]
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert status["Uid"].split() == ["65532"] * 4
    assert status["Gid"].split() == ["65532"] * 4
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    mounts = [line.split() for line in Path(f"/proc/{process}/mounts").read_text().splitlines()]
    (options,) = [fields[3] for fields in mounts if fields[1] == "/"]
    assert "ro" in options.split(",")


def test_the_health_check_goes_green(port: int) -> None:
    wait_for(lambda: get(port, "/-/healthy"), what="the exporter")
    # where systemd is not running podman has nothing that asks on time
    podman("healthcheck", "run", NAME)
    assert inspect("container", NAME)["State"]["Health"]["Status"] == "healthy"


def test_the_health_check_is_red_when_nobody_answers(image: str) -> None:
    name = f"{NAME}-red"
    environment = f"--env=GENEREX_WEB_LISTEN_ADDRESS=127.0.0.1:{free_port()}"
    with container(name, environment, "--entrypoint=sleep", image, "60"):
        podman("healthcheck", "run", name, check=False)
        (seen,) = inspect("container", name)["State"]["Health"]["Log"]
        assert seen["ExitCode"] == 1
        assert "no answer from" in seen["Output"]


def test_sigterm_ends_it_well(image: str) -> None:
    name = f"{NAME}-stop"
    port = free_port()
    arguments = ("--target=a=127.0.0.1:9", f"--web.listen-address=127.0.0.1:{port}")
    with container(name, *LOCKED_DOWN, image, *arguments):
        wait_for(lambda: get(port, "/-/ready"), what="the exporter")
        podman("stop", "--time=10", name)
        # killed after the grace it would be 137
        assert inspect("container", name)["State"]["ExitCode"] == 0
        assert "msg=stopping" in logs(name)


def test_what_it_says_of_itself(image: str) -> None:
    found = inspect("image", image)
    labels = found["Labels"]
    assert labels["org.opencontainers.image.title"] == "generex-exporter"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"] == "1.0.0-test"
    assert labels["org.opencontainers.image.revision"] == "0123abc"
    assert found["Config"]["User"] == "65532:65532"
    assert found["Config"]["Entrypoint"] == ["generex-exporter"]
    assert "10141/tcp" in found["Config"]["ExposedPorts"]


def test_it_is_small(image: str) -> None:
    above = inspect("image", image)["Size"] - inspect("image", BASE)["Size"]
    assert 0 < above <= 150_000_000, f"{above / 1e6:.0f} MB above {BASE}"


def test_everything_it_needs_is_in_it(image: str) -> None:
    # the extra otlp too; and bytecode, as a read-only root keeps none that is made later
    code = (
        "import json, pathlib, exporter, exporter.exposition.otlp.send;"
        "folder = pathlib.Path(exporter.__file__).parent;"
        "print(json.dumps([len(list(folder.rglob(p))) for p in ('*.py', '*.pyc')]))"
    )
    run = podman("run", "--rm", "--read-only", "--entrypoint=python", image, "-c", code)
    sources, compiled = json.loads(run)
    assert sources == compiled > 50
