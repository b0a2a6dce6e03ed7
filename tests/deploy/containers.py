"""Containers without a registry: a base made by debootstrap, the image built by buildah, both run by podman.

What takes long is kept outside the repository, in generex-exporter-tests of the user's cache folder: the base
and the layers, so that a second run builds only what has changed.
"""

import ast
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import require

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.11-slim-bookworm"  # as the Dockerfile names it
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "generex-exporter-tests"
RUN = Path("/run/generex-exporter-tests")  # what must not outlast a reboot
# one tag per checkout: two may be tested at once
IMAGE = f"localhost/generex-exporter:{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
# raising limits, and networks of their own, are what containers inside containers often may not have
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def command(program: str, *arguments: str, timeout: float = 300, check: bool = True) -> str:
    """Run podman or buildah on the tests' own storage; what it prints."""
    done = subprocess.run(
        [program, f"--root={CACHE / 'storage'}", f"--runroot={RUN}", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False,
        env=os.environ | {"CONTAINERS_CONF": str(CACHE / "containers.conf")},
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{program} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def logs(name: str) -> str:
    """What a container has said, on both of its outputs."""
    file = inspect("container", name)["HostConfig"]["LogConfig"]["Path"]
    return Path(file).read_text()


def podman(*arguments: str, timeout: float = 60, check: bool = True) -> str:
    return command("podman", *arguments, timeout=timeout, check=check)


def inspect(kind: str, name: str) -> dict[str, Any]:
    """What podman knows of a container or an image."""
    (found,) = json.loads(podman("inspect", f"--type={kind}", name))
    return dict(found)


@contextmanager
def container(name: str, *arguments: str) -> Iterator[str]:
    """`podman run --detach` with these arguments; always removed."""
    try:
        yield podman("run", "--detach", f"--name={name}", *arguments)
    finally:
        podman("rm", "--force", "--time=0", "--ignore", name)


def build() -> str:
    """The name of the image, built from this checkout. Skips the test where that is impossible."""
    for program in ("buildah", "podman", "runc", "catatonit", "debootstrap"):
        require(program)
    if os.geteuid() != 0:
        pytest.skip("the containers' base can only be made by root")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (CACHE / "containers.conf").write_text(CONTAINERS_CONF)
        if not command("buildah", "images", "--quiet", BASE, check=False):
            _import_base()
        _build_image()
    return IMAGE


def _import_base() -> None:
    # Debian's Python lies elsewhere than the official image's; the Dockerfile relies on neither place
    tar, packages = CACHE / "base.tar", "python3,python3-pip,ca-certificates"
    if not tar.exists():
        part = tar.with_suffix(".part")
        _remove(part)
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", part],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            reason = f"debootstrap makes no base here: {(done.stdout + done.stderr)[-500:]}"
            if os.environ.get("REQUIRE_REAL") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        raw = tar.with_suffix(".raw")
        pack = ["tar", "--create", f"--file={raw}", f"--directory={part}", "--exclude=./dev/*"]
        subprocess.run([*pack, "--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists", "."], check=True)
        _remove(part)
        raw.rename(tar)
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    podman("import", f"--change=ENV {path}", str(tar), BASE, timeout=300)


def _remove(folder: Path) -> None:
    # an interrupted debootstrap leaves these mounted, and nothing of another file system may be removed
    for mounted in (folder / "proc", folder / "sys"):
        if mounted.is_mount():
            subprocess.run(["umount", mounted], check=True)
    subprocess.run(["rm", "--recursive", "--force", "--one-file-system", folder], check=True)


def _build_image() -> None:
    config = CACHE / "pip.conf"
    volumes = _write_pip_config(config)
    arguments = [
        "build", "--isolation=chroot", "--format=docker", "--layers", "--pull-never",
        "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", *volumes,
        f"--secret=id=pip.conf,src={config}", "--build-arg=VERSION=1.0.0-test",
        "--build-arg=REVISION=0123abc",
    ]  # fmt: skip
    # the first stage gets a name, or pruning would take the layers that make the next build quick
    command("buildah", *arguments, "--target=build", f"--tag={IMAGE}-build", ".")
    command("buildah", *arguments, f"--tag={IMAGE}", ".")
    podman("image", "prune", "--force")


def _write_pip_config(file: Path) -> list[str]:
    """Let the build find packages as this machine does, for the build alone; the volumes that takes."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        settings[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    kept = ("index-url", "extra-index-url", "trusted-host", "proxy", "cert")
    lines, volumes = ["[global]"], []
    for key in kept:
        if value := settings.get(key, ""):
            if key == "cert":
                volumes = [f"--volume={value}:/run/host-certificates.pem:ro"]
                value = "/run/host-certificates.pem"
            lines.append(f"{key} = {value}")
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return volumes
