"""`explain` on a terminal that is too narrow for its table: plain lines, coloured by severity."""

import os
import pty
import subprocess
import sys

from tests.support import environment


def on_a_terminal(*words: str, columns: int) -> str:
    reader, writer = pty.openpty()
    try:
        env = environment(TERM="xterm-256color", COLUMNS=str(columns), LINES="50")
        env.pop("NO_COLOR", None)
        done = subprocess.run(
            [sys.executable, "-m", "exporter", *words], stdout=writer, env=env, timeout=20, check=False
        )
        assert done.returncode == 0
        return os.read(reader, 60_000).decode()
    finally:
        os.close(writer)
        os.close(reader)


def test_flags_have_their_colour_on_a_narrow_terminal() -> None:
    """Bit 13, a general fault, is critical; bit 2, the output, is not set although it normally is."""
    shown = on_a_terminal("explain", "ups.status", "8192", columns=90)
    assert "\x1b[1;31m  8192  0x2000  ups_failed  UPS_SB_UPS_FAILED  critical\x1b[0m" in shown
    assert "First action:" in shown
    assert "┃" not in shown
