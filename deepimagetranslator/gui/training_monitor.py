"""The training monitor: progress, curves, predictions and log of the training, in its own window.

It shows a ``MonitorState`` and holds no truth: closed and opened again it shows the same.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tkinter import filedialog, messagebox, ttk
from typing import Any

from deepimagetranslator.app import monitor_words as words
from deepimagetranslator.app.monitor_state import ENDED, MonitorState, Phase
from deepimagetranslator.gui.arrangement import Arrangement
from deepimagetranslator.gui.curves_view import CurvesView
from deepimagetranslator.gui.mnemonics import Mnemonics
from deepimagetranslator.gui.preview_strip import PreviewStrip
from deepimagetranslator.gui.theme import PALETTE_CHANGED, theme_of

TITLE = "Training monitor"
TICK_MS = 100
CLOCK_TICKS = 5
WIDTH, HEIGHT = 1080, 720
LOG_LINES = 4
_OPEN = "_deepimagetranslator_monitor"


@dataclass(frozen=True)
class MonitorActions:
    """What the monitor's buttons do; none may take long.

    Attributes:
        finish: end after this epoch.
        stop: stop at the next step.
        force_stop: end the engine, which did not stop within ten seconds.
        load_best: take up the best weights.
        translate: choose images and translate them.
        open_folder: show the run's folder in the system's file manager.
        use_epoch: take up the weights of an epoch (from 1), which lie in the file given.
        resume: go on after the last whole epoch; None hides the button.
        show_details: of a failed training; None hides the button.
        ask_file: asks where to save the curves, as ``filedialog.asksaveasfilename``.
        show_error: tells a problem, as ``messagebox.showerror``.
    """

    finish: Callable[[], object]
    stop: Callable[[], object]
    force_stop: Callable[[], object]
    load_best: Callable[[], object]
    translate: Callable[[], object]
    open_folder: Callable[[], object]
    use_epoch: Callable[[int, Path], object]
    resume: Callable[[], object] | None = None
    show_details: Callable[[], object] | None = None
    ask_file: Callable[..., str] = filedialog.asksaveasfilename
    show_error: Callable[..., object] = messagebox.showerror


def open_monitor(parent: tk.Misc, state: MonitorState, actions: MonitorActions) -> TrainingMonitor:
    """The training monitor: a new one, or the open one brought to the front."""
    root = parent.nametowidget(".")
    monitor: TrainingMonitor | None = getattr(root, _OPEN, None)
    if monitor is None or not monitor.winfo_exists():
        monitor = TrainingMonitor(parent, state, actions)
        setattr(root, _OPEN, monitor)
    monitor.to_front()
    return monitor


class TrainingMonitor(tk.Toplevel):
    """The window; it looks at the state ten times a second and draws what changed.

    Args:
        parent: a widget of the window in front of which it appears.
        state: what is shown.
        actions: what its buttons do.
    """

    def __init__(self, parent: tk.Misc, state: MonitorState, actions: MonitorActions) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(TITLE)
        self.theme = theme_of(self)
        self.state_shown = state
        self.actions = actions
        self.mnemonics = Mnemonics(self)
        self._version = -1
        self._ticks = 0
        self._logged = 0
        self._after = ""
        self._build()
        self._place(parent.winfo_toplevel())
        self.bind("<Escape>", lambda _event: self.destroy())
        self.protocol("WM_DELETE_WINDOW", self.destroy)
        self._tick()
        self.deiconify()

    def to_front(self) -> None:
        """Raise the window and give it the keyboard."""
        self.deiconify()
        self.lift()
        (self.focus_lastfor() or self).focus_set()

    def destroy(self) -> None:
        """Close; the training goes on."""
        if self._after:
            self.after_cancel(self._after)
        super().destroy()

    def _build(self) -> None:
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        # Whatever its words, Stop keeps its letter.
        self.mnemonics.add("Stop", lambda: self._press("stop"))
        self._build_head().grid(row=0, column=0, sticky="ew")
        middle = Arrangement(self)
        middle.grid(row=1, column=0, sticky="nsew", padx=px(18))
        self.curves = CurvesView(middle, self.mnemonics, self.actions.ask_file, self._saved_curves)
        self.strip = PreviewStrip(middle, self.mnemonics, self.actions.use_epoch)
        names = ["Curves", "Validation images", "Log"]
        middle.hold(self.curves, self.strip, self._build_log(middle), names)
        self._build_buttons().grid(row=2, column=0, sticky="ew")

    def _build_head(self) -> ttk.Frame:
        px = self.theme.px
        head = ttk.Frame(self, padding=(px(18), px(14), px(18), px(12)))
        head.columnconfigure((1, 4), weight=1, uniform="bars")
        self.headline = ttk.Label(head, style="Heading.TLabel")
        self.headline.grid(row=0, column=0, columnspan=6, sticky="w")
        self.remark = ttk.Label(head, style="Muted.TLabel", justify="left")
        self.remark.grid(row=1, column=0, columnspan=6, sticky="ew", pady=(px(2), px(10)))
        self.remark.bind(
            "<Configure>", lambda e: self.remark.configure(wraplength=max(1, e.width - px(4)))
        )
        self.bars: list[tuple[ttk.Progressbar, ttk.Label]] = []
        for column, text in ((0, "All epochs"), (3, "This epoch")):
            label = ttk.Label(head, text=text)
            label.grid(row=2, column=column, padx=(px(24) if column else 0, px(8)))
            bar = ttk.Progressbar(head, maximum=1.0)
            bar.grid(row=2, column=column + 1, sticky="ew")
            count = ttk.Label(head, style="Muted.TLabel", anchor="w")
            count.grid(row=2, column=column + 2, padx=(px(8), 0), sticky="w")
            self.bars.append((bar, count))
        row = ttk.Frame(head)
        row.grid(row=3, column=0, columnspan=6, sticky="ew", pady=(px(12), 0))
        self.facts: list[tuple[ttk.Label, ttk.Label]] = []
        names = [label for label, _ in words.facts(self.state_shown)] + ["Current file"]
        for column, name in enumerate(names):
            label = ttk.Label(row, text=name, style="Small.TLabel")
            value = ttk.Label(row, style="Bold.TLabel")
            for place, widget in enumerate((label, value)):
                widget.grid(row=place, column=column, sticky="ew", padx=(0, px(24)))
            self.facts.append((label, value))
        row.columnconfigure(len(names) - 1, weight=1)
        # Its own words must not widen the window: it takes what is left, and is shortened.
        self.facts[-1][1].configure(width=1)
        self.facts[-1][1].bind("<Configure>", lambda _event: self._show_file())
        return head

    def _build_log(self, parent: tk.Misc) -> ttk.Frame:
        px = self.theme.px
        frame = ttk.Frame(parent, padding=(0, px(4), 0, 0))
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(1, weight=1)
        ttk.Label(frame, text="Log", style="Bold.TLabel").grid(
            row=0, column=0, sticky="w", pady=(0, px(4))
        )
        self.log = tk.Text(
            frame,
            height=LOG_LINES,
            width=40,
            wrap="word",
            state="disabled",
            font=self.theme.font(),
            padx=px(8),
            pady=px(6),
            highlightthickness=px(1),
            borderwidth=0,
            spacing3=px(2),
        )
        bar = ttk.Scrollbar(frame, command=self.log.yview)
        self.log.configure(yscrollcommand=bar.set)
        self.log.grid(row=1, column=0, sticky="nsew")
        bar.grid(row=1, column=1, sticky="ns")
        # Tab leaves the log, as it leaves any field.
        self.log.bind("<Tab>", lambda _event: _focus(self.log.tk_focusNext()))
        self.log.bind("<Shift-Tab>", lambda _event: _focus(self.log.tk_focusPrev()))
        self._colour_log()
        self.bind(PALETTE_CHANGED, lambda _event: self._colour_log())
        return frame

    def _build_buttons(self) -> ttk.Frame:
        px = self.theme.px
        row = ttk.Frame(self, padding=(px(18), px(12), px(18), px(14)))
        row.columnconfigure(3, weight=1)
        self.buttons: dict[str, ttk.Button] = {}
        table: tuple[tuple[str, str, Callable[[], object], int], ...] = (
            ("load_best", "Load best weights", self.actions.load_best, 0),
            ("translate", "Translate images", self.actions.translate, 1),
            ("open_folder", "Open folder", self.actions.open_folder, 2),
            ("details", "Show details", self.actions.show_details or _nothing, 4),
            ("resume", "Resume training", self.actions.resume or _nothing, 5),
            ("finish", "Finish after this epoch", self._on_finish, 6),
            ("stop", "Stop", self._on_stop, 7),
            ("close", "Close", self.destroy, 8),
        )
        for key, text, command, column in table:
            style = "Accent.TButton" if key == "load_best" else "TButton"
            button = ttk.Button(row, text=text, command=command, style=style)
            if key != "stop":
                underline = self.mnemonics.add(text, partial(self._press, key))
                button.configure(underline=underline)
            after = column >= 4
            button.grid(row=0, column=column, padx=(px(8), 0) if after else (0, px(8)))
            self.buttons[key] = button
        return row

    def _place(self, parent: Any) -> None:
        """In the middle of its parent, no larger than the screen."""
        px = self.theme.px
        self.update_idletasks()
        screen_width, screen_height = self.winfo_screenwidth(), self.winfo_screenheight()
        width = min(px(WIDTH), screen_width)
        height = min(px(HEIGHT), screen_height - px(40))
        x = parent.winfo_rootx() + (parent.winfo_width() - width) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - height) // 3
        x = max(0, min(x, screen_width - width))
        y = max(0, min(y, screen_height - height - px(40)))
        self.geometry(f"{width}x{height}+{x}+{y}")
        self.minsize(min(px(760), screen_width), min(px(480), screen_height))

    def _tick(self) -> None:
        changed = self.state_shown.version != self._version
        self._ticks += 1
        if changed:
            self._version = self.state_shown.version
            self.refresh()
        elif self._ticks % CLOCK_TICKS == 0 and self.state_shown.running:
            self._show_head()
            self._show_buttons()
        self.curves.tick()
        self._after = self.after(TICK_MS, self._tick)

    def refresh(self) -> None:
        """Draw everything that the state holds."""
        state = self.state_shown
        self._show_head()
        self._show_buttons()
        self._show_log()
        self.curves.show(state)
        self.strip.show(state)

    def _show_head(self) -> None:
        state = self.state_shown
        failed = state.phase is Phase.FAILED
        self.headline.configure(text=words.headline(state))
        style = "Error.TLabel" if failed else "Muted.TLabel"
        self.remark.configure(text=words.remark(state), style=style)
        parts = state.overall_part, state.epoch_part
        texts = words.overall_text(state), words.epoch_text(state)
        for (bar, count), part, text in zip(self.bars, parts, texts, strict=True):
            bar.configure(value=part)
            count.configure(text=text)
        for (label, value), (name, text) in zip(self.facts, words.facts(state), strict=False):
            label.configure(text=name)
            value.configure(text=text)
        self._show_file()

    def _show_file(self) -> None:
        name = self.state_shown.current_file
        value = self.facts[-1][1]
        text = Path(name).name if name else words.NOTHING
        value.configure(text=_shortened(text, value.winfo_width(), self.theme.font("bold").measure))

    def _show_log(self) -> None:
        state = self.state_shown
        new = min(state.logged - self._logged, len(state.log))
        if state.logged < self._logged:  # another training began
            new = len(state.log)
        if new == 0 and state.logged == self._logged:
            return
        at_end = self.log.yview()[1] >= 0.999
        self.log.configure(state="normal")
        if state.logged < self._logged or self._logged == 0:
            self.log.delete("1.0", "end")
        for time_of_day, text in list(state.log)[-new:] if new else ():
            begins = self.log.index("end-1c") == "1.0"
            self.log.insert("end", "" if begins else "\n")
            self.log.insert("end", time_of_day, ("line", "time"))
            self.log.insert("end", f"\t{text}", "line")
        self.log.configure(state="disabled")
        first, self._logged = self._logged == 0, state.logged
        if at_end or first:
            self.log.see("end")

    def _colour_log(self) -> None:
        indent = self.theme.font().measure("00:00:00") + self.theme.px(14)
        self.log.configure(highlightbackground=self.theme.palette.border)
        self.log.tag_configure("time", foreground=self.theme.palette.muted)
        self.log.tag_configure("line", lmargin2=indent, tabs=(indent,))

    def _show_buttons(self) -> None:
        state = self.state_shown
        ended = state.phase in ENDED
        kept = ended and state.epochs_done > 0
        resumable = self.actions.resume is not None and state.phase in (
            Phase.CANCELLED,
            Phase.FAILED,
        )
        details = self.actions.show_details is not None and state.phase is Phase.FAILED
        for key, shown in (
            ("load_best", kept),
            ("translate", kept),
            ("open_folder", ended and state.run_dir is not None),
            ("details", details),
            ("resume", resumable and state.epochs_done > 0),
            ("finish", state.running),
            ("stop", state.running),
        ):
            button = self.buttons[key]
            if shown:
                button.grid()
            else:
                button.grid_remove()
        may_finish = state.phase in (Phase.PREPARING, Phase.TRAINING)
        self.buttons["finish"].state(["!disabled" if may_finish else "disabled"])
        stopping = state.phase is Phase.STOPPING
        words_on_it = "Force stop" if state.may_force else "Stopping..." if stopping else "Stop"
        stop = self.buttons["stop"]
        stop.configure(text=words_on_it, underline=words_on_it.lower().find("s"))
        stop.state(["disabled" if stopping and not state.may_force else "!disabled"])

    def _press(self, key: str) -> None:
        """A button by its letter, if it is there to be pressed."""
        if self.buttons[key].winfo_ismapped():
            self.buttons[key].invoke()

    def _on_finish(self) -> None:
        self.actions.finish()
        self.state_shown.request_finish()

    def _on_stop(self) -> None:
        if self.state_shown.may_force:
            self.actions.force_stop()
            return
        self.actions.stop()
        self.state_shown.request_stop()

    def _saved_curves(self, path: Path, problem: str) -> None:
        if problem:
            self.actions.show_error(TITLE, problem, parent=self)
        else:
            self.state_shown.add_log(f"The curves were saved as {path}.")


def _focus(widget: tk.Misc | None) -> str:
    """Give the keyboard to a widget, and end the event there."""
    if widget is not None:
        widget.focus_set()
    return "break"


def _nothing() -> None:
    """For buttons that are never shown."""


def _shortened(text: str, width: int, measure: Callable[[str], int]) -> str:
    """The text with its middle left out if it is wider than ``width`` pixels."""
    if width <= 1 or measure(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if measure(short) <= width:
            return short
    return "…"
