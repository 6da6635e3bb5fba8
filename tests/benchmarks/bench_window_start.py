"""How long the window takes to appear and to handle its first key, beside TensorFlow's import.

Run it as ``python tests/benchmarks/bench_window_start.py [--json] [--repeats N]``; it needs Xvfb,
xdotool and xev. Each time ``python -m deepimagetranslator`` starts in a fresh process with a
fresh home, on a virtual screen of its own. xev writes down the screen's events, so that nothing
polls: (a) the window is mapped, whereupon F1 is pressed; (b) the guide, which F1 opens, is mapped.
The medians count; the exit status is 1 if (b) is over the budget. A loaded machine shows in the
row for TensorFlow, imported in turn with the starts.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screen import need, virtual_screen

BUDGET_SECONDS = 1.0
_PATIENCE = 60.0
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def screen_events() -> Iterator[int]:
    """The lines in which xev tells what happens to the screen's windows, as a descriptor."""
    command = ["stdbuf", "-oL", "xev", "-root", "-event", "substructure"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout is not None
        try:
            time.sleep(0.3)  # until it listens
            yield watcher.stdout.fileno()
        finally:
            watcher.terminate()


def wait_for_map(events: int) -> float:
    """When the next window was mapped, in seconds of the monotonic clock."""
    end, text = time.monotonic() + _PATIENCE, b""
    while not (b"MapNotify" in text and b"override NO" in text.partition(b"MapNotify")[2]):
        if not select.select([events], [], [], max(0.0, end - time.monotonic()))[0]:
            sys.exit(f"No window appeared within {_PATIENCE:g} s.")
        text += os.read(events, 65536)
    return time.monotonic()


def start_once(events: int) -> tuple[float, float]:
    """Seconds from the command until the window is on the screen, and has handled a key."""
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE) as keys,
    ):
        assert keys.stdin is not None
        begin = time.monotonic()
        window = subprocess.Popen(
            [sys.executable, "-m", "deepimagetranslator"],
            cwd=_ROOT,
            env=os.environ | {"DEEPIMAGETRANSLATOR_HOME": home},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            visible = wait_for_map(events)
            keys.stdin.write(b"key F1\n")
            keys.stdin.close()
            handled = wait_for_map(events)
        finally:
            os.killpg(window.pid, signal.SIGKILL)  # the window and its engine
            window.wait()
    return visible - begin, handled - begin


def import_seconds(module: str) -> float:
    """How long a fresh interpreter takes to import a module."""
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, capture_output=True)
    return time.monotonic() - begin


def measure(repeats: int = 5) -> dict[str, float]:
    """Seconds and ratios by name, of which the medians of ``repeats`` starts."""
    need("xdotool", "xev", "stdbuf")
    visible, handled, imported = [], [], []
    with virtual_screen(), screen_events() as events:
        start_once(events)  # the first one reads the files from the disk
        for _ in range(repeats):
            a, b = start_once(events)
            visible.append(a)
            handled.append(b)
            imported.append(import_seconds("tensorflow"))
    found = {
        "window visible": statistics.median(visible),
        "first key handled": statistics.median(handled),
        "first key handled, slowest": max(handled),
        "import tensorflow": statistics.median(imported),
    }
    found["first key / import"] = found["first key handled"] / found["import tensorflow"]
    found["first key / budget"] = found["first key handled"] / BUDGET_SECONDS
    found["load average"] = os.getloadavg()[0]
    return found


def main() -> int:
    """Print the table; exit status 1 if the first key is handled too late."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, seconds")
    parser.add_argument("--repeats", type=int, default=5)
    found = measure((arguments := parser.parse_args()).repeats)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            unit = f" of {BUDGET_SECONDS:g} s" if "budget" in name else ""
            unit = unit or ("" if "/" in name or "load" in name else " s")
            print(f"{name:28s}{value:7.2f}{unit}")
    return int(found["first key / budget"] > 1)


if __name__ == "__main__":
    sys.exit(main())
