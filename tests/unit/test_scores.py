"""Scores of all images in the background: one at a time, per weights, never during a job."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions, write_pairs

from deepimagetranslator.app.events import ScoresChanged, ViewScored
from deepimagetranslator.app.views import TRANSLATED
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import (
    EpochEnded,
    PreviewReady,
    WeightsDescribed,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.runs.run_folder import RunFolder

NAMES = [f"p{k}.png" for k in range(3)]
MASK = Palette(((0,), (255,)), "uint8")


@pytest.fixture
def loaded(sessions: Sessions, tmp_path: Path) -> Sessions:
    """Three pairs, a worker that answers, and weights."""
    write_pairs(tmp_path, NAMES)
    project = sessions.session.project
    sides = {
        f"train_{sides}": tuple(str(tmp_path / side / name) for name in NAMES)
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    project.set_files(replace(project.specs.data, **sides))  # type: ignore[arg-type]
    sessions.until(lambda: project.dataset is not None)
    sessions.answer(WorkerReady({}, "CPU"))
    use(sessions, tmp_path / "a.weights.h5")
    return sessions


def use(sessions: Sessions, weights: Path) -> None:
    weights.write_bytes(b"weights")
    sessions.answer(WeightsDescribed(str(weights), palette=MASK))


def asked(sessions: Sessions) -> list[PreviewTranslation]:
    return [request for request in sessions.requests(PreviewTranslation) if request.keep]


def answer_with_target(sessions: Sessions, folder: Path, request: PreviewTranslation) -> None:
    target = read_image(folder / "out" / request.name)
    sessions.answer(PreviewReady(request.number, target, 1))


def test_every_image_is_scored_once_per_weights(loaded: Sessions, tmp_path: Path) -> None:
    scores, pairs = loaded.session.scores, loaded.session.viewer.pairs()
    for _ in range(3):
        loaded.session.tick()
    assert asked(loaded) == [], "nobody looks"
    scores.wanted = True
    for done in range(1, 4):
        loaded.until(lambda done=done: len(asked(loaded)) == done)
        answer_with_target(loaded, tmp_path, asked(loaded)[-1])
        loaded.until(lambda done=done: scores.of(pairs[done - 1]) is not None)
    assert [str(scores.of(pair)) for pair in pairs] == ["Dice 1.000"] * 3
    assert loaded.changes(ScoresChanged)
    use(loaded, tmp_path / "b.weights.h5")
    assert scores.of(pairs[0]) is None
    loaded.until(lambda: len(asked(loaded)) == 4)
    answer_with_target(loaded, tmp_path, asked(loaded)[-1])
    loaded.until(lambda: scores.of(pairs[0]) is not None)
    loaded.answer(WeightsDescribed(str(tmp_path / "a.weights.h5"), palette=MASK))
    assert all(scores.of(pair) is not None for pair in pairs), "kept from before"


def test_a_job_pauses_the_work(loaded: Sessions) -> None:
    loaded.session.jobs.kind = "training"
    loaded.session.scores.wanted = True
    for _ in range(5):
        loaded.session.tick()
    assert asked(loaded) == []
    loaded.session.jobs.kind = ""
    loaded.until(lambda: asked(loaded))


def test_the_weights_of_a_new_epoch_have_no_scores_yet_and_drop_no_earlier_ones(
    loaded: Sessions, tmp_path: Path
) -> None:
    scores, pair = loaded.session.scores, loaded.session.viewer.pairs()[0]
    scores.wanted = True
    loaded.until(lambda: len(asked(loaded)) == 1)
    answer_with_target(loaded, tmp_path, asked(loaded)[-1])
    loaded.until(lambda: scores.of(pair) is not None)
    run = RunFolder(tmp_path / "run")
    loaded.session.jobs.train(run.path)
    run.path.mkdir()
    for epoch in range(1, 9):
        run.best.write_bytes(b"weights")
        os.utime(run.best, ns=(epoch, epoch))
        loaded.answer(EpochEnded(epoch, 9, {"loss": 0.5}, 1.0, epoch, 0.5))
        assert loaded.session.model.weights == run.best and scores.of(pair) is None
    use_again = WeightsDescribed(str(tmp_path / "a.weights.h5"), palette=MASK)
    loaded.answer(use_again)
    assert scores.of(pair) is not None


def test_weights_that_move_keep_their_scores(loaded: Sessions, tmp_path: Path) -> None:
    scores, pair = loaded.session.scores, loaded.session.viewer.pairs()[0]
    scores.wanted = True
    loaded.until(lambda: len(asked(loaded)) == 1)
    answer_with_target(loaded, tmp_path, asked(loaded)[-1])
    loaded.until(lambda: scores.of(pair) is not None)
    (tmp_path / "runs").mkdir()
    (tmp_path / "a.weights.h5").rename(tmp_path / "runs" / "a.weights.h5")
    loaded.session.model.moved(tmp_path, tmp_path / "runs")
    assert scores.of(pair) is not None


def test_an_image_that_cannot_be_translated_is_left_out(loaded: Sessions, tmp_path: Path) -> None:
    scores = loaded.session.scores
    scores.wanted = True
    loaded.until(lambda: len(asked(loaded)) == 1)
    loaded.answer(PreviewReady(asked(loaded)[0].number, None, 0, "does not fit"))
    loaded.until(lambda: len(asked(loaded)) == 2)
    (tmp_path / "in" / NAMES[2]).unlink()
    answer_with_target(loaded, tmp_path, asked(loaded)[1])
    loaded.until(lambda: scores.done == 3)
    known = [scores.of(pair) for pair in loaded.session.viewer.pairs()]
    assert [score is None for score in known] == [True, False, True]


def test_images_to_translate_have_no_scores(loaded: Sessions, tmp_path: Path) -> None:
    loaded.session.viewer.part = TRANSLATED
    loaded.session.scores.wanted = True
    for _ in range(5):
        loaded.session.tick()
    assert asked(loaded) == [] and loaded.session.scores.done == 0


def test_the_image_in_view_is_scored(loaded: Sessions, tmp_path: Path) -> None:
    loaded.session.viewer.show_augmented(False)
    loaded.until(lambda: not loaded.session.background.busy)
    request = loaded.requests(PreviewTranslation)[-1]
    target = read_image(tmp_path / "out" / request.name)
    loaded.answer(PreviewReady(request.number, np.zeros_like(target), 1))
    loaded.until(lambda: loaded.changes(ViewScored))
    assert str(loaded.changes(ViewScored)[-1].score) == "Dice 0.000"
