"""The line at the bottom of the main window: pointer, current model, progress and status."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import ttk

from deepimagetranslator.app.events import (
    Change,
    EngineChanged,
    JobChanged,
    JobProgressed,
    LoadingChanged,
    ProjectChanged,
    ReadingEnded,
    ReadingProgressed,
    WeightsChanged,
)
from deepimagetranslator.app.jobs import DRAFTS, STUDY_KINDS
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.study import words as study_words
from deepimagetranslator.app.training import words
from deepimagetranslator.core.messages.events import (
    FilesRead,
    ImageSkipped,
    ImageTranslated,
    PartTranslated,
)
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_pane import elided

LOADING = "Loading TensorFlow..."


class StatusBar(ttk.Frame):
    """Says what the session does; an error of the image in view is shown until the next change.

    Args:
        parent: the parent widget.
        session: the state that is shown.

    Attributes:
        pointer: the values under the pointer, at the left.
        status: what is going on, at the right.
        progress: the bar beside it, shown while something goes on that can be measured.
    """

    def __init__(self, parent: tk.Misc, session: Session) -> None:
        px = theme_of(parent).px
        super().__init__(parent, padding=(px(8), px(4)))
        self._session = session
        self._progress = ""
        self._told_unknown: set[Path | None] = set()
        self.status = tk.StringVar(self, LOADING)
        self.pointer = tk.StringVar(self, "")
        self.columnconfigure(1, weight=1)
        ttk.Label(self, textvariable=self.pointer, style="Muted.TLabel").grid(row=0, column=0)
        # Requests the width of one letter, so that a long name never widens the window.
        self.model = ttk.Label(self, style="Muted.TLabel", anchor="e", width=1)
        self.model.grid(row=0, column=1, sticky="ew", padx=px(16))
        self.model.bind("<Configure>", lambda _event: self._write_model())
        self.progress = ttk.Progressbar(self, length=px(180), maximum=1.0)
        ttk.Label(self, textvariable=self.status).grid(row=0, column=3, sticky="e")
        bus = session.bus
        bus.subscribe(JobProgressed, self._on_progress)
        bus.subscribe(EngineChanged, self._on_job)
        bus.subscribe(JobChanged, self._on_job)
        bus.subscribe(LoadingChanged, self._on_reading)
        bus.subscribe(ReadingProgressed, self._on_reading)
        bus.subscribe(ReadingEnded, self._on_project)
        bus.subscribe(ProjectChanged, self._on_project)
        bus.subscribe(WeightsChanged, self._on_weights)
        self._write()

    # ---- changes of the session ------------------------------------------------------------

    def _on_project(self, _change: Change) -> None:
        self._write_model()
        self._write()

    def _on_weights(self, change: WeightsChanged) -> None:
        """Say also, once of each file, that it does not tell which images it suits."""
        self._on_project(change)
        model = self._session.model
        if model.domain_unknown and model.weights not in self._told_unknown:
            self._told_unknown.add(model.weights)
            self.status.set(model.domain_unknown)

    def _on_reading(self, _change: Change) -> None:
        self._write()

    def _on_job(self, _change: Change) -> None:
        if not self._session.jobs.stopping:
            self._set_progress("", 0.0)
        self._write()

    def _on_progress(self, change: JobProgressed) -> None:
        jobs, studies = self._session.jobs, self._session.studies
        match change.event:
            case _ if jobs.kind == "training":
                self._set_progress(words.status(jobs.monitor), words.progress(jobs.monitor))
            case _ if jobs.kind in STUDY_KINDS and studies.state is not None:
                self._set_progress(study_words.status(studies.state), studies.state.part)
            case FilesRead(done, count):
                verb = "Comparing" if jobs.kind in ("translation", DRAFTS) else "Evaluating"
                self._set_progress(f"{verb} {done}/{count}", done / max(1, count))
            case PartTranslated(_, done, parts, i, n):
                part = (i - 1 + done / max(1, parts)) / max(1, n)
                self._set_progress(f"Translating {i}/{n}", part)
            case ImageTranslated(index=i, count=n) | ImageSkipped(index=i, count=n):
                self._set_progress(f"Translating {i}/{n}", i / max(1, n))
            case _:
                return
        self._write()

    # ---- writing ---------------------------------------------------------------------------

    def _set_progress(self, text: str, part: float) -> None:
        self._progress = text
        self.progress.configure(value=part)

    def _write_model(self) -> None:
        """Name the current model, as far as there is room."""
        title = self._session.model.title
        text = f"Model: {title}" if title else "No model yet"
        self.model.configure(text=elided(text, theme_of(self).font(), self.model.winfo_width()))

    def _write(self) -> None:
        session, kind = self._session, self._session.jobs.kind
        if kind:
            self.status.set(self._job_status(kind))
            self._show_bar(True)
            return
        text = f"Ready - {session.device}" if session.device else LOADING
        obstacles = remedies.first_sentence(session.project.obstacles)
        self.status.set(session.loader.status or session.project.reader.status or obstacles or text)
        part = session.loader.part
        if part is not None:
            self.progress.configure(value=part)
        self._show_bar(part is not None)

    def _show_bar(self, shown: bool) -> None:
        if shown:
            self.progress.grid(row=0, column=2, padx=theme_of(self).px(10))
        else:
            self.progress.grid_remove()

    def _job_status(self, kind: str) -> str:
        """What the running job does."""
        if not self._session.device:
            return LOADING
        if kind == "training":
            return words.status(self._session.jobs.monitor)
        study = self._session.studies.state
        if kind in STUDY_KINDS and study is not None and study.busy:
            return study_words.status(study)
        if self._session.jobs.stopping:
            return f"Stopping the {kind}..."
        return self._progress or f"Starting the {kind}..."
