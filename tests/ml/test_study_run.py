"""Running a study, without its trainings: what is repeated, what is not, and what stops it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from study_sets import project_of_persons, scores_of_cell

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_lock import InUseError
from deepimagetranslator.core.runs.run_state import RunState, Stage
from deepimagetranslator.core.study.new_study import NewStudy, Wishes, plan_study, write_study
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.status import Step, is_trained, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.atomic_write import NoSpaceError, write_error
from deepimagetranslator.core.system.lock import FileLock
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.study import forecast as study_forecast
from deepimagetranslator.ml.study import run as study_run
from deepimagetranslator.ml.study.forecast import forecast
from deepimagetranslator.ml.study.run import run_study


@pytest.fixture
def study(tmp_path: Path) -> NewStudy:
    """A study of three persons and one variation, written into ``folder_of(tmp_path)``."""
    study = plan_study(project_of_persons(tmp_path, ("ann", "bob", "cid")), Wishes())
    write_study(study, folder_of(tmp_path))
    return study


def folder_of(tmp_path: Path) -> StudyFolder:
    return StudyFolder(tmp_path / "study")


@pytest.fixture
def trained(study: NewStudy, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the cells that were trained; a training does nothing and all scores are 0.5."""
    names: list[str] = []

    def train(_project: Project, run_dir: Path, **_rest: Any) -> None:
        names.append(run_dir.name)

    def scored(_plan: Plan, cell: Cell, *_rest: Any) -> object:
        return scores_of_cell(study, cell, lambda _cell, _person: 0.5)

    monkeypatch.setattr(study_run, "train", train)
    monkeypatch.setattr(study_run, "_scored", scored)
    return names


def steps(study: NewStudy, tmp_path: Path) -> list[Step]:
    return [one.step for one in status_of(study.plan, folder_of(tmp_path))]


def failing(monkeypatch: pytest.MonkeyPatch, cell: str, error: Exception) -> None:
    """Let the training of one cell fail."""
    inner: Any = study_run.train

    def train(project: Project, run_dir: Path, **rest: Any) -> None:
        if run_dir.name == cell:
            raise error
        inner(project, run_dir, **rest)

    monkeypatch.setattr(study_run, "train", train)


def test_what_is_done_is_not_repeated(study: NewStudy, trained: list[str], tmp_path: Path) -> None:
    run_study(folder_of(tmp_path), only=["as-project_fold-2"])
    run_study(folder_of(tmp_path))
    assert trained == [f"as-project_fold-{fold}" for fold in (2, 1, 3)]
    assert steps(study, tmp_path) == [Step.DONE] * 3


def test_a_cell_that_fails_says_why_and_the_others_go_on(
    study: NewStudy, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as once:
        failing(once, "as-project_fold-1", UserError("The loss became nan."))
        run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.FAILED, Step.DONE, Step.DONE]
    assert status_of(study.plan, folder_of(tmp_path))[0].failure == "The loss became nan."
    run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.DONE] * 3
    assert trained[-1] == "as-project_fold-1"


def test_a_full_disk_ends_it_and_what_is_done_stays(
    study: NewStudy, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = write_error("last.weights.h5", OSError(errno.ENOSPC, "No space left on device"))
    with monkeypatch.context() as once:
        failing(once, "as-project_fold-2", full)
        with pytest.raises(NoSpaceError, match=r"free some space.*is done of the study stays"):
            run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.DONE, Step.TO_DO, Step.TO_DO]
    run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.DONE] * 3


def test_it_can_be_cancelled_between_cells(
    study: NewStudy, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = JobControl()
    control.cancel.set()
    with pytest.raises(Cancelled):
        run_study(folder_of(tmp_path), control=control)
    assert trained == [] and steps(study, tmp_path) == [Step.TO_DO] * 3


def test_a_cell_that_another_process_trains_is_left_to_it(
    study: NewStudy, trained: list[str], tmp_path: Path
) -> None:
    cells = list(study.plan.cells())
    run = folder_of(tmp_path).cell(cells[0]).run
    run.path.mkdir(parents=True)
    lock = FileLock(run.lock)
    lock.take()
    run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.RUNNING, Step.DONE, Step.DONE]
    lock.release()


def test_a_cell_that_another_process_takes_first_has_not_failed(
    study: NewStudy, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked, and both found nobody in its folder."""
    with monkeypatch.context() as once:
        failing(once, "as-project_fold-1", InUseError("It is being trained."))
        run_study(folder_of(tmp_path))
    assert steps(study, tmp_path) == [Step.TO_DO, Step.DONE, Step.DONE]


def test_best_weights_that_a_kill_left_behind_are_brought_up(
    study: NewStudy, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the last epoch, after its state and before its best weights were written."""
    run = folder_of(tmp_path).cell(next(study.plan.cells())).run
    run.path.mkdir(parents=True)
    for epoch in (1, 3):
        run.improvement(epoch, 1 / epoch).write_bytes(b"epoch %d" % epoch)
    run.best.write_bytes(b"epoch 1")
    ended = RunState(Stage.RESUMABLE, run.last)
    monkeypatch.setattr(study_run, "state_of", lambda *_: ended)
    monkeypatch.setattr(study_run, "is_trained", lambda *_: True)
    monkeypatch.setattr(weights, "read_state", lambda _: {"best_epoch": 3})
    run_study(folder_of(tmp_path), only=["as-project_fold-1"])
    assert run.best.read_bytes() == b"epoch 3" and trained == []


def test_the_forecast_counts_the_steps_of_an_epoch(
    study: NewStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes 1 s: 2 trainings of 3 epochs of 40 steps; looking takes no time."""

    class Steps:
        counts = 1, 1

        def __init__(self, *_: object) -> None: ...

        def train(self, _control: JobControl) -> float:
            return 1.0

        def validate(self, _control: JobControl) -> float:
            return 0.0

        def close(self) -> None: ...

    monkeypatch.setattr(study_forecast, "BareSteps", Steps)
    settings = ("training.epochs=3", "training.steps_per_epoch=40")
    longer = plan_study(project_of_persons(tmp_path, ("ann", "bob")), Wishes(settings=settings))
    folder = StudyFolder(tmp_path / "longer")
    write_study(longer, folder)
    found = forecast(longer.plan, folder, (), JobControl())
    assert (found.trainings, found.seconds) == (2, 2 * 3 * 40)


def test_a_training_without_a_state_is_named(
    study: NewStudy, trained: list[str], tmp_path: Path
) -> None:
    run = folder_of(tmp_path).cell(next(study.plan.cells())).run
    run.path.mkdir(parents=True)
    run.history.write_text("no history\n")
    run_study(folder_of(tmp_path))
    found = status_of(study.plan, folder_of(tmp_path))[0]
    assert found.step is Step.FAILED and "delete this folder" in found.failure
    assert not is_trained(run, study.projects["as-project"].specs.training)
