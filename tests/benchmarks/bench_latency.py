"""How soon the window handles the engine's news and the user's keys while all cores train.

Run it as ``python tests/benchmarks/bench_latency.py [--json] [--seconds N]``; it needs Xvfb and
xdotool. The real window with its training monitor beside it, on a virtual screen of its own, first
idle, then training the recommended preset (depth 5) on drawn 512x512 images, while xdotool presses
Right at random times: every press draws a pair and asks for a prediction.

Measured are the milliseconds from the worker's send, stamped in its process before the event is
pickled, to the window's handler, and from the key's X event to the first handler of the root. Both
stamps are of the monotonic clock, which all processes of a Linux machine share; Xvfb's too. The
exit status is 1 if a 99th percentile while training is over the budget.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tkinter as tk
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from screen import need, virtual_screen

from deepimagetranslator import worker
from deepimagetranslator.app.engine import worker_client
from deepimagetranslator.core.messages.events import BatchEnded, Event
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.app import App
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor

BUDGET_MS = 50.0
IDLE_SECONDS = 5.0
_PATIENCE = 120.0
_PAUSES = (0.03, 0.17)
"""Between two keys, in seconds."""
_STAMP = "sent_at"


class _StampedConnection:
    """The worker's end of the pipe, which writes on each event when it was sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, message: tuple[int, Event]) -> None:
        """Stamp and send."""
        object.__setattr__(message[1], _STAMP, time.monotonic())  # the events are frozen
        self._connection.send(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def stamped_worker(connection: Connection, log_path: str) -> None:
    """The worker's entry with stamped events."""
    worker.main(_StampedConnection(connection), log_path)  # type: ignore[arg-type]


class Trial:
    """One window, and the delays in milliseconds that it shows.

    Attributes:
        keys, events: delays of this phase.
    """

    def __init__(self) -> None:
        self.keys: list[float] = []
        self.events: list[float] = []
        self.trains = False
        self.app = app = App(scaling=1.0)
        app.boxes.fail = lambda title, text, _details: sys.exit(f"{title}: {text}")
        self._handle = app.session._handle
        app.session._handle = self._on_event  # type: ignore[method-assign]
        app.root.bind_class("Latency", "<Key>", self._on_key)
        app.root.bindtags(("Latency", *app.root.bindtags()))

    def _on_event(self, event: Event) -> None:
        self.events.append(1000 * (time.monotonic() - getattr(event, _STAMP)))
        self.trains = self.trains or isinstance(event, BatchEnded)
        self._handle(event)

    def _on_key(self, event: tk.Event[tk.Misc]) -> None:
        self.keys.append((1000 * time.monotonic() - event.time) % 2**32)

    def until(self, condition: Any, what: str) -> None:
        """Run the window's loop until the condition holds."""
        end = time.monotonic() + _PATIENCE

        def look() -> None:
            if condition() or time.monotonic() > end:
                self.app.root.quit()
            else:
                self.app.root.after(20, look)

        look()
        self.app.root.mainloop()
        if not condition():
            sys.exit(f"The {what} did not come within {_PATIENCE:g} s.")

    def phase(self, seconds: float) -> tuple[list[float], list[float]]:
        """The delays of keys and events within so many seconds."""
        self.keys, self.events = [], []
        draw, command, planned = random.Random(1), ["xdotool"], 0.0
        while planned < seconds:
            planned += (pause := draw.uniform(*_PAUSES))
            command += ["sleep", f"{pause:.3f}", "key", "Right"]
        self.app.root.focus_force()
        with subprocess.Popen(command) as presses:
            self.until(lambda: presses.poll() is not None, "end of the keys")
        if not self.keys or max(self.keys) > 1000 * _PATIENCE:
            sys.exit("No keys came, or the screen's clock is not the monotonic one.")
        return self.keys, self.events


def run_trial(folder: Path, seconds: float) -> dict[str, list[float]]:
    """Delays by name: keys while idle, keys and events while training."""
    sample = write_sample(folder / "sample", size=512, people=[1, 2], slices=6)
    trial = Trial()
    app, session = trial.app, trial.app.session
    try:
        for part, pairs in zip(("training", "validation"), sample.pairs.values(), strict=True):
            sides = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            session.loader.load(part, dict(zip(("inputs", "targets"), sides, strict=True)))
        trial.until(lambda: not session.loader.status, "images")
        session.viewer.show_part("training")
        trial.until(lambda: session.project.dataset is not None and session.device, "engine")
        idle, _ = trial.phase(IDLE_SECONDS)
        session.jobs.train()
        app.window.actions.train.show_monitor()
        (monitor,) = (w for w in app.root.winfo_children() if isinstance(w, TrainingMonitor))
        monitor.geometry(f"+{app.root.winfo_width() + 10}+0")
        trial.until(lambda: trial.trains, "first batch")
        keys, events = trial.phase(seconds)
        epochs = session.jobs.monitor.epochs_done
    finally:
        app.close()
    print(f"{epochs} epochs ended meanwhile", file=sys.stderr)
    return {"key, idle": idle, "key, training": keys, "event, training": events}


def measure(seconds: float = 30.0) -> dict[str, float]:
    """Milliseconds, counts and ratios by name."""
    need("xdotool")
    worker_client.worker_main = stamped_worker
    with tempfile.TemporaryDirectory() as folder, virtual_screen("2560x1000"):
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(Path(folder) / "home")
        delays = run_trial(Path(folder), seconds)
    found: dict[str, float] = {}
    for name, values in delays.items():
        found[f"{name}: count"] = len(values)
        for percent in (50, 99):
            found[f"{name}: p{percent}"] = float(np.percentile(values, percent))
        found[f"{name}: max"] = max(values)
    for name in ("key", "event"):
        found[f"{name} p99 / budget"] = found[f"{name}, training: p99"] / BUDGET_MS
    found["load average"] = os.getloadavg()[0]
    return found


def main() -> int:
    """Print the table; exit status 1 if keys or events are handled too late while training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, milliseconds")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    found = measure(arguments.seconds)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            unit = f" of {BUDGET_MS:g} ms" if "/" in name else ""
            unit = unit or (" ms" if name.split()[-1] in ("p50", "p99", "max") else "")
            print(f"{name:24s}{value:8.2f}{unit}")
    return int(max(found["key p99 / budget"], found["event p99 / budget"]) > 1)


if __name__ == "__main__":
    sys.exit(main())
