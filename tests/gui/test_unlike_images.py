"""Images unlike the training images: banner, list, status, and the window of a translation."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quiet import QuietWindow
from sessions import write_pairs

from deepimagetranslator.app.events import JobEnded
from deepimagetranslator.app.views import TRAINING
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import (
    ImageTranslated,
    JobFinished,
    PreviewReady,
    WeightsDescribed,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.gui.jobs.job_window import JobWindow
from deepimagetranslator.gui.viewer.image_list import WORST_FIRST, ImageList
from deepimagetranslator.gui.viewer.pane_group import DOUBTFUL

NAMES = [f"p{k}.png" for k in range(3)]
SMOOTH = DomainMark(2.34, "sharpness", "smoother than any training image")
BRIGHT = DomainMark(4.1, "brightness", "20 HU brighter")
OUTPUT = np.full((24, 24, 1), 100, np.uint8)


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    """Pairs and a model, with the list of images shown."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    write_pairs(tmp_path, NAMES)
    window = QuietWindow(root, tmp_path)
    window.answer(WorkerReady({}, "CPU"))
    window.load(tmp_path)
    use(window, tmp_path / "a.weights.h5")
    window.main.listed.set(True)
    window.main.toggle_list()
    yield window
    window.close()


def use(window: QuietWindow, path: Path, domain_unknown: str = "") -> None:
    path.write_bytes(b"weights")
    window.answer(WeightsDescribed(str(path), domain_unknown=domain_unknown))


def predict(window: QuietWindow, mark: DomainMark | None) -> None:
    """Answer the newest request for the image in view."""
    requests = window.sessions.requests(PreviewTranslation)
    number = [request.number for request in requests if not request.keep][-1]
    window.answer(PreviewReady(number, OUTPUT, 3, mark=mark))


def banner(window: QuietWindow) -> str:
    shown = window.main.panes.panes["prediction"].banner
    window.root.update()
    assert bool(shown.winfo_ismapped()) == bool(shown.text)
    return shown.text


def said(images: ImageList) -> list[str]:
    images.update()
    canvas = images.canvas
    return [canvas.itemcget(i, "text") for i in canvas.find_all() if canvas.type(i) == "text"]


def signs(images: ImageList) -> int:
    """The warning signs that are drawn at the right of rows."""
    images.update()
    canvas = images.canvas
    items = [i for i in canvas.find_all() if canvas.type(i) == "image"]
    return sum(canvas.coords(i)[0] > canvas.winfo_width() / 2 for i in items)


def step(window: QuietWindow, index: int) -> None:
    window.session.viewer.go(index)
    window.until(lambda: not window.session.background.busy)


def test_the_prediction_in_view_says_why_its_image_is_unlike(window: QuietWindow) -> None:
    predict(window, SMOOTH)
    assert banner(window) == f"{DOUBTFUL}: {SMOOTH.reason}"
    assert signs(window.main.images) == 1 and "unlike: sharpness" in said(window.main.images)
    step(window, 1)
    assert banner(window) == ""  # while the next prediction is awaited
    predict(window, None)
    assert banner(window) == "" and signs(window.main.images) == 1


def test_marks_end_with_the_model(window: QuietWindow, tmp_path: Path) -> None:
    predict(window, SMOOTH)
    use(window, tmp_path / "b.weights.h5")
    assert signs(window.main.images) == 0
    predict(window, None)
    assert banner(window) == ""


def test_images_that_are_scored_for_the_list_are_marked_too(window: QuietWindow) -> None:
    predict(window, None)
    scored = window.sessions.requests(PreviewTranslation)
    window.until(lambda: any(r.keep for r in window.sessions.requests(PreviewTranslation)))
    scored = [r for r in window.sessions.requests(PreviewTranslation) if r.keep]
    window.answer(PreviewReady(scored[0].number, OUTPUT, 3, mark=BRIGHT))
    window.until(lambda: not window.session.background.busy)
    assert signs(window.main.images) == 1


