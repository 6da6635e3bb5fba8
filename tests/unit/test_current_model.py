"""The current model: loading, making, saving, and what another project brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sessions import Sessions

from deepimagetranslator.app.events import WeightsChanged
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ModelInitialised, WeightsDescribed
from deepimagetranslator.core.messages.requests import DescribeWeights, InitialiseModel
from deepimagetranslator.core.runs.run_folder import RunFolder, runs_folder


def described(path: Path) -> WeightsDescribed:
    return WeightsDescribed(str(path), ("A U-Net.",), scalings=(BYTES, None))


def test_weights_are_current_once_the_engine_has_read_them(
    sessions: Sessions, tmp_path: Path
) -> None:
    model, path = sessions.session.model, tmp_path / "a.weights.h5"
    model.load(path)
    assert sessions.requests(DescribeWeights) == [DescribeWeights(path)]
    assert model.weights is None
    sessions.answer(described(path))
    assert (model.weights, model.lines, model.normalizations) == (
        path,
        ("A U-Net.",),
        (BYTES, None),
    )
    assert sessions.changes(WeightsChanged)


def test_weights_that_cannot_be_read_change_nothing(sessions: Sessions, tmp_path: Path) -> None:
    sessions.answer(described(tmp_path / "a.weights.h5"))
    sessions.answer(WeightsDescribed("b.h5", problem="b.h5 holds no weights."))
    assert sessions.problems() == ["b.h5 holds no weights."]
    assert sessions.session.model.weights == tmp_path / "a.weights.h5"


def test_a_new_model_is_made_with_the_project_s_seed_and_then_loaded(sessions: Sessions) -> None:
    project, model = sessions.session.project, sessions.session.model
    project.set_section("training", replace(project.specs.training, seed=9))
    model.create(replace(project.specs.model, depth=3))
    assert project.specs.model.depth == 3
    (request,) = sessions.requests(InitialiseModel)
    assert (request.seed, request.spec.depth, request.spec.input_height) == (9, 3, 256)
    sessions.answer(ModelInitialised(str(request.path)))
    assert sessions.requests(DescribeWeights) == [DescribeWeights(request.path)]


@pytest.mark.parametrize(
    ("loss", "chosen", "ends_in"),
    [
        ("mae", "automatic", "linear"),
        ("categorical_crossentropy", "automatic", "softmax"),
        ("dice_crossentropy", "automatic", "sigmoid"),
        ("mae", "sigmoid", "sigmoid"),
    ],
)
def test_a_new_model_ends_in_the_activation_of_the_loss_unless_one_is_chosen(
    sessions: Sessions, loss: str, chosen: str, ends_in: str
) -> None:
    project, model = sessions.session.project, sessions.session.model
    project.set_section("training", replace(project.specs.training, loss=loss))
    model.create(replace(project.specs.model, final_activation=chosen))
    (request,) = sessions.requests(InitialiseModel)
    assert request.spec.final_activation == ends_in
    assert project.specs.model.final_activation == chosen


def test_a_model_that_does_not_fit_in_memory_is_told(sessions: Sessions) -> None:
    sessions.answer(ModelInitialised("new.weights.h5", "There is not enough memory."))
    assert sessions.problems() == ["There is not enough memory."]
    assert sessions.requests(DescribeWeights) == []


def test_the_model_is_saved_as_a_copy(sessions: Sessions, tmp_path: Path) -> None:
    model, copy = sessions.session.model, tmp_path / "copy.weights.h5"
    with pytest.raises(UserError, match="no model to save"):
        model.save(copy)
    (tmp_path / "a.weights.h5").write_bytes(b"weights")
    sessions.answer(described(tmp_path / "a.weights.h5"))
    model.save(copy)
    assert copy.read_bytes() == b"weights"
    assert model.weights == tmp_path / "a.weights.h5"


def test_a_project_brings_the_best_weights_of_its_last_run_that_has_some(
    sessions: Sessions, tmp_path: Path
) -> None:
    project, model = sessions.session.project, sessions.session.model
    project.save(tmp_path / "project.json")
    runs = [project.runs_home / name for name in ("1", "2", "3")]
    for run in runs:
        run.mkdir(parents=True)
    for run in runs[:2]:
        RunFolder(run).best.write_bytes(b"weights")
    sessions.answer(described(tmp_path / "other.weights.h5"))
    project.new()
    assert (model.weights, model.lines, model.normalizations) == (None, (), (None, None))
    assert sessions.requests(DescribeWeights) == []
    project.open(tmp_path / "project.json")
    assert sessions.requests(DescribeWeights) == [DescribeWeights(RunFolder(runs[1]).best)]


def test_weights_that_a_project_asked_for_do_not_reach_the_next_project(
    sessions: Sessions, tmp_path: Path
) -> None:
    """TensorFlow takes seconds to load, so the answer may come after a new project was begun."""
    file, model, project = tmp_path / "p.json", sessions.session.model, sessions.session.project
    best = RunFolder(runs_folder(file) / "1").best
    best.parent.mkdir(parents=True)
    best.write_bytes(b"weights")
    save_project(Project(), file)
    project.open(file)
    project.new()
    sessions.answer(described(best))
    assert model.weights is None
    project.open(file)
    sessions.answer(described(best))
    assert model.weights == best


def test_a_training_of_the_project_before_does_not_bring_its_weights(
    sessions: Sessions, tmp_path: Path
) -> None:
    model = sessions.session.model
    model.follow_training()
    sessions.session.project.new()
    model.follow(tmp_path / "best.weights.h5", 3, None)
    model.load_trained(tmp_path / "best.weights.h5")
    assert model.weights is None and not sessions.requests(DescribeWeights)
