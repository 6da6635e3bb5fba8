"""The window of a translation or an evaluation: progress, time left, cancel, result."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import Any

from deepimagetranslator.app.events import JobEnded, JobProgressed, UnlikeInputsFound
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.training.words import time_left
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.errors import FEW, Problem, UserError
from deepimagetranslator.core.evaluation.summary import Summarized, summarized
from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    FilesRead,
    ImageSkipped,
    ImageTranslated,
    JobCancelled,
    JobFinished,
    LogLine,
    PartTranslated,
    SliceTranslated,
)
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.jobs.evaluation_view import EvaluationView
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.dialog import AskFile
from deepimagetranslator.gui.widgets.in_front import path_in_use, place_over, show_above
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics, invoke_focused
from deepimagetranslator.gui.windows_os import open_folder

_MOST_ROWS = 500  # a table of more takes too long to fill


class JobWindow(tk.Toplevel):
    """Shows the progress of the session's running job, then its result.

    Args:
        parent: a widget of the main window.
        session: the session that runs the job.
        title: the window's title, also shown until the first progress.
        ask_file: asks where to save a table or a figure; None if there will be none.
        output: the folder that a translation writes into.

    Attributes:
        measures: the result of an evaluation; None before its end.
        answer_buttons: the answers to the question about images of unlike values.
    """

    def __init__(
        self,
        parent: tk.Misc,
        session: Session,
        title: str,
        ask_file: AskFile | None = None,
        output: Path | None = None,
    ) -> None:
        self._below = path_in_use(parent)
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.session = session
        self.measures: EvaluationView | None = None
        self._ask_file = ask_file
        self._output = output
        self._written = self._count = 0
        # Its own job is running; a finished job's window may stay open during other jobs.
        self._running = True
        self._cancelling = False
        self.mnemonics = Mnemonics(self)
        self._began = time.monotonic()
        self._skipped: list[tuple[ImageRef, str]] = []
        self.answer_buttons: list[ttk.Button] = []
        px = theme_of(self).px
        self._words = tk.StringVar(self, f"{title}...")
        self._box = ttk.Frame(self, padding=px(16))
        self._box.pack(fill="both", expand=True)
        ttk.Label(self._box, textvariable=self._words, wraplength=px(560)).pack(anchor="w")
        self.bar = ttk.Progressbar(self._box, maximum=1.0, length=px(420))
        self.bar.pack(fill="x", pady=px(10))
        self._list = ttk.Frame(self._box)
        self.table = ttk.Treeview(self._list, show="headings", height=8)
        scroll = ttk.Scrollbar(self._list, command=self.table.yview)
        self.table.configure(yscrollcommand=scroll.set)
        scroll.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self._detail = ttk.Label(self._box, wraplength=px(560), justify="left")
        self._buttons = ttk.Frame(self._box)
        self._buttons.pack(side="bottom", fill="x", pady=(px(10), 0))
        self.cancel_button = self._add_button("Cancel", self._on_cancel)
        self.cancel_button.pack(side="right")
        for key in ("<Return>", "<KP_Enter>"):
            self.bind(key, self._on_return)
        self.bind("<Escape>", lambda _event: self._on_cancel())
        self.protocol("WM_DELETE_WINDOW", self._on_cancel)
        session.bus.subscribe(JobProgressed, self._on_progress)
        session.bus.subscribe(JobEnded, self._on_end)
        session.bus.subscribe(UnlikeInputsFound, self._on_unlike)
        self._centre()
        show_above(self, self._below)
        self.focus_set()

    def destroy(self) -> None:
        """Unsubscribe and close."""
        self.session.bus.unsubscribe(self._on_progress)
        self.session.bus.unsubscribe(self._on_end)
        self.session.bus.unsubscribe(self._on_unlike)
        super().destroy()

    def _add_button(self, text: str, command: Callable[[], object]) -> ttk.Button:
        button = ttk.Button(self._buttons, text=text, command=command)
        button.configure(underline=self.mnemonics.add(text, button.invoke))
        return button

    def _on_return(self, event: tk.Event[tk.Misc]) -> str | None:
        """Press the button with the focus, else Close; a running job is not cancelled that way."""
        if isinstance(event.widget, ttk.Button) or not self._running:
            return invoke_focused(event, self.cancel_button)
        return None

    def _on_cancel(self) -> None:
        if self._running:
            self.session.jobs.stop()
            self._cancelling = True
            self._words.set("Cancelling...")
        else:
            self.destroy()

    def _on_progress(self, change: JobProgressed) -> None:
        if not self._running:
            return
        match change.event:
            case FilesRead(done, count) if self.session.jobs.kind == "translation":
                self._step("Compared", done, count, noun="series with the training images")
            case LogLine(text):
                self._say(text)
            case FilesRead(done, count):
                self._step("Evaluated", done, count)
            case PartTranslated(_, done, parts, index, count):
                self._step("Translated", index - 1, count, done / max(1, parts))
            case ImageTranslated(index=index, count=count):
                self._written += 1
                self._step("Translated", index, count)
            case SliceTranslated(index, count):
                self._step("Translated", index, count)
            case ImageSkipped(source, reason, index, count):
                self._skipped.append((source, reason))
                self._step("Translated", index, count)

    def _say(self, text: str) -> None:
        """Show a sentence about the whole job, below the progress."""
        px = theme_of(self).px
        label = ttk.Label(self._box, text=text, wraplength=px(560), justify="left")
        label.pack(anchor="w", pady=(0, px(8)), after=self.bar)
        self._centre()

    def _step(
        self, verb: str, done: int, count: int, of_next: float = 0.0, noun: str = "images"
    ) -> None:
        self._count = count
        part = (done + of_next) / max(1, count)
        passed = time.monotonic() - self._began
        left = f", {time_left(passed * (1 - part) / part)} left" if 0 < part < 1 else ""
        within = f" and {of_next:.0%} of the next" if of_next else ""
        if not self._cancelling:
            self._words.set(f"{verb} {done} of {count} {noun}{within}{left}")
        self.bar.configure(value=part)

    def _on_unlike(self, change: UnlikeInputsFound) -> None:
        """Ask whether images of unlike values are translated too; nothing has been written yet."""
        if not self._running:
            return
        self._running = False
        count = sum(len(problem.files) for problem in change.problems)
        self._words.set(
            f"{count} image{'s have' if count > 1 else ' has'} values unlike those that the "
            "network was trained on. Nothing has been translated yet."
        )
        self.bar.configure(value=0.0)
        self._detail.configure(text="\n".join(map(str, change.problems[:FEW])))
        self._detail.pack(side="bottom", fill="x", pady=(theme_of(self).px(8), 0))
        answers = (("Translate them too", True), ("Skip them", False))
        self.answer_buttons = [
            self._add_button(words, partial(self._answer, change.go_on, accept))
            for words, accept in answers
        ]
        for button in self.answer_buttons:
            button.pack(side="left", padx=(0, theme_of(self).px(8)))
        self.answer_buttons[1].focus_set()
        self._centre()

    def _answer(self, go_on: Callable[[bool], object], accept: bool) -> None:
        try:
            go_on(accept)
        except UserError as error:
            self._words.set(str(error))
            return
        self._running = True
        for widget in (*self.answer_buttons, self._detail):
            widget.pack_forget()
        self._detail.configure(text="")
        self._began = time.monotonic()
        self._words.set("Translating...")

    def _on_end(self, change: JobEnded) -> None:
        if not self._running:
            return
        self._running = False
        kind, event = change.kind, change.event
        self.title(kind.capitalize())
        self.cancel_button.configure(text="Close")
        self.cancel_button.focus_set()
        if not isinstance(event, JobFinished):
            how = "was stopped" if isinstance(event, JobCancelled) else "failed"
            self._words.set(f"The {kind} {how}. {self._reached(kind)}")
            return
        self.bar.configure(value=1.0)
        if "rows" in event.result:
            self._show_measures(event.result)
        else:
            self._show_files(event.result)

    def _reached(self, kind: str) -> str:
        """What there is of a job that did not finish."""
        if kind != "translation":
            return "There is no result."
        if not self._written:
            return "No image was written."
        self._offer_folder(self._output)
        of = f"{self._written} of {self._count} images were written"
        return f"{of} into {self._output}; all of them are complete."

    def _show_files(self, result: Mapping[str, Any]) -> None:
        """Show the skipped images with the reasons, and the written files."""
        folder, done = Path(result["output"]), len(result["translated"])
        skipped = f", {len(self._skipped)} skipped" if self._skipped else ""
        images = "1 image was" if done == 1 else f"{done} images were"
        marked: Sequence[tuple[str, str, DomainMark]] = result.get("marked", ())
        said = f"{_said_of(marked, result)}{_farthest_apart(result)}"
        self._words.set(f"{images} translated into {folder}{skipped}.{said}")
        rows = [(source.name, f"skipped: {reason}") for source, reason in self._skipped]
        few = marked[: max(0, _MOST_ROWS - len(rows))]
        rows += [(ImageRef.parse(image).shown_name, _told_of(mark)) for image, _, mark in few]
        written = [(Path(source).name, output) for source, output in result["files"]]
        room = max(0, _MOST_ROWS - len(rows))
        rows += [(name, f"written: {Path(to).relative_to(folder)}") for name, to in written[:room]]
        if len(written) > room:
            rows.append(("...", f"and {len(written) - room} more files"))
        self._detail.pack(side="bottom", fill="x", pady=(theme_of(self).px(8), 0))
        self.table.bind("<<TreeviewSelect>>", lambda _event: self._show_row())
        self._fill(("File", "Result"), rows)
        if self._skipped or marked:
            self.table.selection_set(self.table.get_children()[0])
        self._offer_folder(folder)
        self._centre()

    def _offer_folder(self, folder: Path | None) -> None:
        """Add a button that shows the folder of the written images."""

        def show() -> None:
            try:
                if folder is not None:
                    open_folder(folder)
            except UserError as error:
                self._words.set(str(error))

        self._add_button("Open folder", show).pack(side="left")

    def _show_row(self) -> None:
        """Show the selected row in full, since a reason can be longer than its cell."""
        for row in self.table.selection()[:1]:
            self._detail.configure(text=": ".join(map(str, self.table.item(row, "values"))))
            self._centre()

    def _show_measures(self, result: Mapping[str, Any]) -> None:
        rows, files = tuple(result["rows"]), tuple(result.get("files", ()))
        problems, labels = tuple(result["problems"]), bool(result.get("labels", True))
        evaluation = Evaluation(rows, problems, files, labels)
        count = evaluation.images
        words = f"{count} image{'' if count == 1 else 's'} evaluated."
        if evaluation.verdict is not None and not evaluation.verdict.better:
            words += f" {evaluation.verdict.sentence('The translated images have')}"
        self._words.set(words)
        if problems:
            self._show_left_out(problems)
        self.session.background.run(
            "evaluation summary",
            partial(summarized, evaluation, self.session.project.specs.data.persons),
            self._show_summarized,
            lambda error: self._words.set(str(error)),
        )

    def _show_summarized(self, result: Summarized) -> None:
        if not self.winfo_exists():
            return
        background = self.session.background
        self.measures = EvaluationView(
            self._box, result, background, self._show_image, self._on_drawn
        )
        self.bar.pack_forget()
        self.measures.pack(fill="both", expand=True)
        px = theme_of(self).px
        for text, command in (
            ("Save table...", self.save),
            ("Save figure...", self.save_figure),
            ("Copy table", self.measures.copy),
        ):
            button = self._add_button(text, command)
            button.pack(side="left", padx=(0, px(8)))
        self._centre()

    def _show_image(self, image: ImageRef) -> None:
        """Show an evaluated image in the main window."""
        self.session.viewer.show_file(image)

    def _on_drawn(self, problem: str) -> None:
        if problem:
            self._words.set(problem)
        self._centre()

    def _show_left_out(self, problems: Sequence[Problem]) -> None:
        """Show the files that were not evaluated, with the reasons."""
        lines = [remedies.sentence(problem) for problem in problems[:FEW]]
        if len(problems) > FEW:
            lines.append(f"and {len(problems) - FEW} more")
        self._detail.configure(text="\n".join(["Left out:", *lines]))
        self._detail.pack(side="bottom", fill="x", pady=(theme_of(self).px(8), 0))

    def _fill(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        px = theme_of(self).px
        self.table.configure(columns=tuple(columns))
        for number, column in enumerate(columns):
            self.table.heading(column, text=column)
            font = theme_of(self).font("bold")
            wide = px(170) if number == 0 else px(84) if len(columns) > 2 else px(420)
            wide = max(wide, font.measure(column) + px(22))
            self.table.column(column, width=wide, anchor="w" if number < 2 else "e")
        for row in rows:
            self.table.insert("", "end", values=tuple(row))
        self._list.pack(fill="both", expand=True)
        self._centre()

    def _centre(self) -> None:
        """Place the window in the middle of the main window, within the screen."""
        self.update_idletasks()
        width, height, margin = self.winfo_reqwidth(), self.winfo_reqheight(), theme_of(self).px(40)
        place_over(self, str(self.master.winfo_toplevel()), width, height, margin)

    def save_figure(self) -> None:
        """Save the figure as PNG."""
        path = self._ask("Save figure", "evaluation.png", (("PNG picture", "*.png"),))
        if path is not None and self.measures is not None and self.measures.figure is not None:
            with atomic_write(path) as temporary:
                self.measures.figure.save(temporary, format="PNG")

    def save(self) -> None:
        """Save the table as CSV."""
        path = self._ask("Save table", "evaluation.csv", (("Table", "*.csv"),))
        if path is not None and self.measures is not None:
            self.measures.evaluation.write_csv(path)

    def _ask(self, title: str, name: str, types: Sequence[tuple[str, str]]) -> Path | None:
        return None if self._ask_file is None else self._ask_file(title, name, types)


def _told_of(mark: DomainMark) -> str:
    return f"unlike: {mark.reason} (score {mark.score:.1f})"


def _said_of(marked: Sequence[object], result: Mapping[str, Any]) -> str:
    """A sentence on the images that are unlike the training images; empty if there are none."""
    if not marked:
        return ""
    are = "1 of them is" if len(marked) == 1 else f"{len(marked)} of them are"
    table = result.get("marks_file")
    named = f"; {Path(table).name} lists them" if table else ""
    return f" {are} unlike the training images: check them{named}."


def _farthest_apart(result: Mapping[str, Any]) -> str:
    """A sentence on the table of a translation by several networks; empty for one network."""
    table = result.get("second_look_file")
    name = Path(table).name if table else ""
    return f" {name} begins with the images on which the networks are farthest apart." * bool(name)
