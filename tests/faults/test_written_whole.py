"""What is written is written whole or not at all: killed in the middle, and on a full disk."""

import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.support import environment

WRITER = """
import sys
from pathlib import Path
from exporter.files import write_files
number = 0
while True:
    number += 1
    texts = {f"{name}.yml": f"{number % 10}" * 2_000_000 for name in "abc"}
    write_files(Path(sys.argv[1]), texts)
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_leaves_whole_files(tmp_path: Path) -> None:
    chance = random.Random(6)
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun
            time.sleep(chance.uniform(0, 0.05))  # the moment is the test
            process.kill()
        for name in "abc":
            text = (tmp_path / f"{name}.yml").read_text()
            assert len(text) == 2_000_000
            assert len(set(text)) == 1, "of two versions"


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk: the write fails in the middle in the same way."""
    old = tmp_path / "metrics.md"
    old.write_text("the old one")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    result = subprocess.run(
        [sys.executable, "-m", "exporter", "generate", "reference", f"--out={tmp_path}"],
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == f"generex-exporter: error: cannot write {tmp_path}/metrics.md: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.md"], "and nothing is left beside it"
    assert old.read_text() == "the old one"
