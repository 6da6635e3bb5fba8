"""Renews the screenshots in assets/: trains on real CT and takes its windows in mid-training.

    python tests/packaging/make_screenshots.py CT_ABDOMEN [--output assets]
    python tests/packaging/make_screenshots.py --study STUDY [--output assets]

CT_ABDOMEN holds a folder for each person with ``images`` and ``targets``. The last person by name
validates, the others train. STUDY is a study that has been run, or half of it
(``tests/benchmarks/studies``); its view alone is taken. A screen with a window manager is needed,
for instance ``Xvfb :9 -screen 0 1600x1000x24 & DISPLAY=:9 openbox &``, xwininfo (Debian:
x11-utils), and a few minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import time
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageGrab

from deepimagetranslator.app.views import TRAINING, VALIDATION
from deepimagetranslator.gui.app import App
from deepimagetranslator.self_test.window import no_boxes

EPOCHS_SHOWN, EPOCHS = 5, 12
COLOURS = 220
MAIN_SIZE = (1240, 720)
STUDY_SIZE = (1180, 760)


def main() -> None:
    """Open the window, train, take the pictures, close."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("images", type=Path, nargs="?", metavar="CT_ABDOMEN")
    what.add_argument("--study", type=Path)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "assets")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = home
        app = App(boxes=no_boxes([]))
        shots = Screenshots(app, arguments.output)
        study = arguments.study
        steps = shots.of_study(study.absolute()) if study else shots.of_training(arguments.images)
        ready: Callable[[], object] = lambda: True  # noqa: E731

        def go_on() -> None:
            nonlocal ready
            if ready():
                following = next(steps, None)
                if following is None:
                    app.close()
                    return
                ready = following
            app.root.after(50, go_on)

        app.root.after(50, go_on)
        app.run()


class Screenshots:
    """What is done with the window, and the pictures taken on the way."""

    def __init__(self, app: App, output: Path) -> None:
        self._app, self._output = app, output

    def of_study(self, folder: Path) -> Iterator[Callable[[], object]]:
        """The view of a study; each step gives the condition to wait for."""
        studies = self._app.session.studies
        self._app.root.geometry(f"{MAIN_SIZE[0]}x{MAIN_SIZE[1]}+60+40")
        studies.open(folder)
        yield lambda: studies.state is not None and not studies.reading
        studies.stop()  # the forecast of a study that is not done
        yield lambda: not studies.running
        yield self._after(5)
        view = self._newest()
        view.geometry(f"{STUDY_SIZE[0]}x{STUDY_SIZE[1]}")
        yield self._after(3)
        self._take("window-study", view)

    def of_training(self, images: Path) -> Iterator[Callable[[], object]]:
        """The other windows; each step gives the condition to wait for."""
        app, session = self._app, self._app.session
        project, actions = session.project, app.window.actions
        app.root.geometry(f"{MAIN_SIZE[0]}x{MAIN_SIZE[1]}+60+40")
        *train, last = sorted(images.iterdir())
        yield from self._load(TRAINING, train)
        yield from self._take_check([last, train[-1]])
        yield from self._load(VALIDATION, [last])
        yield lambda: project.dataset is not None and session.device
        project.set_section("training", replace(project.specs.training, epochs=EPOCHS))
        yield from self._take_dialogs()
        session.jobs.train()
        actions.train.show_monitor()
        yield lambda: session.jobs.monitor.epochs_done >= EPOCHS_SHOWN
        yield self._after(2)
        self._take("window-monitor", self._newest())
        self._newest().destroy()
        session.viewer.show_part(VALIDATION)
        session.viewer.go(5)
        yield self._after(5)
        self._take("window-main", app.root)
        actions.view.set_palette("light")
        yield self._after(2)
        self._take("window-light", app.root)
        session.jobs.stop()
        yield lambda: not session.jobs.kind

    def _take_dialogs(self) -> Iterator[Callable[[], object]]:
        actions = self._app.window.actions
        for name, command in (
            ("window-model", actions.model.new_model),
            ("window-augment", actions.train.set_augmentation),
            ("window-values", actions.data.set_values),
        ):
            command()
            yield self._after(6)
            self._take(name, self._newest())
            self._newest().destroy()

    def _take_check(self, mixed: Sequence[Path]) -> Iterator[Callable[[], object]]:
        """The data check of a set with a training person among the validation images."""
        yield from self._load(VALIDATION, mixed)
        self._app.window.actions.data.check_data()
        yield self._after(8)
        self._take("window-check", self._newest())
        self._newest().destroy()

    def _load(self, part: str, persons: Sequence[Path]) -> Iterator[Callable[[], object]]:
        session = self._app.session
        sides = {"inputs": "images", "targets": "targets"}
        files = {side: [person / name for person in persons] for side, name in sides.items()}
        done: list[bool] = []
        session.loader.load(part, files, done=lambda: done.append(True))
        yield lambda: done and session.project.reader.complete

    def _newest(self) -> tk.Toplevel:
        children = self._app.root.winfo_children()
        return [w for w in children if isinstance(w, tk.Toplevel) and w.winfo_viewable()][-1]

    def _after(self, seconds: float) -> Callable[[], object]:
        end = time.monotonic() + seconds
        return lambda: time.monotonic() > end

    def _take(self, name: str, window: tk.Tk | tk.Toplevel) -> None:
        """The window with its title bar, in few colours, as PNG."""
        window.lift()
        window.update()
        frame = subprocess.run(
            ["xwininfo", "-id", window.wm_frame()], capture_output=True, text=True, check=True
        ).stdout
        left, top, width, height = (
            int(re.search(rf"{words}:\s+(-?\d+)", frame)[1])
            for words in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        )
        box = (left, top, left + width, top + height)
        picture = ImageGrab.grab(box, xdisplay=os.environ["DISPLAY"])
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT)
        few.save(self._output / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
