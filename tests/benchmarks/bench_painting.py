"""How soon a stroke of the brush is on the screen.

Run it as ``python tests/benchmarks/bench_painting.py [--json] [--motions N] [--training]
[--sides 512 4096]``; it needs Xvfb and xdotool. The real window on a virtual screen of its own, in
the labelling mode, with a brush of 20 pixels at 512 x 512 and of 60 at 4096 x 4096, while xdotool
moves the pointer with the button down along a spiral. For each motion that Tk delivers it measures
the milliseconds from its X event (stamped by the server) until the server has drawn the result:
after the handler the pending redraws run and the connection is synchronized (``winfo pointerxy``
waits for an answer). Both clocks are the monotonic one of the machine. Tk joins motions that wait,
so fewer may be delivered than made. Beside it stands the processor time that the window's thread
takes for a motion ("own"), which a busy machine does not disturb.

With ``--training`` the engine trains on the drawn sample at 512 x 512 meanwhile, at its lower
priority; the image to paint on is loaded after the first epoch.

The goals are 16 ms at 512 x 512 and 33 ms at 4096 x 4096 for the 99th percentile on an idle
machine, and twice that while the engine trains (``--training``). The exit status is 1 if a goal is
missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from screen import need, virtual_screen

from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.app import App

GOALS_MS = {512: 16.0, 4096: 33.0}
BRUSHES = {512: 20, 4096: 60}
_PATIENCE = 300.0
_PAUSE = 0.008
"""Between two motions, in seconds: 125 a second, as of a mouse."""


class Trial:
    """One window.

    Attributes:
        delays, own: by motion, milliseconds until it is drawn, and of the window's processor time.
    """

    def __init__(self, folder: Path, side: int) -> None:
        self.delays: list[float] = []
        self.own: list[float] = []
        self.app = app = App(scaling=1.0)
        self.root = app.root
        app.boxes.fail = lambda title, text, _details: sys.exit(f"{title}: {text}")
        self.folder, self.side = folder, side
        self._event_time, self._own_time = 0, 0.0

    def train(self) -> None:
        """Let the engine train on drawn images of 512 x 512, for longer than the trial takes."""
        session = self.app.session
        sample = write_sample(self.folder / "sample", size=512, people=[1, 2], slices=6)
        pairs = [pair for part in sample.pairs.values() for pair in part]
        inputs, targets = (tuple(str(pair[k]) for pair in pairs) for k in (0, 1))
        data = session.project.specs.data
        session.project.set_files(replace(data, train_inputs=inputs, train_targets=targets))
        self.until(lambda: session.project.dataset is not None, "data set")
        self.until(lambda: session.device, "engine")
        session.jobs.train()
        self.until(lambda: session.jobs.monitor.epochs_done, "first epoch")

    def load(self) -> None:
        """Load the image to paint on, in the labelling mode; a training goes on meanwhile."""
        app, session, side = self.app, self.app.session, self.side
        image = np.random.default_rng(1).integers(0, 255, (side, side), np.uint8)
        path = self.folder / "in" / f"{side}.png"
        write_image(path, image)
        data = session.project.specs.data
        session.project.set_files(replace(data, train_inputs=(str(path),), train_targets=()))
        session.viewer.show_part("training")
        panes = app.window.panes

        def shown() -> bool:
            found = panes.image("image")
            return found is not None and found.shape[:2] == (side, side)

        self.until(shown, "image")
        app.window.actions.labels.toggle()
        labelling = session.labelling
        self.until(lambda: labelling.sheet.painter is not None, "label map")
        labelling.choice.size = BRUSHES[side]
        labelling.changed_choice()
        pointer = app.window.labelling._pointer
        self._on_move = pointer._on_move
        pointer._on_move = self._painted  # the last thing that a motion does
        self.canvas = app.window.panes.panes["image"].canvas
        self.canvas.bind_class("Stamps", "<B1-Motion>", self._stamp)
        self.canvas.bindtags(("Stamps", *self.canvas.bindtags()))

    def _stamp(self, event: tk.Event[tk.Misc]) -> None:
        self._event_time, self._own_time = int(event.time), time.thread_time()

    def _painted(self, role: str, point: tuple[float, float] | None) -> None:
        self._on_move(role, point)
        if self._event_time:
            self.root.update_idletasks()
            self.root.winfo_pointerxy()  # waits until the server has done what came before
            self.delays.append((1000 * time.monotonic() - self._event_time) % 2**32)
            self.own.append(1000 * (time.thread_time() - self._own_time))
            self._event_time = 0

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Run the window's loop until the condition holds."""
        end = time.monotonic() + _PATIENCE

        def look() -> None:
            if condition() or time.monotonic() > end:
                self.root.quit()
            else:
                self.root.after(20, look)

        look()
        self.root.mainloop()
        if not condition():
            sys.exit(f"The {what} did not come within {_PATIENCE:g} s.")

    def spiral(self, motions: int) -> None:
        """Move the pointer along a spiral with the button down."""
        canvas = self.canvas
        left, top = canvas.winfo_rootx(), canvas.winfo_rooty()
        middle = left + canvas.winfo_width() / 2, top + canvas.winfo_height() / 2
        reach = 0.45 * min(canvas.winfo_width(), canvas.winfo_height())
        command = ["xdotool", "mousemove", *(f"{v:.0f}" for v in middle), "mousedown", "1"]
        for number in range(motions):
            turn, part = number / 40, number / motions
            x = middle[0] + reach * part * math.cos(turn)
            y = middle[1] + reach * part * math.sin(turn)
            command += ["mousemove", f"{x:.0f}", f"{y:.0f}", "sleep", f"{_PAUSE}"]
        command += ["mouseup", "1"]
        with subprocess.Popen(command) as moves:
            self.until(lambda: moves.poll() is not None, "end of the stroke")


