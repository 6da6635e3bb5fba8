"""One whole loop in the real window with the real engine: from images alone to corrected drafts."""

from __future__ import annotations

import tkinter as tk
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from focus import focus
from window import Window

from deepimagetranslator.app.labelling import autosave
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.labelling.record import DONE, DRAFT
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor

SIDE, COUNT = 32, 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images with a bright square on noise."""
    rng = np.random.default_rng(1)
    for number in range(COUNT):
        image = rng.integers(0, 60, (SIDE, SIDE)).astype(np.uint8)
        image[6 + number : 22, 8:26] += 150
        write_image(tmp_path / "scans" / f"s{number}.png", image)
    return tmp_path / "scans"


def key(window: Window, name: str) -> None:
    canvas = window.app.window.panes.panes["image"].canvas
    focus(canvas)
    canvas.event_generate(f"<{name}>")
    window.root.update()


def stroke(window: Window, start: tuple[float, float], end: tuple[float, float]) -> None:
    canvas = window.app.window.panes.panes["image"].canvas

    def at(row: float, column: float) -> dict[str, int]:
        rect = canvas.rect()
        x, y = rect.left + column * rect.width / SIDE, rect.top + row * rect.height / SIDE
        return {"x": round(x) + canvas.inset, "y": round(y) + canvas.inset}

    canvas.event_generate("<ButtonPress-1>", **at(*start))
    canvas.event_generate("<Motion>", state=0x100, **at(*end))
    canvas.event_generate("<ButtonRelease-1>", **at(*end))
    window.root.update()


def test_from_a_folder_of_images_alone_to_corrected_drafts(
    window: Window, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "SECONDS", 0.1)
    session, labelling = window.session, window.session.labelling
    window.root.geometry("1300x900")
    window.answers.paths = [folder]
    window.choose("Data", "Load images to label...")
    window.until(lambda: labelling.sheet.painter is not None)
    project = session.project
    window.answers.paths = [tmp_path / "study.json"]
    window.choose("File", "Save project")
    small = replace(project.specs.model, depth=2, base_filters=4)
    training = replace(project.specs.training, epochs=1, steps_per_epoch=5)
    project.set_specs(replace(project.specs, model=small, training=training))

    labelling.choice.size = 12
    stroke(window, (13, 14), (13, 20))
    assert labelling.states.status is not None and labelling.states.status.state == DRAFT
    painted = labelling.sheet.image
    key(window, "d")
    window.until(lambda: labelling.sheet.image not in (None, painted) and labelling.sheet.painter)
    assert labelling.states.images.words.startswith("1 of 4 labelled")

    key(window, "T")
    window.until(lambda: session.jobs.kind == "training")
    window.dialog(TrainingMonitor).destroy()
    stroke(window, (5, 5), (5, 9))  # painting goes on
    begun = labelling.sheet.image
    window.until(lambda: "3 drafts" in labelling.states.images.words and not session.jobs.kind)
    run = project.runs[-1]
    assert RunFolder(run).best.is_file() and len(list((tmp_path / "study runs").glob("*"))) <= 1
    assert labelling.opened is not None and begun is not None
    assert labelling.opened.store.status(begun).draft is None  # what was painted stays

    key(window, "m")
    window.until(lambda: labelling.sheet.image not in (None, begun) and labelling.sheet.painter)
    assert labelling.states.status.draft is not None  # type: ignore[union-attr]
    assert "sure" in labelling.proposals.reason
    before = labelling.sheet.painter.label_map.numbers.copy()  # type: ignore[union-attr]
    labelling.choose_tool("eraser")
    stroke(window, (13, 14), (13, 20))
    labelling.choose_tool("brush")
    stroke(window, (25, 25), (25, 26))
    changed = int((labelling.sheet.painter.label_map.numbers != before).sum())  # type: ignore[union-attr]
    key(window, "D")
    window.until(lambda: labelling.states.images.words == "2 of 4 labelled, 2 drafts")
    assert labelling.states.status.state == DONE  # type: ignore[union-attr]
    (corrected,) = labelling.rounds.corrected
    assert (corrected.round, corrected.images, corrected.pixels) == (1, 1, changed) and changed
    loop = window.app.window.labelling.loop
    assert loop is not None and isinstance(loop.corrected, tk.Widget)
    assert f"last round: {changed}" in str(loop.corrected.cget("text"))
    assert not window.answers.failed
