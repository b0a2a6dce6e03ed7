"""What Helm makes of the chart."""

import os
import subprocess
from pathlib import Path

from tests.deploy.manifests import Object, objects_in
from tests.support import require

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/generex-exporter"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
DEVICES = f"--values={CHART / 'ci/default-values.yaml'}"


def helm(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the helm that .ci/helm/install built, or the machine's."""
    built = ROOT / ".ci/helm/build/helm"
    program = str(built) if os.access(built, os.X_OK) else require("helm")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def template(*arguments: str | Path, release: str = "generex-exporter", chart: Path = CHART) -> list[Object]:
    """The objects that a release makes, in the namespace that Kustomize uses."""
    done = helm("template", release, chart, "--namespace=monitoring", *arguments)
    return objects_in(done.stdout)
