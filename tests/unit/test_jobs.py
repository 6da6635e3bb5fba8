"""Jobs: one at a time, what they are sent, what their events change, and how they end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions, write_pairs

from deepimagetranslator.app.events import (
    JobChanged,
    JobEnded,
    JobProgressed,
    UnlikeInputsFound,
    ViewTranslated,
)
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.views import TRANSLATED
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    EpochEnded,
    EpochStarted,
    ImageTranslated,
    JobCancelled,
    JobFailed,
    JobFinished,
    PreviewReady,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    Evaluate,
    PreviewTranslation,
    StartTraining,
    TranslateImages,
)
from deepimagetranslator.core.runs.run_folder import RunFolder

NAMES = [f"p{k}.png" for k in range(4)]


def load(sessions: Sessions, folder: Path, targets: list[str] = NAMES) -> None:
    write_pairs(folder, NAMES, targets)
    sources = {"inputs": folder / "in", "targets": folder / "out"}
    sessions.session.loader.load("training", sources)
    sessions.until(lambda: len(sessions.session.project.specs.data.train_targets) == len(targets))


def epoch_ended(epoch: int, epochs: int = 3) -> EpochEnded:
    return EpochEnded(epoch, epochs, {"loss": 0.5, "val_loss": 0.6}, 1.0, epoch, 0.6)


def test_a_training_is_sent_with_the_project_as_it_is(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs, project = sessions.session.jobs, sessions.session.project
    project.set_section("training", replace(project.specs.training, epochs=3))
    jobs.train(tmp_path / "run", weights=tmp_path / "start.weights.h5")
    (request,) = sessions.requests(StartTraining)
    assert (request.run_dir, request.resume) == (tmp_path / "run", False)
    assert request.start_weights == tmp_path / "start.weights.h5"
    assert request.project.specs == project.specs
    assert (jobs.kind, jobs.monitor.phase, jobs.monitor.epochs) == ("training", Phase.PREPARING, 3)
    assert sessions.told[-1] == JobChanged()


def test_runs_get_folders_of_their_own_beside_the_project(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    sessions.session.project.save(tmp_path / "project.json")
    sessions.session.jobs.train()
    (request,) = sessions.requests(StartTraining)
    assert request.run_dir.parent == sessions.session.project.runs_home


def test_pairs_that_are_not_whole_are_not_trained_on(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path, [*NAMES[:3], "other.png"])
    with pytest.raises(UserError, match=r"p3\.png"):
        sessions.session.jobs.train(tmp_path / "run")
    assert sessions.session.jobs.kind == ""
    assert sessions.requests(StartTraining) == []


def test_there_is_one_job_at_a_time(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs, pair = sessions.session.jobs, ImagePair(ImageRef(Path("a")), ImageRef(Path("b")))
    sessions.answer(WeightsDescribed("a.weights.h5"))
    jobs.evaluate([pair])
    assert sessions.requests(Evaluate) == [Evaluate(1, Path("a.weights.h5"), (pair,))]
    for start in (
        lambda: jobs.train(tmp_path / "run"),
        lambda: jobs.evaluate([pair]),
        lambda: jobs.translate(Path("w"), tmp_path, TranslationSpec()),
    ):
        with pytest.raises(UserError, match="evaluation is running"):
            start()
    sessions.answer(JobFinished({}))
    assert jobs.kind == ""
    jobs.train(tmp_path / "run")
    assert jobs.kind == "training"


def test_what_is_missing_is_a_sentence(sessions: Sessions, tmp_path: Path) -> None:
    jobs = sessions.session.jobs
    with pytest.raises(UserError, match="no images to translate"):
        jobs.translate(Path("w"), tmp_path, TranslationSpec())
    with pytest.raises(UserError, match="no model"):
        jobs.evaluate([ImagePair(ImageRef(Path("a")), ImageRef(Path("b")))])
    sessions.answer(WeightsDescribed("a.weights.h5"))
    with pytest.raises(UserError, match="no pairs to evaluate"):
        jobs.evaluate([])
    assert jobs.kind == ""


def test_a_translation_s_outputs_are_shown_at_its_end(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    session, inputs = sessions.session, [ImageRef(tmp_path / "in" / name) for name in NAMES]
    session.viewer.set_images_to_translate(inputs)
    session.viewer.show_part("training")
    session.jobs.translate(Path("w"), tmp_path / "out", TranslationSpec(mirrors=True))
    (request,) = sessions.requests(TranslateImages)
    assert (request.inputs, request.output) == (tuple(inputs), tmp_path / "out")
    assert request.spec.mirrors
    output = ImageRef(tmp_path / "out" / "p1.png")
    done = ImageTranslated(inputs[1], output, 1, 4)
    sessions.answer(done, JobFinished({}))
    assert session.viewer.translated == {inputs[1]: output}
    assert session.viewer.part == TRANSLATED
    assert sessions.changes(JobProgressed) == [JobProgressed(done)]
    assert sessions.changes(JobEnded) == [JobEnded("translation", JobFinished({}))]


@pytest.mark.parametrize("accept", [True, False])
def test_a_translation_asks_about_unlike_images_first(
    sessions: Sessions, tmp_path: Path, accept: bool
) -> None:
    session = sessions.session
    session.viewer.set_images_to_translate([ImageRef(tmp_path / "a.png")])
    session.jobs.translate(Path("w"), tmp_path / "out", TranslationSpec(mirrors=True))
    (first,) = sessions.requests(TranslateImages)
    assert first.ask and not first.spec.accept_values
    problem = Problem("a.png", "is unlike", files=("a.png",))
    sessions.answer(JobFinished({"questions": (problem,)}))
    (question,) = sessions.changes(UnlikeInputsFound)
    assert question.problems == (problem,)
    assert sessions.changes(JobEnded) == [] and session.jobs.kind == ""
    question.go_on(accept)
    first, second = sessions.requests(TranslateImages)
    spec = replace(first.spec, accept_values=accept)
    assert second == replace(first, job=second.job, spec=spec, ask=False)
    assert second.job != first.job and session.jobs.kind == "translation"
    with pytest.raises(UserError, match="is running"):
        question.go_on(accept)


def test_the_answer_to_a_question_is_about_its_own_translation(
    sessions: Sessions, tmp_path: Path
) -> None:
    session, problem = sessions.session, Problem("a.png", "is unlike", files=("a.png",))
    for name in ("first", "second"):
        session.viewer.set_images_to_translate([ImageRef(tmp_path / f"{name}.png")])
        session.jobs.translate(Path("w"), tmp_path / name, TranslationSpec())
        sessions.answer(JobFinished({"questions": (problem,)}))
    sessions.changes(UnlikeInputsFound)[0].go_on(True)
    assert sessions.requests(TranslateImages)[-1].output == tmp_path / "first"


def test_an_epoch_s_best_weights_translate_the_image_in_view(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    session, run = sessions.session, RunFolder(tmp_path / "run")
    sessions.until(lambda: not session.background.busy)
    session.jobs.train(run.path)
    sessions.answer(EpochStarted(1, 3, 4), BatchEnded(1, 1, 4, 0.9, None), epoch_ended(1))
    assert session.model.weights == run.best
    assert sessions.requests(PreviewTranslation)[-1].weights == run.best
    kinds = [type(change.event) for change in sessions.changes(JobProgressed)]
    assert kinds == [EpochStarted, BatchEnded, EpochEnded]
    # The monitor's pictures are asked for too; their answers are not shown in the panes.
    sessions.until(lambda: any(r.keep for r in sessions.requests(PreviewTranslation)))
    kept = next(r for r in sessions.requests(PreviewTranslation) if r.keep)
    sessions.answer(PreviewReady(kept.number, np.zeros((8, 8, 1), np.uint8), 1))
    assert list(session.jobs.monitor.previews.epochs) == [1]
    assert sessions.changes(ViewTranslated) == []


def test_the_monitor_s_pictures_are_of_validation_images_where_there_are_some(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    write_pairs(tmp_path / "val", ["v.png"])
    sources = {"inputs": tmp_path / "val" / "in", "targets": tmp_path / "val" / "out"}
    sessions.session.loader.load("validation", sources)
    sessions.until(lambda: sessions.session.project.matched.val)
    sessions.session.jobs.train(tmp_path / "run")
    sessions.answer(EpochStarted(1, 3, 4), epoch_ended(1))
    sessions.until(lambda: any(r.keep for r in sessions.requests(PreviewTranslation)))
    kept = [r.name for r in sessions.requests(PreviewTranslation) if r.keep]
    assert kept == ["v.png"]


def test_a_finished_training_s_best_weights_are_loaded(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs, run = sessions.session.jobs, RunFolder(tmp_path / "run")
    jobs.train(run.path)
    run.path.mkdir(exist_ok=True)
    run.best.write_bytes(b"weights")
    result = {"best_weights": str(run.best), "run_dir": str(run.path)}
    sessions.answer(EpochStarted(1, 3, 4), JobFinished(result))
    assert jobs.monitor.phase is Phase.FINISHED
    assert sessions.requests(DescribeWeights) == [DescribeWeights(run.best)]


def test_events_after_the_end_belong_to_no_job(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs = sessions.session.jobs
    jobs.train(tmp_path / "run")
    sessions.answer(EpochStarted(1, 3, 4), epoch_ended(1), JobCancelled())
    assert (jobs.kind, jobs.monitor.phase) == ("", Phase.CANCELLED)
    sessions.answer(BatchEnded(2, 1, 4, 0.1, None))
    # Its version may change still, as the previews' images are read in a thread.
    assert (jobs.monitor.epoch, jobs.monitor.loss) != (2, 0.1)
    assert not any(isinstance(c.event, BatchEnded) for c in sessions.changes(JobProgressed))


def test_stopping_asks_the_engine(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs = sessions.session.jobs
    jobs.train(tmp_path / "run")
    jobs.finish_early()
    assert jobs.monitor.phase is Phase.FINISHING
    jobs.stop()
    assert jobs.monitor.phase is Phase.STOPPING
    jobs.force_stop()
    assert sessions.engine.asked == ["finish early", "cancel", "force stop"]


def test_a_failed_job_says_why(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    jobs = sessions.session.jobs
    jobs.train(tmp_path / "run")
    failed = JobFailed("user", "The disk is full.", "details")
    sessions.answer(failed)
    assert (jobs.kind, jobs.monitor.phase) == ("", Phase.FAILED)
    assert jobs.monitor.message == "The disk is full."
    assert sessions.changes(JobEnded) == [JobEnded("training", failed)]


def test_an_engine_that_dies_ends_the_job_and_has_no_device(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    session = sessions.session
    sessions.answer(WorkerReady({"keras": "3"}, "CPU", "no driver"))
    assert (session.device, session.versions) == ("CPU", {"keras": "3"})
    assert session.unused_gpu == "no driver"
    session.jobs.train(tmp_path / "run")
    died = WorkerDied(-9, "last words")
    sessions.answer(died)
    assert (session.device, session.jobs.kind) == ("", "")
    assert sessions.changes(JobEnded) == [JobEnded("training", died)]


@pytest.mark.parametrize(("exit_code", "told"), [(0, 0), (None, 0), (1, 1)])
def test_an_idle_engine_s_death_is_told_unless_it_was_meant_to_end(
    sessions: Sessions, exit_code: int | None, told: int
) -> None:
    sessions.answer(WorkerDied(exit_code, ""))
    assert len(sessions.changes(JobEnded)) == told


def test_weights_chosen_during_a_training_stay_in_use(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    session, run = sessions.session, RunFolder(tmp_path / "run")
    session.jobs.train(run.path)
    sessions.answer(EpochStarted(1, 3, 4), epoch_ended(1))
    assert session.model.weights == run.best
    chosen = run.improvement(1, 0.6)
    session.model.load(chosen)
    sessions.answer(WeightsDescribed(str(chosen)))
    run.path.mkdir(exist_ok=True)
    run.best.write_bytes(b"weights")
    finished = JobFinished({"best_weights": str(run.best), "run_dir": str(run.path)})
    sessions.answer(EpochStarted(2, 3, 4), epoch_ended(2), finished)
    assert session.model.weights == chosen
    assert sessions.requests(DescribeWeights) == [DescribeWeights(chosen)]
    session.jobs.train(tmp_path / "next")  # the next training is followed again
    sessions.answer(EpochStarted(1, 3, 4), epoch_ended(1))
    assert session.model.weights == RunFolder(tmp_path / "next").best


def test_the_monitor_knows_whether_its_images_are_validation_images(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    sessions.session.jobs.train(tmp_path / "run")
    assert not sessions.session.jobs.monitor.validated
    sessions.answer(JobCancelled())
    write_pairs(tmp_path / "val", ["v.png"])
    sources = {"inputs": tmp_path / "val" / "in", "targets": tmp_path / "val" / "out"}
    sessions.session.loader.load("validation", sources)
    sessions.until(lambda: sessions.session.project.matched.val)
    sessions.session.jobs.train(tmp_path / "run")
    assert sessions.session.jobs.monitor.validated


@pytest.mark.parametrize("place", ["file.png", "file.png/below/out"])
def test_an_output_folder_that_is_a_file_is_refused_before_the_job_begins(
    sessions: Sessions, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file.png").write_bytes(b"")
    viewer, jobs = sessions.session.viewer, sessions.session.jobs
    viewer.set_images_to_translate([ImageRef(tmp_path / "a.png")])
    with pytest.raises(UserError, match=r"file\.png is a file, not a folder"):
        jobs.translate(Path("w"), tmp_path / place, TranslationSpec())
    assert jobs.kind == "" and not sessions.requests(TranslateImages)
    jobs.translate(Path("w"), tmp_path / "new" / "folder", TranslationSpec())
    assert jobs.kind == "translation"


def test_a_job_that_was_asked_to_stop_is_stopping_until_its_end(
    sessions: Sessions, tmp_path: Path
) -> None:
    jobs = sessions.session.jobs
    sessions.session.viewer.set_images_to_translate([ImageRef(tmp_path / "a.png")])
    jobs.translate(Path("w"), tmp_path / "out", TranslationSpec())
    assert not jobs.stopping
    jobs.stop()
    assert jobs.stopping
    sessions.answer(JobCancelled())
    assert not jobs.stopping
