"""The window dies at any moment, by log-off or kill -9, and no process stays behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_until

from deepimagetranslator.core.config.project import load_project

LIMIT = 10.0
"""Seconds from the signal to the end, as promised."""
ENGINE_LIMIT = 3.0
"""Seconds that the engine may live on after its window."""
CHILD = Path(__file__).with_name("log_off_child.py")
SECONDS = 4.0
"""Within this time a window has opened and its engine is loading TensorFlow."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def start(home: Path, *program: str) -> subprocess.Popen[str]:
    """The program, or another one, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *(program or ("-m", "deepimagetranslator"))],
        env=os.environ | {"DEEPIMAGETRANSLATOR_HOME": str(home)},
        start_new_session=True,
        stdout=subprocess.PIPE,
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


def end_after(window: subprocess.Popen[str], kill: Callable[[int, int], None], fault: int) -> float:
    """Send the signal; how many seconds later all processes of the group have ended."""
    try:
        begun = time.monotonic()
        kill(window.pid, fault)
        _, told = window.communicate(timeout=PATIENCE)
        wait_until(lambda: not group_of(window.pid), told=lambda: "a process was left")
        assert window.returncode in (0, -fault)
        assert told == ""
        return time.monotonic() - begun
    finally:
        with suppress(ProcessLookupError):
            os.killpg(window.pid, signal.SIGKILL)


def end_at(home: Path, moment: float) -> float:
    """Start, send SIGTERM to the group after so many seconds; how long the end took."""
    window = start(home)
    time.sleep(moment)  # the moment of the fault, not a wait for something
    return end_after(window, os.killpg, signal.SIGTERM)


def ends(tmp_path: Path, seed: int, count: int) -> list[float]:
    draw = random.Random(seed)
    return [end_at(tmp_path / str(n), draw.uniform(0, SECONDS)) for n in range(count)]


def test_a_signal_while_it_starts_ends_all_processes(tmp_path: Path, seed: int) -> None:
    ends(tmp_path, seed, 3)


def killed_in_training(tmp_path: Path) -> float:
    """Kill the process of a client whose engine trains; how long the engine lived on."""
    window = start(tmp_path / "home", str(CHILD.with_name("training_child.py")), str(tmp_path))
    assert window.stdout is not None
    assert window.stdout.readline() == "trains\n"
    return end_after(window, os.kill, signal.SIGKILL)


def test_the_engine_ends_with_its_window_in_mid_training(tmp_path: Path) -> None:
    killed_in_training(tmp_path)


@pytest.mark.faults
def test_the_engine_ends_within_3_s_of_its_window(tmp_path: Path, seed: int) -> None:
    draw, seconds = random.Random(seed), []
    for number in range(10):
        window = start(tmp_path / str(number))
        time.sleep(draw.uniform(0, 2 * SECONDS))  # the moment of the fault
        seconds.append(end_after(window, os.kill, signal.SIGKILL))
    seconds += [killed_in_training(tmp_path / f"training{number}") for number in range(3)]
    print(f"kill -9 of the window: 13 times, all ended after at most {max(seconds):.1f} s")
    assert max(seconds) < ENGINE_LIMIT


@pytest.mark.faults
def test_a_signal_at_any_moment_of_the_start_ends_all_processes(tmp_path: Path, seed: int) -> None:
    seconds = ends(tmp_path, seed, 30)
    print(f"log-off: {len(seconds)} starts, ended after at most {max(seconds):.1f} s")
    assert max(seconds) < LIMIT


def test_a_signal_ends_the_window_under_any_box(tmp_path: Path) -> None:
    home = tmp_path / "home"
    child = subprocess.run(
        [sys.executable, str(CHILD)],
        env=os.environ | {"DEEPIMAGETRANSLATOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.split()[-1] == "ended"
    # Of the window that asked about its changes; the third one offered a project that lay there.
    (kept,) = (home / "1" / "unsaved").glob("*.json")
    assert load_project(kept)