def test_a_translation_marks_its_images(window: QuietWindow, tmp_path: Path) -> None:
    viewer, jobs = window.session.viewer, window.session.jobs
    inputs = [ImageRef(tmp_path / "in" / name) for name in NAMES]
    outputs = [ImageRef(tmp_path / "made" / name) for name in NAMES]
    for output in outputs:
        write_image(output.file, OUTPUT)
    viewer.set_images_to_translate(inputs)
    jobs.translate(tmp_path / "a.weights.h5", tmp_path / "made", TranslationSpec())
    marks = (None, SMOOTH, BRIGHT)
    for number, (source, output, mark) in enumerate(zip(inputs, outputs, marks, strict=True), 1):
        window.answer(ImageTranslated(source, output, number, 3, mark=mark))
    window.answer(JobFinished({"translated": [], "skipped": [], "files": [], "output": "made"}))
    window.until(lambda: not window.session.background.busy)
    assert banner(window) == ""
    step(window, 2)
    assert banner(window) == f"{DOUBTFUL}: {BRIGHT.reason}"
    images = window.main.images
    assert signs(images) == 2
    images.sorting.set(WORST_FIRST)
    images.sorting.event_generate("<<ComboboxSelected>>")
    images.update()
    assert images.order == [2, 1, 0]
    # Another model does not change what the translation found, and other parts know nothing of it.
    use(window, tmp_path / "b.weights.h5")
    assert signs(images) == 2
    viewer.show_part(TRAINING)
    window.until(lambda: not window.session.background.busy)
    assert signs(images) == 0


def test_weights_that_do_not_tell_are_named_once(window: QuietWindow, tmp_path: Path) -> None:
    sentence = "old.weights.h5 does not say which images it suits."
    status = window.main.status
    use(window, tmp_path / "old.weights.h5", sentence)
    assert status.get() == sentence
    use(window, tmp_path / "a.weights.h5")
    assert status.get() != sentence
    use(window, tmp_path / "old.weights.h5", sentence)
    assert status.get() != sentence


def test_a_banner_wraps_within_a_narrow_pane(window: QuietWindow) -> None:
    long = replace(SMOOTH, reason="pixel size 1.4 mm, training 0.6 to 0.9, and much else " * 2)
    window.root.geometry("700x500")
    predict(window, long)
    window.root.update()
    shown = window.main.panes.panes["prediction"].banner
    canvas = window.main.panes.panes["prediction"].canvas
    assert shown.winfo_width() <= canvas.winfo_width()
    assert shown.words.winfo_reqwidth() <= shown.winfo_width()
    assert shown.winfo_height() >= shown.winfo_reqheight() > 30


def test_the_window_of_a_translation_lists_them_worst_first(
    window: QuietWindow, tmp_path: Path
) -> None:
    (tmp_path / "s.nii.gz").write_bytes(b"slices")
    job = JobWindow(window.root, window.session, "Translating")
    made = str(tmp_path / "out" / "a.png")
    result = {
        "translated": [None] * 3,
        "files": [(str(tmp_path / "a.png"), made)],
        "output": str(tmp_path / "out"),
        "marked": [
            (str(tmp_path / "s.nii.gz" / "0007"), made, BRIGHT),
            (str(tmp_path / "a.png"), made, SMOOTH),
        ],
        "marks_file": str(tmp_path / "out" / "unlike_images.csv"),
    }
    window.session.bus.publish(JobEnded("translation", JobFinished(result)))
    job.update()
    rows = [tuple(job.table.item(row, "values")) for row in job.table.get_children()]
    assert rows[0] == ("s.nii.gz/0007", "unlike: 20 HU brighter (score 4.1)")
    assert rows[1] == ("a.png", f"unlike: {SMOOTH.reason} (score 2.3)")
    assert rows[2][1].startswith("written: ")
    said_of = "2 of them are unlike the training images: check them; unlike_images.csv lists them."
    assert any(text.endswith(said_of) for text in labels(job))
    job.destroy()
    job = JobWindow(window.root, window.session, "Translating")
    none = result | {"marked": [], "marks_file": None}
    window.session.bus.publish(JobEnded("translation", JobFinished(none)))
    assert "unlike" not in " ".join(labels(job))
    job.destroy()


def labels(widget: tk.Misc) -> list[str]:
    return [str(w.cget("text")) for w in every(widget) if w.winfo_class() == "TLabel"]


def every(widget: tk.Misc) -> list[tk.Misc]:
    found = list(widget.winfo_children())
    return found + [inner for child in found for inner in every(child)]
