"""Too little memory: the window lives, says which setting to lower, and starts again with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sessions import write_pairs
from window import Window

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.core.config.memory_plan import (
    training_short_of_memory,
    translation_short_of_memory,
)
from deepimagetranslator.core.config.specs import ModelSpec, TranslationSpec
from deepimagetranslator.core.messages.events import Event, JobFailed, WorkerDied
from deepimagetranslator.core.messages.requests import StartTraining, TranslateImages
from deepimagetranslator.gui.jobs.job_window import JobWindow

ABORTED = WorkerDied(-6, "terminate called after throwing an instance of 'std::bad_alloc'")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The jobs that an engine gets, which does not run."""
    jobs: list[object] = []

    def submit(client: WorkerClient, job: StartTraining | TranslateImages) -> None:
        client.job = job.job
        jobs.append(job)

    monkeypatch.setattr(WorkerClient, "start", lambda _self: None)
    monkeypatch.setattr(WorkerClient, "submit", submit)
    return jobs


@pytest.fixture
def window(sent, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    write_pairs(tmp_path, ["a.png", "b.png", "c.png"])
    window = Window()
    window.answers.files = [sorted((tmp_path / side).iterdir()) for side in ("in", "out")]
    window.choose("File", "Load training images")
    window.choose("File", "Load training targets")
    window.until(lambda: window.session.project.dataset is not None)
    yield window
    window.close()


def started(window: Window, sent: list[object], batch_size: int) -> None:
    """A training with this batch size has begun."""
    project = window.session.project
    project.set_section("training", replace(project.specs.training, batch_size=batch_size))
    window.until(lambda: project.dataset is not None)
    window.session.jobs.train(window.session.project.runs_home / "run")
    assert len(sent) == 1


def short(window: Window) -> JobFailed:
    project = window.session.project
    assert project.dataset is not None
    error = training_short_of_memory(
        project.dataset.model, project.specs.training, 200 * 2**20, ModelSpec()
    )
    return JobFailed("user", str(error), problems=error.problems)


@pytest.mark.parametrize("dies", [False, True])
def test_one_click_starts_the_training_again_with_a_smaller_batch(window, sent, dies):
    started(window, sent, 512)
    window.answers.choice = 0
    end: Event = ABORTED if dies else short(window)
    window.session._handle(end)
    window.until(lambda: len(sent) == 2)
    again = sent[-1]
    assert isinstance(again, StartTraining)
    smaller = again.project.specs.training.batch_size
    assert smaller <= 256 and window.session.project.specs.training.batch_size == smaller
    text = window.answers.asked[-1]
    assert f"{smaller} image" in text and "not enough memory" in text
    assert ("probably because memory was short" in text) == dies


def test_the_offer_can_be_declined(window, sent):
    started(window, sent, 512)
    window.session._handle(short(window))  # the replaced box answers "Close"
    window.root.update()
    assert window.answers.asked and len(sent) == 1
    assert window.session.project.specs.training.batch_size == 512


def test_another_death_of_the_engine_is_not_taken_for_it(window, sent):
    started(window, sent, 1)
    window.session._handle(WorkerDied(-11, "Fatal Python error: Segmentation fault"))
    window.root.update()
    assert not window.answers.asked and window.answers.titles == ["TensorFlow stopped"]


def test_a_translation_is_repeated_with_fewer_images_at_once(window, sent, tmp_path: Path):
    session = window.session
    window.answers.files = [sorted((tmp_path / "in").iterdir())]
    window.choose("Translate", "Load images for translation")
    window.until(lambda: session.viewer.to_translate)
    session.jobs.translate(tmp_path / "w.h5", tmp_path / "out", TranslationSpec(batch_size=64))
    window.app.window.actions.translate._show_progress(tmp_path / "out")
    failed = window.dialog(JobWindow)
    model = ModelSpec(input_height=512, input_width=512, input_channels=1, target_channels=1)
    error = translation_short_of_memory(model, 64, "float32", 2**30, False)
    window.answers.choice = 0
    session._handle(JobFailed("user", str(error), problems=error.problems))
    window.until(lambda: len(sent) == 2)
    again = sent[-1]
    assert isinstance(again, TranslateImages) and again.spec.batch_size < 64
    window.until(lambda: not failed.winfo_exists())
    assert window.dialog(JobWindow)._running  # type: ignore[attr-defined]
