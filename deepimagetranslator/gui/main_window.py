"""The main window: menus, the left column, three panes, a scrubber, the status bar.

It shows what the session holds and hands what the user does to ``Commands``.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from deepimagetranslator.app import training_words
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import PARTS, TRAINING, VALIDATION, Shown
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    EpochEnded,
    FilesRead,
    ImageSkipped,
    ImageTranslated,
    PartTranslated,
    PreviewReady,
)
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.actions.commands import Commands
from deepimagetranslator.gui.menus import build_menus
from deepimagetranslator.gui.system_dialogs import Boxes
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.pane_group import PaneGroup

PROGRAM = "DeepImageTranslator"


class MainWindow(ttk.Frame):
    """The root's content.

    Args:
        root: the themed root.
        session: the truth.
        boxes: file pickers and message boxes.
        leave: ends the program.

    Attributes:
        commands: what the menus do.
        panes: the three panes.
        status: the words at the bottom right.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, leave: Callable[[], None]
    ) -> None:
        super().__init__(root)
        self.root = root
        self.session = session
        self.status = tk.StringVar(self, "Loading engine...")
        self.pointer = tk.StringVar(self, "")
        self.augmented = tk.BooleanVar(self, session.augmented)
        self._moving_scrubber = False
        self._progress = ""
        self.commands = Commands(root, session, boxes, leave)
        self._build()
        self.menus = build_menus(root, self.commands, self.panes)
        self._bind_keys()
        session.subscribe(self._on_change)
        self._write_title()
        self._write_status()
        self.write_parts()

    # ---- building --------------------------------------------------------------------------

    def _build(self) -> None:
        px = theme_of(self).px
        self.columnconfigure(1, weight=1)
        self.rowconfigure(0, weight=1)
        self._build_column().grid(row=0, column=0, sticky="ns", padx=px(8), pady=px(8))
        self.panes = PaneGroup(self, on_pointer=self.pointer.set)
        self.panes.grid(row=0, column=1, sticky="nsew", padx=(0, px(8)), pady=(px(8), 0))
        self.scrubber = ttk.Scale(self, from_=0, to=1, command=self._on_scrub)
        self.scrubber.grid(row=1, column=1, sticky="ew", padx=(0, px(8)), pady=px(6))
        bar = ttk.Frame(self, padding=(px(8), px(4)))
        bar.grid(row=2, column=0, columnspan=2, sticky="ew")
        bar.columnconfigure(1, weight=1)
        ttk.Label(bar, textvariable=self.pointer, style="Muted.TLabel").grid(row=0, column=0)
        self.progress = ttk.Progressbar(bar, length=px(180), maximum=1.0)
        ttk.Label(bar, textvariable=self.status).grid(row=0, column=3, sticky="e")

    def _build_column(self) -> ttk.Frame:
        """From the top: which set is shown, then the next and the previous image, as in 2021."""
        px = theme_of(self).px
        column = ttk.Frame(self)
        self.part_buttons: dict[str, ttk.Button] = {}
        for row, part in enumerate(PARTS):
            button = ttk.Button(
                column,
                text=part.capitalize(),
                command=lambda part=part: self.session.show_part(part),  # type: ignore[misc]
            )
            button.grid(row=row, column=0, sticky="ew", pady=(0, px(4)))
            self.part_buttons[part] = button
        self.next_button = ttk.Button(column, text=">", command=lambda: self.session.step(1))
        self.next_button.grid(row=3, column=0, sticky="ew", pady=(px(8), px(4)))
        self.previous_button = ttk.Button(column, text="<", command=lambda: self.session.step(-1))
        self.previous_button.grid(row=4, column=0, sticky="ew")
        self.augment_tick = ttk.Checkbutton(
            column, text="Augmented", variable=self.augmented, command=self.toggle_augmented
        )
        self.augment_tick.grid(row=5, column=0, sticky="w", pady=(px(12), 0))
        return column

    def _bind_keys(self) -> None:
        session, commands = self.session, self.commands
        last = lambda: session.go(-1)  # noqa: E731
        keys: dict[str, Callable[[], object]] = {
            "<Right>": lambda: session.step(1),
            "<Left>": lambda: session.step(-1),
            "<Home>": lambda: session.go(0),
            "<End>": last,
            "<Control-o>": commands.open_project,
            "<Control-s>": commands.save_project,
            "<Control-q>": commands.leave,
            "<F4>": commands.check_data,
            "<F5>": commands.train,
            "<F1>": commands.show_guide,
        }
        for key, action in keys.items():
            self.root.bind(key, self._for_this_window(commands.guarded(action)))

    def _for_this_window(self, action: Callable[[], None]) -> Callable[[Any], None]:
        """The action for keys that go to the main window, not to a dialog."""

        def handle(event: Any) -> None:
            widget = event.widget
            if isinstance(widget, tk.Misc) and widget.winfo_toplevel() is self.root:
                action()

        return handle

    # ---- what the user does ----------------------------------------------------------------

    def toggle_augmented(self) -> None:
        """Show training images augmented, or as they are."""
        self.session.augmented = self.augmented.get()
        self.session.show()

    def _on_scrub(self, value: str) -> None:
        index = round(float(value))
        if not self._moving_scrubber and index != self.session.positions[self.session.part]:
            self.session.go(index)

    # ---- what has changed ------------------------------------------------------------------

    def _on_change(self, topic: str, subject: object) -> None:
        if topic == "view" and isinstance(subject, Shown):
            self._show(subject)
        elif topic == "prediction" and isinstance(subject, PreviewReady):
            self._show_prediction(subject)
        elif topic == "progress":
            self._write_progress(subject)
        elif topic in ("engine", "job", "job ended"):
            self._progress = ""
            self._write_status()
        elif topic in ("busy", "examining"):
            self._write_status()
        elif topic in ("project", "weights", "examined"):
            self.panes.set_scalings(*self.session.normalizations())
            self._write_title()
            self._write_status()
            self.write_parts()

    def _show(self, shown: Shown) -> None:
        wanted = shown.wanted
        self.panes.set_scalings(*self.session.normalizations())
        position = f"{wanted.index + 1} / {wanted.count}" if wanted.count else ""
        hints = {
            "image": "Load images with the File menu",
            "target": "Load targets with the File menu",
            "prediction": "Make or load a model with the Model menu",
        }
        for role, path in (("image", wanted.input), ("target", wanted.target)):
            for problem in shown.problems:
                if path is not None and str(path) in problem:
                    hints[role] = problem
        names = {"image": wanted.input, "target": wanted.target, "prediction": wanted.output}
        images: dict[str, Array | None] = {
            "image": shown.input,
            "target": shown.target,
            "prediction": shown.output,
        }
        for role, image in images.items():
            if role == "prediction" and image is None and self.session.weights is not None:
                if shown.input is None:
                    self.panes.show(role, None)
                continue  # the last prediction stays until the new one comes
            path = names[role]
            name = path.name if path is not None else ""
            note = shown.note if role != "prediction" else "translated"
            self.panes.show(role, image, Caption(name, position, note), hint=hints[role])
        self._moving_scrubber = True
        self.scrubber.configure(to=max(1, wanted.count - 1))
        self.scrubber.set(wanted.index)
        self._moving_scrubber = False
        self.write_parts()
        if shown.problems:
            self.status.set(shown.problems[0])

    def _show_prediction(self, ready: PreviewReady) -> None:
        if ready.image is None:
            self.panes.show("prediction", None, hint="The model does not fit this image")
            self.status.set(ready.problem)
            return
        notes = [f"epoch {ready.epoch}" if ready.epoch else "untrained", self.session.preview_note]
        weights = self.session.weights
        name = weights.name if weights is not None else ""
        caption = Caption(name, "", ", ".join(filter(None, notes)))
        self.panes.show("prediction", ready.image, caption)

    def write_parts(self) -> None:
        """Which set is shown, and which there are."""
        for part, button in self.part_buttons.items():
            chosen = part == self.session.part
            button.configure(style="Accent.TButton" if chosen else "TButton")
        is_drawn = self.session.part in (TRAINING, VALIDATION)
        self.augment_tick.state(["!disabled" if is_drawn else "disabled"])

    def _write_title(self) -> None:
        path = self.session.path
        name = path.name if path is not None else "new project"
        star = "*" if self.session.changed else ""
        self.root.title(f"{star}{name} - {PROGRAM}")

    def _write_progress(self, event: object) -> None:
        match event:
            case FilesRead(done, count):
                self._set_progress(f"Reading files {done}/{count}", done / max(1, count))
            case BatchEnded() | EpochEnded():
                monitor = self.session.monitor
                self._set_progress(training_words.status(monitor), monitor.overall_part)
            case PartTranslated(_, done, parts, i, n):
                part = (i - 1 + done / max(1, parts)) / max(1, n)
                self._set_progress(f"Translating {i}/{n}", part)
            case ImageTranslated(index=i, count=n) | ImageSkipped(index=i, count=n):
                self._set_progress(f"Translating {i}/{n}", i / max(1, n))
            case _:
                return
        self._write_status()

    def _set_progress(self, text: str, part: float) -> None:
        self._progress = text
        self.progress.configure(value=part)

    def _write_status(self) -> None:
        session = self.session
        if session.job_kind:
            words = self._progress or f"{session.job_kind.capitalize()} begins..."
            if not session.device:
                words = "Loading engine..."
            self.progress.grid(row=0, column=2, padx=theme_of(self).px(10))
        else:
            words = f"Ready - {session.device}" if session.device else "Loading engine..."
            words = session.busy or session.obstacle or words
            self.progress.grid_remove()
        self.status.set(words)