def run_trial(folder: Path, side: int, motions: int, training: bool) -> Trial:
    """A stroke over an image of that side."""
    trial = Trial(folder, side)
    app = trial.app
    try:
        if training:
            trial.train()
        trial.load()
        trial.spiral(motions)
        if training and app.session.jobs.kind != "training":
            sys.exit("The training has ended before the stroke.")
    finally:
        app.session.labelling.save_all()
        app.close()
    if len(trial.delays) < motions / 4:
        sys.exit(f"Only {len(trial.delays)} of {motions} motions came.")
    return trial


def measure(
    motions: int = 2000, training: bool = False, sides: Sequence[int] = tuple(GOALS_MS)
) -> dict[str, float]:
    """Milliseconds, counts and ratios by name."""
    need("xdotool")
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, virtual_screen():
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(Path(folder) / "home")
        for side in sides:
            goal = GOALS_MS[side]
            trial = run_trial(Path(folder), side, motions, training)
            name = f"{side} x {side}"
            found[f"{name}: motions"] = len(trial.delays)
            for what, values in (("", trial.delays), ("own ", trial.own)):
                for percent in (50, 99):
                    found[f"{name}: {what}p{percent}"] = float(np.percentile(values, percent))
            found[f"{name}: max"] = max(trial.delays)
            found[f"{name}: p99 / goal"] = found[f"{name}: p99"] / goal / (2 if training else 1)
    found["load average"] = os.getloadavg()[0]
    return found


def main() -> int:
    """Print the table; exit status 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, milliseconds")
    parser.add_argument("--motions", type=int, default=2000)
    parser.add_argument("--training", action="store_true", help="while the engine trains")
    parser.add_argument("--sides", type=int, nargs="+", choices=GOALS_MS, default=tuple(GOALS_MS))
    arguments = parser.parse_args()
    found = measure(arguments.motions, arguments.training, arguments.sides)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            unit = " ms" if name.split()[-1] in ("p50", "p99", "max") else ""
            print(f"{name:28s}{value:8.2f}{unit}")
    return int(any(value > 1 for name, value in found.items() if name.endswith("goal")))


if __name__ == "__main__":
    sys.exit(main())
