"""The window of a translation: progress, what was written where, and what was skipped and why."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import (
    Bus,
    Change,
    JobEnded,
    JobProgressed,
    UnlikeInputsFound,
)
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    FilesRead,
    ImageSkipped,
    ImageTranslated,
    JobCancelled,
    JobFailed,
    JobFinished,
    LogLine,
    SliceTranslated,
)
from deepimagetranslator.gui.jobs import job_window
from deepimagetranslator.gui.jobs.job_window import JobWindow

OUT = str(Path("ct") / "out")


@pytest.fixture
def job(root: tk.Tk) -> JobWindow:
    """Of as much of a session as the window listens to."""
    session = SimpleNamespace(bus=Bus(), jobs=SimpleNamespace(kind=""))
    return JobWindow(root, session, "Translating")  # type: ignore[arg-type]


def tell(job: JobWindow, change: Change) -> None:
    job.session.bus.publish(change)
    job.update()


def finish(job: JobWindow, files: list[tuple[str, str]], images: int) -> None:
    result: dict[str, Any] = {"translated": [None] * images, "files": files, "output": OUT}
    tell(job, JobEnded("translation", JobFinished(result)))


def rows(job: JobWindow) -> list[tuple[str, ...]]:
    return [tuple(job.table.item(row, "values")) for row in job.table.get_children()]


def test_slices_count_as_progress(job: JobWindow) -> None:
    source, output = ImageRef(Path("a.png")), ImageRef(Path("out/a.png"))
    tell(job, JobProgressed(ImageTranslated(source, output, 1, 4)))
    assert float(job.bar.cget("value")) == pytest.approx(0.25)
    tell(job, JobProgressed(SliceTranslated(3, 4)))
    assert float(job.bar.cget("value")) == pytest.approx(0.75)


def test_what_was_written_and_skipped(job: JobWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "b.nii/0007 is damaged; copy it again. Nothing is written of b.nii."
    tell(job, JobProgressed(ImageSkipped(ImageRef(Path("ct") / "b.nii"), reason, 1, 3)))
    files = [
        (str(Path("ct") / "a.nii.gz"), str(Path(OUT) / "a.nii.gz")),
        (str(Path("ct") / "x" / "1.dcm"), str(Path(OUT) / "x" / "1.dcm")),
    ]
    finish(job, files, images=301)
    assert rows(job) == [
        ("b.nii", f"skipped: {reason}"),
        ("a.nii.gz", "written: a.nii.gz"),
        ("1.dcm", f"written: {Path('x') / '1.dcm'}"),
    ]
    texts = [str(label.cget("text")) for label in labels(job)]
    assert f"301 images were translated into {OUT}, 1 skipped." in texts
    assert job.title() == "Translation"
    assert f"b.nii: skipped: {reason}" in texts  # the first one in full
    opened: list[Path] = []
    monkeypatch.setattr(job_window, "open_folder", opened.append)
    (button,) = [w for w in buttons(job) if w.cget("text") == "Open folder"]
    button.invoke()
    assert opened == [Path(OUT)]


def test_a_sentence_about_the_whole_job_is_shown_and_stays(job: JobWindow) -> None:
    sentence = "a.dcm is read otherwise than when these weights were trained."
    tell(job, JobProgressed(LogLine(sentence)))
    assert sentence in [str(label.cget("text")) for label in labels(job)]
    finish(job, [("a.dcm", str(Path(OUT) / "a.dcm"))], images=1)
    assert sentence in [str(label.cget("text")) for label in labels(job)]


def test_many_files_are_not_all_listed(job: JobWindow) -> None:
    finish(job, [(f"{n}.png", str(Path(OUT) / f"{n}.png")) for n in range(1000)], images=1000)
    assert len(rows(job)) == 501 and rows(job)[-1] == ("...", "and 500 more files")


def test_persons_of_an_evaluation_are_those_whose_folders_the_project_knows(
    job: JobWindow, pump: Callable[..., None]
) -> None:
    places = [Path("set").absolute() / who for who in ("A", "B")]
    files = tuple(ImageRef(place / f"{n}.png") for place in places for n in (1, 2))
    rows = [{"image": str(n), "channel": "grey", "mse": float(n)} for n in range(4)]
    rows.append({"image": "pooled", "channel": "grey", "mse": 1.5})
    data = DataSpec(persons=tuple(map(str, places)))
    session: Any = job.session
    session.project = SimpleNamespace(specs=SimpleNamespace(data=data))
    session.background = background = Background()
    try:
        result = {"rows": rows, "files": files, "problems": ()}
        tell(job, JobEnded("evaluation", JobFinished(result)))
        pump(job, lambda: background.poll() or job.measures is not None)
        assert job.measures is not None
        table = job.measures.table
        shown = [table.item(row, "values")[1] for row in table.get_children()]
        assert shown[-4:] == ["A", "A", "B", "B"]
    finally:
        background.close()


@pytest.mark.parametrize("accept", [True, False])
def test_unlike_images_are_asked_about_in_the_same_window(
    job: JobWindow, monkeypatch: pytest.MonkeyPatch, accept: bool
) -> None:
    answers: list[bool] = []
    monkeypatch.setattr(job.session.jobs, "kind", "translation")
    tell(job, JobProgressed(FilesRead(1, 2)))
    assert "Compared 1 of 2 series" in words(job)
    monkeypatch.setattr(job.session.jobs, "kind", "")
    problem = Problem("ct/p1", "40% of the values lie above the range.", files=("a", "b"))
    tell(job, UnlikeInputsFound((problem,), answers.append))
    assert "2 images have values unlike those" in words(job)
    assert "ct/p1: 40% of the values lie above the range." in words(job)
    shown = {str(button.cget("text")): button for button in buttons(job) if button.winfo_ismapped()}
    assert set(shown) == {"Translate them too", "Skip them", "Cancel"}
    shown["Translate them too" if accept else "Skip them"].invoke()
    job.update()
    assert answers == [accept]
    assert {str(b.cget("text")) for b in buttons(job) if b.winfo_ismapped()} == {"Cancel"}
    finish(job, [("a.png", str(Path(OUT) / "a.png"))], images=1)
    assert "1 image was translated into" in words(job)
    assert "40% of the values" not in words(job)


@pytest.mark.parametrize("asks", [False, True])
def test_a_window_that_stays_open_leaves_the_next_job_alone(job: JobWindow, asks: bool) -> None:
    stops: list[str] = []
    problem = Problem("p1", "is unlike.", files=("a",))
    question = UnlikeInputsFound((problem,), lambda _accept: None)
    if asks:
        tell(job, question)
    else:
        finish(job, [("a.png", str(Path(OUT) / "a.png"))], images=1)
    before = words(job)
    job.session.jobs.kind = "training"
    job.session.jobs.stop = lambda: stops.append("stop")  # type: ignore[method-assign]
    for change in (
        JobProgressed(FilesRead(1, 2)),
        question,
        JobEnded("training", JobFailed("user", "The disk is full.", "")),
    ):
        tell(job, change)
        assert words(job) == before
    job.cancel_button.invoke()
    assert stops == [] and not job.winfo_exists()


def test_cancel_closes_a_window_that_asks(job: JobWindow) -> None:
    problem = Problem("p1", "is unlike.", files=("a",))
    tell(job, UnlikeInputsFound((problem,), lambda _accept: None))
    assert "1 image has values unlike those" in words(job)
    job.cancel_button.invoke()
    assert not job.winfo_exists()


def words(job: JobWindow) -> str:
    return "\n".join(str(label.cget("text")) for label in labels(job) if label.winfo_ismapped())


def labels(widget: tk.Misc) -> list[Any]:
    return [w for w in everything(widget) if w.winfo_class() == "TLabel"]


def buttons(widget: tk.Misc) -> list[Any]:
    return [w for w in everything(widget) if w.winfo_class() == "TButton"]


def everything(widget: tk.Misc) -> list[Any]:
    return [w for child in widget.winfo_children() for w in (child, *everything(child))]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (2, f"The translation was stopped. 2 of 5 images were written into {OUT}; all of them are "
        "complete."),
        (0, "The translation was stopped. No image was written."),
    ],
)  # fmt: skip
def test_a_cancelled_translation_says_how_many_were_written_and_where(
    root: tk.Tk, written: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[str] = []
    jobs = SimpleNamespace(kind="translation", stop=lambda: stops.append("stop"))
    session: Any = SimpleNamespace(bus=Bus(), jobs=jobs)
    job = JobWindow(root, session, "Translating", output=Path(OUT))
    for n in range(1, written + 1):
        source, output = ImageRef(Path(f"{n}.png")), ImageRef(Path(OUT) / f"{n}.png")
        tell(job, JobProgressed(ImageTranslated(source, output, n, 5)))
    job.cancel_button.invoke()
    tell(job, JobProgressed(SliceTranslated(3, 5)))
    assert stops == ["stop"] and "Cancelling..." in said(job)
    jobs.kind = ""
    tell(job, JobEnded("translation", JobCancelled()))
    assert words in said(job)
    opened: list[Path] = []
    monkeypatch.setattr(job_window, "open_folder", opened.append)
    for button in buttons(job):
        if button.cget("text") == "Open folder":
            button.invoke()
    assert opened == [Path(OUT)] * bool(written)


def test_a_failed_evaluation_is_not_called_stopped(job: JobWindow) -> None:
    tell(job, JobEnded("evaluation", JobFailed("user", "The disk is full.", "")))
    assert "The evaluation failed. There is no result." in said(job)


def said(job: JobWindow) -> list[str]:
    return [str(label.cget("text")) for label in labels(job)]
