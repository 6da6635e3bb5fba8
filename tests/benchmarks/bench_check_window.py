"""How the check window behaves with very many pairs.

Run it as ``python tests/benchmarks/bench_check_window.py [--pairs N]``; it needs Xvfb. It writes N
small pairs, loads them as a user does, opens Data > Check data, scrolls through all of them, leaves
one out, and types a pattern into the dialog that splits validation. Printed are the seconds until
each is done, the milliseconds of one scrolling step, and the longest time that the window's thread
itself was at work on one round of events, which is how long a key would have waited.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from screen import virtual_screen

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "gui")]
_STEPS = 300


def write_pairs(folder: Path, count: int) -> None:
    """Noise and its threshold, ten images a person."""
    for side in ("in", "out"):
        (folder / side).mkdir()
    for number in range(count):
        image = np.random.default_rng(number).integers(0, 255, (64, 64), np.uint8)
        name = f"p{number // 10:04}_{number:05}.png"
        cv2.imwrite(str(folder / "in" / name), image)
        cv2.imwrite(str(folder / "out" / name), np.where(image > 100, 255, 0).astype(np.uint8))


def measure(folder: Path) -> dict[str, float]:
    """Every measure by name: seconds until all is shown, and milliseconds of the longest round."""
    from window import Window  # noqa: PLC0415

    from deepimagetranslator.gui.data_check.check_window import CheckWindow  # noqa: PLC0415
    from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog  # noqa: PLC0415

    window = Window()
    session, update = window.session, window.root.update
    rounds = [0.0]
    found: dict[str, float] = {}

    def timed_update() -> None:
        began = time.thread_time()
        update()
        rounds.append(time.thread_time() - began)

    def tell(what: str, began: float) -> None:
        longest = 1000 * max(rounds)
        rounds[:] = [0.0]
        found[f"{what}, s"] = time.monotonic() - began
        found[f"{what}, longest round, ms"] = longest

    setattr(window.root, "update", timed_update)  # noqa: B010
    window.answers.paths = [folder / "in", folder / "out"]
    began = time.monotonic()
    window.choose("File", "Load folder pair...")
    window.until(lambda: session.project.matched.train)
    tell("loaded", began)
    window.choose("Data", "Check data...")
    check = window.dialog(CheckWindow)
    assert isinstance(check, CheckWindow)
    window.until(lambda: session.project.reader.complete)
    tell("checked", began)
    steps = []
    for step in range(_STEPS):
        start = time.perf_counter()
        check.table.go(step * len(check.table.rows) // _STEPS)
        window.root.update()
        steps.append(1000 * (time.perf_counter() - start))
    found["scrolling step, median, ms"] = float(np.median(steps))
    found["scrolling step, longest, ms"] = max(steps)
    rounds[:] = [0.0]
    began = time.monotonic()
    check.leave_out(check.table.rows[5:6])
    found["leaving out a pair, ms"] = 1000 * (time.monotonic() - began)
    window.until(lambda: session.project.reader.complete)
    tell("checked again", began)
    began = time.monotonic()
    window.choose("Data", "Split validation from training...")
    dialog = window.dialog(SplitDialog)
    assert isinstance(dialog, SplitDialog)
    window.until(lambda: dialog.preview)
    tell("split dialog with its groups", began)
    began = time.monotonic()
    dialog.pattern.set("p[0-9]+")
    window.until(lambda: dialog.preview)
    tell("groups after typing a pattern", began)
    window.close()
    return found


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, virtual_screen():
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(Path(name) / "home")
        write_pairs(Path(name), given.pairs)
        found = measure(Path(name))
    if given.json:
        print(json.dumps(found))
    else:
        for what, value in found.items():
            print(f"{what:46}{value:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
