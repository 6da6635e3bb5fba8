"""Log-off: SIGTERM reaches the window and its engine at any moment, and nothing stays behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import PATIENCE

from deepimagetranslator.core.config.project import load_project

LIMIT = 10.0
"""Seconds from the signal to the end, as promised."""
SECONDS = 4.0
"""Within this time a window has opened and its engine is loading TensorFlow."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def start(home: Path) -> subprocess.Popen[str]:
    """The program in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "deepimagetranslator"],
        env=os.environ | {"DEEPIMAGETRANSLATOR_HOME": str(home)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def group_of(leader: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # pid (name) state parent group
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(group) == leader and state != "Z":
                found.append(int(folder.name))
    return found


def end_at(home: Path, moment: float) -> float:
    """Start, send the signal to the group after so many seconds; how long the end took."""
    window = start(home)
    try:
        time.sleep(moment)  # the moment of the fault, not a wait for something
        begun = time.monotonic()
        os.killpg(window.pid, signal.SIGTERM)
        _, told = window.communicate(timeout=PATIENCE)
        while group_of(window.pid) and time.monotonic() < begun + PATIENCE:
            time.sleep(0.01)
        assert not group_of(window.pid), "a process was left"
        assert window.returncode in (0, -signal.SIGTERM)
        assert told == ""
        return time.monotonic() - begun
    finally:
        with suppress(ProcessLookupError):
            os.killpg(window.pid, signal.SIGKILL)


def ends(tmp_path: Path, seed: int, count: int) -> list[float]:
    draw = random.Random(seed)
    return [end_at(tmp_path / str(n), draw.uniform(0, SECONDS)) for n in range(count)]


def test_a_signal_while_it_starts_ends_all_processes(tmp_path: Path, seed: int) -> None:
    ends(tmp_path, seed, 3)


@pytest.mark.faults
def test_a_signal_at_any_moment_of_the_start_ends_all_processes(tmp_path: Path, seed: int) -> None:
    seconds = ends(tmp_path, seed, 30)
    print(f"log-off: {len(seconds)} starts, ended after at most {max(seconds):.1f} s")
    assert max(seconds) < LIMIT


def test_a_signal_ends_the_window_under_any_box(tmp_path: Path) -> None:
    home = tmp_path / "home"
    child = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("log_off_child.py"))],
        env=os.environ | {"DEEPIMAGETRANSLATOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.split()[-1] == "ended"
    kept = list((home / "unsaved").glob("*.json"))
    assert len(kept) == 1 and load_project(kept[0])  # of the window that asked about its changes
