"""The program's files go while it runs, as in an upgrade by pip."""

import shutil
from pathlib import Path

import exporter as package
from tests.support import exporter, free_port, simulator

ROOT = Path(package.__file__).parents[1]


def test_an_upgrade_takes_nothing_from_a_running_exporter(tmp_path: Path) -> None:
    copy, manual = tmp_path / "exporter", tmp_path / "exporter/web/manual"
    shutil.copytree(ROOT / "exporter", copy, ignore=shutil.ignore_patterns("manual"))
    shutil.copytree(ROOT / "docs", manual / "docs")
    shutil.copytree(ROOT / "alerts", manual / "alerts")
    for name in ("README", "SECURITY", "CHANGELOG"):
        shutil.copy(ROOT / f"{name}.md", manual)
    config = tmp_path / "generex.yml"
    port = free_port()
    config.write_text(f"devices: [{{name: ups, target: 'tcp://127.0.0.1:{port}'}}]\n")
    with (
        simulator(port),
        exporter(f"--config.file={config}", env={"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}) as it,
    ):
        shutil.rmtree(copy)
        for path in (
            "/",
            "/device/ups",
            "/static/style.css",
            "/docs/",
            "/docs/install",
            "/docs/search?q=bypass",
        ):
            it.get(path)
        it.get("/docs/images/ups.png", 404)
        for path in ("/metrics", "/probe?target=ups&debug=true", "/config", "/sd"):
            it.get(path)
        assert it.request("/-/reload", "POST").status == 200
        assert "request failed" not in it.log
