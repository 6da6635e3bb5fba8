"""The open study of a session: what is asked of the engine, and what its events change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions
from study_sets import done_study, project_of_persons, scores_of_cell

from deepimagetranslator.app.events import ProblemOccurred, StudyOpened, StudyReported
from deepimagetranslator.app.jobs import STUDY
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.study import words
from deepimagetranslator.app.study.studies import Studies, suggested_folder
from deepimagetranslator.app.study.study_state import DIED, Phase, StudyState
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    CellEnded,
    CellStarted,
    EpochEnded,
    EpochStarted,
    FilesRead,
    FilesWritten,
    JobCancelled,
    JobFailed,
    JobFinished,
    LogLine,
    PreviewReady,
    WorkerDied,
)
from deepimagetranslator.core.messages.requests import (
    ForecastStudy,
    PreviewTranslation,
    ReportStudy,
    RunStudy,
)
from deepimagetranslator.core.study.ensemble import weights_of
from deepimagetranslator.core.study.new_study import NewStudy, Wishes, plan_study
from deepimagetranslator.core.study.scores import write_scores
from deepimagetranslator.core.study.status import Step
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed

FIRST, SECOND = "augmentation-on_fold-1", "augmentation-off_fold-1"


def half(_cell: object, _person: str) -> float:
    return 0.5


@pytest.fixture
def study(tmp_path: Path) -> NewStudy:
    project = project_of_persons(tmp_path / "p", ("anna", "bert", "carl"))
    varied = crossed(["augmentation=on,off"])
    return plan_study(
        project, Wishes(variations=varied, settings=("training.epochs=4",), threads=3)
    )


@pytest.fixture
def folder(study: NewStudy, tmp_path: Path) -> StudyFolder:
    """A study of 2 x 3 cells of which the first two are open."""
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, half, but=(FIRST, SECOND))
    return folder


@pytest.fixture
def sessions(tmp_path: Path, folder: StudyFolder) -> Sessions:
    sessions = Sessions(tmp_path)
    sessions.session.studies.open(folder.path)
    sessions.until(lambda: sessions.changes(StudyOpened))
    return sessions


def opened(sessions: Sessions) -> tuple[Studies, StudyState]:
    studies = sessions.session.studies
    assert studies.state is not None
    return studies, studies.state


def epoch(number: int, loss: float = 0.5) -> EpochEnded:
    return EpochEnded(number, 4, {"loss": loss, "val_loss": loss + 0.1}, 2.0, number, loss)


def test_an_open_study_shows_what_its_files_say(sessions: Sessions, folder: StudyFolder) -> None:
    _, state = opened(sessions)
    assert [found.step for found in state.cells.values()] == [Step.TO_DO] * 2 + [Step.DONE] * 4
    assert words.headline(state) == "4 of 6 trainings are done"
    assert sessions.session.studies.recent == [folder.path.absolute()]
    done = list(state.cells.values())[-1]
    # a network that finds half of each object: Dice 2/3
    assert words.value_words(state.plan, done) == "0.6667"
    assert words.fold_of(state.plan, done.cell) == "3: carl"


def test_a_folder_without_a_study_is_told(sessions: Sessions, tmp_path: Path) -> None:
    sessions.session.studies.open(tmp_path / "none")
    sessions.until(lambda: sessions.changes(ProblemOccurred))
    assert "is no study" in sessions.problems()[0]
    assert opened(sessions)[1].folder.path != tmp_path / "none"


def test_the_networks_of_a_variation_translate_together(
    sessions: Sessions, study: NewStudy, folder: StudyFolder
) -> None:
    """Two of three trainings of each variation are done."""
    studies, state = opened(sessions)
    found = studies.ensembles
    assert found == [weights_of(study.plan, folder, v.name) for v in study.plan.variations]
    assert [one.missing for one in found] == [(FIRST,), (SECOND,)]
    folders = [file.parent.name for file in found[0].files]
    assert folders == ["augmentation-on_fold-2", "augmentation-on_fold-3"]
    state.cells["augmentation-on_fold-2"] = replace(state.cells[FIRST], step=Step.TO_DO)
    assert [one.variation for one in studies.ensembles] == ["augmentation-off"]


def test_the_forecast_says_how_long_it_takes(sessions: Sessions, folder: StudyFolder) -> None:
    studies, state = opened(sessions)
    studies.forecast()
    assert sessions.requests(ForecastStudy) == [ForecastStudy(1, folder.path, 3)]
    assert state.phase is Phase.FORECASTING
    sessions.answer(JobFinished({"trainings": 2, "seconds": 18_000.0}))
    assert state.phase is Phase.IDLE
    assert words.expected(state) == "2 trainings, about 5 h on this machine."


def test_a_study_runs_stops_and_goes_on(
    sessions: Sessions, study: NewStudy, folder: StudyFolder
) -> None:
    studies, state = opened(sessions)
    session = sessions.session
    studies.run()
    assert sessions.requests(RunStudy) == [RunStudy(1, folder.path, 3)]
    assert session.jobs.kind == STUDY and state.phase is Phase.RUNNING
    with pytest.raises(UserError, match="A study is running; stop it"):
        studies.run()
    with pytest.raises(UserError, match="A study is running; stop it"):
        studies.open(folder.path.parent)
    sessions.answer(CellStarted(FIRST), EpochStarted(1, 4, 10), BatchEnded(1, 5, 10, 0.5, None))
    first = state.cells[FIRST]
    assert words.step_words(state, first) == "training"
    # 4 of 6 cells, and an eighth of the fifth
    assert state.part == pytest.approx((4 + 1 / 8) / 6)
    sessions.answer(epoch(1), epoch(2))
    assert words.epoch_words(state, state.cells[FIRST]) == "2 of 4"
    # 2 + 4 epochs of 2 s
    assert state.seconds_left == pytest.approx(12.0)
    assert "5/6, epoch 3/4" in words.status(state)
    assert [row["val_loss"] for row in state.histories[FIRST]] == [0.6, 0.6]
    assert state.monitor.epochs_done == 2 and state.monitor.running
    assert session.jobs.monitor.rows == [], "the project's own monitor is left alone"

    studies.stop()
    assert state.phase is Phase.STOPPING and sessions.engine.asked == ["cancel"]
    sessions.answer(JobCancelled())
    assert state.phase is Phase.IDLE and not state.current
    assert state.monitor.epochs_done == 2 and not state.monitor.running
    sessions.until(lambda: not studies.reading)

    studies.run()
    sessions.answer(CellStarted(FIRST), *map(epoch, (1, 2, 3, 4)), FilesRead(1, 2))
    assert words.step_words(state, state.cells[FIRST]) == "evaluating"
    assert "evaluating image 1 of 2" in words.remark(state)
    cell = state.cells[FIRST].cell
    write_scores(scores_of_cell(study, cell, half), folder.cell(cell).scores)
    sessions.answer(CellEnded(FIRST))
    sessions.until(lambda: state.cells[FIRST].step is Step.DONE)

    reason = "There is not enough memory."
    sessions.answer(CellStarted(SECOND), LogLine(f"{SECOND} failed: {reason}"))
    place = folder.cell(state.cells[SECOND].cell)
    place.path.mkdir(parents=True, exist_ok=True)
    place.failure.write_text(reason)
    sessions.answer(CellEnded(SECOND, reason), JobFinished({}))
    sessions.until(lambda: state.cells[SECOND].step is Step.FAILED and not studies.reading)
    assert state.cells[SECOND].failure == reason
    assert "1 failed; select it to see the reason" in words.remark(state)
    studies.run(SECOND)
    assert sessions.requests(RunStudy)[-1].only == (SECOND,)


def test_the_monitor_of_a_training_never_shows_the_next_one(
    sessions: Sessions, folder: StudyFolder
) -> None:
    studies, state = opened(sessions)
    studies.run()
    sessions.answer(CellStarted(FIRST), FilesRead(3, 3), EpochStarted(1, 4, 10), epoch(1))
    assert "evaluating" not in words.remark(state)
    first = state.monitor
    sessions.answer(CellEnded(FIRST), CellStarted(SECOND), FilesRead(3, 3))
    second = state.monitor
    sessions.answer(CellEnded(SECOND, "An image is damaged."), JobFinished({}))
    places = [folder.cell(state.cells[name].cell).path for name in (FIRST, SECOND)]
    assert [first.run_dir, second.run_dir] == places
    assert len(first.rows) == 1 and not first.message and not first.running
    assert second.message == "An image is damaged." and not second.running


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (WorkerDied(-9, ""), DIED),
        (JobFailed("user", "The disk is full."), "The disk is full."),
    ],
)
def test_an_end_before_the_last_cell_is_told(
    sessions: Sessions, event: WorkerDied | JobFailed, told: str
) -> None:
    studies, state = opened(sessions)
    studies.run()
    sessions.answer(CellStarted(FIRST), epoch(1))
    sessions.answer(event)
    assert words.remark(state) == told
    assert state.cells[FIRST].step is Step.INTERRUPTED
    sessions.until(lambda: not studies.reading)
    studies.run()
    assert state.message == "" and len(sessions.requests(RunStudy)) == 2


def test_stopping_that_takes_long_may_be_forced(sessions: Sessions) -> None:
    studies, state = opened(sessions)
    now = [0.0]
    state.clock = lambda: now[0]
    studies.run()
    studies.stop()
    assert not state.may_force
    now[0] = 11.0
    assert state.may_force and "force it" in words.remark(state)
    studies.force_stop()
    assert sessions.engine.asked == ["cancel", "force stop"]
    sessions.answer(WorkerDied(-15, ""))
    assert state.message == "", "the user wanted it"


def test_the_report_tells_its_files(sessions: Sessions, folder: StudyFolder) -> None:
    studies, state = opened(sessions)
    studies.report()
    assert sessions.requests(ReportStudy) == [ReportStudy(1, folder.path, state.plan.threads)]
    sessions.answer(FilesWritten(3, 4))
    assert state.part == 0.75
    assert words.remark(state) == "Figures and tables: 3 of 4."
    folder.report.mkdir()
    summary = folder.report / "report.md"
    summary.write_text("# Study\n")
    sessions.answer(JobFinished({"files": [str(summary)]}))
    assert sessions.changes(StudyReported) == [StudyReported((summary,))]
    sessions.until(lambda: state.summary == "# Study\n")


def test_another_mean_epoch_is_taken_for_another_size(sessions: Sessions) -> None:
    _, state = opened(sessions)
    first = state.cells[FIRST]
    first = replace(first, cell=replace(first.cell, size=5))
    state.take_cell(first, [{"epoch": 1.0, "seconds": 3.0}])
    assert state.seconds_left == pytest.approx(8 * 3.0)  # of all, as nothing else is known
    other = state.cells[SECOND]
    other = replace(other, cell=replace(other.cell, size=9))
    state.take_cell(other, [{"epoch": 1.0, "seconds": 1.0}])
    assert state.seconds_left == pytest.approx(4 * 3.0 + 4 * 1.0)


def test_a_new_folder_is_suggested_where_the_last_study_is(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    project = tmp_path / "hearts.json"
    assert suggested_folder(settings, project) == tmp_path / "hearts-study"
    home = tmp_path / "studies"
    (home / "hearts-study").mkdir(parents=True)
    settings.used_folder("studies", home)
    assert suggested_folder(settings, project) == home / "hearts-study-2"
    assert suggested_folder(settings, None) == home / "study"


def test_a_training_that_is_looked_at_shows_its_predictions(
    sessions: Sessions, folder: StudyFolder
) -> None:
    """Of the images of anna, whom the first fold tests; without a look at it nothing is asked."""
    studies, state = opened(sessions)
    studies.run()
    loss = {"loss": 0.9, "val_loss": 1.0}
    sessions.answer(CellStarted(FIRST), EpochEnded(1, 4, loss, 2.0, 1, 1.0))
    studies.previews.show(state, FIRST, state.monitor)
    sessions.until(lambda: state.monitor.previews.inputs)
    assert len(state.monitor.previews.targets) == 2 and not sessions.requests(PreviewTranslation)
    sessions.answer(EpochEnded(2, 4, loss, 2.0, 1, 1.0))
    sessions.until(lambda: len(sessions.requests(PreviewTranslation)) == 2)
    asked = sessions.requests(PreviewTranslation)
    assert {one.weights for one in asked} == {folder.cell(state.cells[FIRST].cell).run.last}
    assert [one.image.flat[0] for one in asked] == [0, 0] and asked[1].image.max() == 1
    for one in asked:
        sessions.answer(PreviewReady(one.number, np.full((8, 8, 1), 77, np.uint8), 2))
    assert list(state.monitor.previews.epochs) == [2]
    assert [image.max() for image in state.monitor.previews.epochs[2]] == [77, 77]

    sessions.answer(CellEnded(FIRST), CellStarted(SECOND), EpochEnded(1, 4, loss, 2.0, 1, 1.0))
    sessions.answer()
    assert len(sessions.requests(PreviewTranslation)) == 2


def test_a_training_of_before_shows_the_predictions_that_it_kept(
    sessions: Sessions, folder: StudyFolder
) -> None:
    studies, state = opened(sessions)
    done = "augmentation-on_fold-2"
    run = folder.cell(state.cells[done].cell).run
    write_image(run.preview(3), np.full((8, 8, 1), 55, np.uint8))
    monitor = MonitorState()
    monitor.recall(run.path, 4, "val_loss", [{"epoch": 3, "val_loss": 1.0}], [], {})
    studies.previews.show(state, done, monitor)
    sessions.until(lambda: monitor.previews.epochs)
    assert monitor.previews.epochs[3][0].max() == 55 and len(monitor.previews.inputs) == 1
