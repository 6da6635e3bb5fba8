"""Too little memory in training and translation: a sentence with the setting to lower."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks import write_network
from tiny import picture, project_of, write_set

from deepimagetranslator.core.augmentation.sampling import PairSampler
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import memory, training
from deepimagetranslator.ml.translation import translate
from deepimagetranslator.ml.translator import Translator


class InternalError(Exception):
    """As TensorFlow's is called."""


@pytest.fixture
def project(tmp_path) -> Project:
    pairs = write_set(tmp_path / "set", range(4), "mask")
    return project_of(pairs, model={"depth": 1}, training={"batch_size": 4})


@pytest.fixture
def only(monkeypatch):
    """Sets the free memory in MiB."""

    def set_free(mib: int) -> None:
        monkeypatch.setattr(memory, "free_memory_bytes", lambda swap: mib * 2**20)

    return set_free


def test_a_training_that_cannot_fit_is_refused_before_it_begins(project, tmp_path, only):
    only(40)  # less than TensorFlow takes at all
    with pytest.raises(UserError, match=r"A training step needs about .* and 40 MiB are free"):
        training.train(project, tmp_path / "run")
    assert not RunFolder(tmp_path / "run").log.exists()


@pytest.mark.parametrize(
    "error",
    [
        InternalError("Failed to allocate 4096 bytes: out of memory"),
        RuntimeError("can't start new thread"),
        ValueError("Exception encountered when calling Conv2D.call(). OOM when allocating tensor"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_libraries_raise_becomes_the_sentence(project, tmp_path, monkeypatch, error):
    def work(*_: object) -> None:
        raise error

    monkeypatch.setattr(training, "_work", work)
    with pytest.raises(UserError, match="There is not enough memory") as caught:
        training.train(project, tmp_path / "run")
    (problem,) = caught.value.problems
    assert problem.repair is not None and dict(problem.repair.settings) == {
        "training.batch_size": 2
    }
    log = RunFolder(tmp_path / "run").log.read_text(encoding="utf-8")
    assert "Ended: There is not enough memory" in log


def test_a_batch_without_room_becomes_the_sentence(project, tmp_path, monkeypatch):
    def sample(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PairSampler, "sample", sample)
    with pytest.raises(UserError, match="There is not enough memory"):
        training.train(project, tmp_path / "run")


def test_a_translation_without_room_says_how_many_images_at_once(tmp_path, monkeypatch, only):
    weights = write_network(tmp_path, "plain")
    write_image(tmp_path / "in" / "a.png", picture(1))
    arguments = weights, [Path(tmp_path / "in")], tmp_path / "out", TranslationSpec(batch_size=4)

    def predict(*_: object) -> None:
        raise ValueError("in a layer") from MemoryError()

    with monkeypatch.context() as patch:
        patch.setattr(Translator, "predict", predict)
        with pytest.raises(UserError, match="Translating needs about") as caught:
            translate(*arguments)
    remedy = caught.value.problems[0].remedy
    assert remedy is not None and dict(remedy.settings) == {"translation.batch_size": 2}
    only(30)
    with pytest.raises(UserError, match="30 MiB are free"):
        translate(*arguments)
    assert not list((tmp_path / "out").glob("*.png"))
