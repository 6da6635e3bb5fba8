"""The view of the open study: its cells, its curves, its report, and what runs.

It displays a ``StudyState`` and has no state of its own, so it can be closed and reopened.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from tkinter import ttk

from deepimagetranslator.app.study import words
from deepimagetranslator.app.study.studies import Studies
from deepimagetranslator.app.study.study_state import Phase, StudyState
from deepimagetranslator.core.study.status import Step
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.study.cell_table import CellTable
from deepimagetranslator.gui.study.study_curves import StudyCurves
from deepimagetranslator.gui.study.summary_view import SummaryView
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.in_front import place_over
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics
from deepimagetranslator.gui.widgets.wrapping import wrap_at_width

TICK_MS = 100
WIDTH, HEIGHT = 1120, 720
_OPEN = "_deepimagetranslator_study"


@dataclass(frozen=True)
class StudyWindowActions:
    """The actions of the view's buttons, which show their own errors.

    Attributes:
        run: trains what is not done.
        stop: stops after the current step.
        force_stop: kills the worker process.
        again: trains the cell of a name again that has failed.
        open_cell: shows the training of the cell of a name.
        use_weights: makes its scored weights the current model.
        report: writes the report.
        open_folder: shows the study's folder.
        refresh: reads the files again.
    """

    run: Callable[[], object]
    stop: Callable[[], object]
    force_stop: Callable[[], object]
    again: Callable[[str], object]
    open_cell: Callable[[str], object]
    use_weights: Callable[[str], object]
    report: Callable[[], object]
    open_folder: Callable[[], object]
    refresh: Callable[[], object]


def open_study_window(
    parent: tk.Misc, studies: Studies, actions: StudyWindowActions
) -> StudyWindow:
    """Open the view of the open study, or bring it to the front."""
    root = parent.nametowidget(".")
    window: StudyWindow | None = getattr(root, _OPEN, None)
    if window is None or not window.winfo_exists():
        window = StudyWindow(parent, studies, actions)
        setattr(root, _OPEN, window)
    window.to_front()
    return window


class StudyWindow(tk.Toplevel):
    """The window; it checks the state ten times a second and redraws after changes.

    Args:
        parent: a widget of the window in front of which it appears.
        studies: hold the open study.
        actions: the actions of the buttons.

    Attributes:
        cells: the table of cells.
        curves: their curves.
        summary: the report's summary.
        buttons: the buttons by name.
    """

    def __init__(self, parent: tk.Misc, studies: Studies, actions: StudyWindowActions) -> None:
        super().__init__(parent)
        self.withdraw()
        self.theme = theme_of(self)
        self.studies, self.actions = studies, actions
        self.mnemonics = Mnemonics(self)
        self._shown: object = None
        self._after = ""
        self.buttons: dict[str, ttk.Button] = {}
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._build_head()
        self._build_middle()
        self._build_buttons()
        self._place(parent.winfo_toplevel())
        self.bind("<Escape>", lambda _event: self.destroy())
        self.bind("<F5>", lambda _event: actions.refresh())
        self.protocol("WM_DELETE_WINDOW", self.destroy)
        self._tick()
        self.deiconify()
        self.cells.table.focus_set()

    def to_front(self) -> None:
        """Raise the window and give it the keyboard."""
        self.deiconify()
        self.lift()
        (self.focus_lastfor() or self).focus_set()

    def show_report(self) -> None:
        """Bring the summary of the report to the front of the tabs."""
        self.tabs.select(str(self.summary))  # type: ignore[no-untyped-call]

    def destroy(self) -> None:
        """Close the window; the study goes on."""
        if self._after:
            self.after_cancel(self._after)
        self._after = ""
        super().destroy()

    # ---- building --------------------------------------------------------------------------

    def _build_head(self) -> None:
        px = self.theme.px
        head = ttk.Frame(self, padding=(px(18), px(14), px(18), px(8)))
        head.grid(row=0, column=0, sticky="ew")
        head.columnconfigure(0, weight=1)
        self.about = ttk.Label(head, style="Muted.TLabel")
        self.headline = ttk.Label(head, style="Heading.TLabel")
        self.remark = ttk.Label(head)
        for row, label in enumerate((self.headline, self.remark, self.about)):
            label.grid(row=row, column=0, sticky="ew", pady=(px(3) * bool(row), 0))
            wrap_at_width(label)
        self.bar = ttk.Progressbar(head, maximum=1.0, length=px(220))
        self.bar.grid(row=0, column=1, padx=(px(16), 0))

    def _build_middle(self) -> None:
        px = self.theme.px
        panes = ttk.PanedWindow(self, orient="vertical")
        panes.grid(row=1, column=0, sticky="nsew", padx=px(18))
        above = ttk.Frame(panes)
        above.columnconfigure(0, weight=1)
        above.rowconfigure(0, weight=1)
        self.cells = CellTable(above, self.actions.open_cell, self._show_buttons)
        self.cells.grid(row=0, column=0, sticky="nsew")
        self.reason = ttk.Label(above, style="Error.TLabel")
        self.reason.grid(row=1, column=0, sticky="ew", pady=(px(4), 0))
        wrap_at_width(self.reason)
        self.tabs = ttk.Notebook(panes)
        self.tabs.enable_traversal()
        self.curves = StudyCurves(self.tabs, self.mnemonics)
        self.summary = SummaryView(self.tabs)
        self.tabs.add(self.curves, text="Curves", padding=px(6))
        self.tabs.add(self.summary, text="Report", padding=px(6))
        panes.add(above, weight=2)
        panes.add(self.tabs, weight=3)

    def _build_buttons(self) -> None:
        px, actions = self.theme.px, self.actions
        row = ttk.Frame(self, padding=(px(18), px(12), px(18), px(14)))
        row.grid(row=2, column=0, sticky="ew")
        row.columnconfigure(1, weight=1)
        of_cell, of_study = ttk.Frame(row), ttk.Frame(row)
        of_cell.grid(row=0, column=0, sticky="w")
        # In a narrow window these two are one below the other.
        row.bind("<Configure>", lambda _event: self._arrange(row, of_cell, of_study))
        entries: tuple[tuple[str, str, Callable[[], object], int], ...] = (
            ("open", "Show training", lambda: actions.open_cell(self.cells.chosen), 0),
            ("use", "Use its weights", lambda: actions.use_weights(self.cells.chosen), 1),
            ("again", "Try again", lambda: actions.again(self.cells.chosen), 2),
            ("folder", "Open folder", actions.open_folder, 3),
            ("report", "Make report", actions.report, 5),
            ("stop", "Stop", self._on_stop, 6),
            ("run", "Run", actions.run, 7),
            ("close", "Close", self.destroy, 8),
        )
        # These two keep their letters when their texts change.
        for name in ("stop", "run"):
            self.mnemonics.add(name, partial(self._press, name))
        for name, text, command, column in entries:
            style = "Accent.TButton" if name == "run" else "TButton"
            group = of_study if column > 4 else of_cell
            button = ttk.Button(group, text=text, command=command, style=style)
            letter = 0 if name in ("stop", "run") else self.mnemonics.add(text, button.invoke)
            button.configure(underline=letter)
            button.grid(row=0, column=column, padx=(px(8), 0) if column > 4 else (0, px(8)))
            self.buttons[name] = button

    def _arrange(self, row: ttk.Frame, left: ttk.Frame, right: ttk.Frame) -> None:
        """Put the right group of buttons beside the left one, or below it for want of room."""
        px = self.theme.px
        needed = left.winfo_reqwidth() + right.winfo_reqwidth() + px(2 * 18)
        if needed <= row.winfo_width():
            right.grid(row=0, column=1, columnspan=1, sticky="e", pady=0)
        else:
            right.grid(row=1, column=0, columnspan=2, sticky="e", pady=(px(8), 0))

    def _place(self, parent: tk.Misc) -> None:
        px = self.theme.px
        self.update_idletasks()
        width = min(px(WIDTH), self.winfo_screenwidth())
        height = min(px(HEIGHT), self.winfo_screenheight() - px(40))
        self.geometry(f"{width}x{height}")
        place_over(self, str(parent), width, height, px(40))
        self.minsize(min(px(720), width), min(px(440), height))

    # ---- showing ---------------------------------------------------------------------------

    def _tick(self) -> None:
        state = self.studies.state
        if state is not None:
            wanted = (id(state), state.version, state.may_force, self.studies.reading)
            if wanted != self._shown:
                self._shown = wanted
                self.refresh(state)
        self.curves.tick()
        self._after = self.after(TICK_MS, self._tick)

    def refresh(self, state: StudyState) -> None:
        """Redraw all parts from the state."""
        self.title(f"Study {state.folder.path.name}")
        self.headline.configure(text=words.headline(state))
        self.remark.configure(
            text=remedies.all_sentences(state.problems) or words.remark(state),
            style="Error.TLabel" if state.message else "TLabel",
        )
        self.about.configure(text=words.about(state.plan))
        self.bar.configure(value=state.part)
        self.cells.show(state)
        self.curves.show(state)
        self.summary.show(state.summary)
        self._show_buttons()

    def _show_buttons(self) -> None:
        state = self.studies.state
        if state is None:
            return
        chosen = state.cells.get(self.cells.chosen)
        failed = chosen is not None and chosen.step is Step.FAILED
        self.reason.configure(text=chosen.failure if chosen is not None and failed else "")
        free = not state.busy and not self.studies.reading
        stopping = state.phase is Phase.STOPPING
        may = {
            "open": chosen is not None and chosen.step is not Step.TO_DO,
            "use": chosen is not None and chosen.step is Step.DONE,
            "again": failed and free,
            "report": state.done > 0 and free,
            "stop": state.busy and (not stopping or state.may_force),
            "run": free and bool(state.open_cells),
        }
        for name, enabled in may.items():
            self.buttons[name].state(["!disabled" if enabled else "disabled"])
        self.buttons["run"].configure(text="Resume" if state.begun else "Run")
        on_stop = "Force stop" if state.may_force else "Stopping..." if stopping else "Stop"
        self.buttons["stop"].configure(text=on_stop, underline=on_stop.lower().find("s"))

    def _press(self, name: str) -> None:
        self.buttons[name].invoke()

    def _on_stop(self) -> None:
        state = self.studies.state
        if state is not None and state.may_force:
            self.actions.force_stop()
        else:
            self.actions.stop()
