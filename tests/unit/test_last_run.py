"""A project remembers its training: where its runs lie, and what of them is shown again."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sessions import Sessions, write_pairs

from deepimagetranslator.app import last_run
from deepimagetranslator.app.events import RunsChanged
from deepimagetranslator.app.project_state import unsaved_runs
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import JobFinished, WeightsDescribed
from deepimagetranslator.core.messages.requests import DescribeWeights, StartTraining
from deepimagetranslator.core.runs.history_text import text_of
from deepimagetranslator.core.runs.run_folder import (
    RunFolder,
    runs_folder,
    runs_of,
)
from deepimagetranslator.core.runs.run_state import last_resumable

NAMES = [f"p{k}.png" for k in range(4)]


def load(sessions: Sessions, folder: Path) -> None:
    write_pairs(folder, NAMES)
    sources = {"inputs": folder / "in", "targets": folder / "out"}
    sessions.session.loader.load("training", sources)
    sessions.until(lambda: sessions.session.project.dataset is not None)


def fill(run_dir: Path, project: Project, epochs: int) -> RunFolder:
    """What a training of that many epochs leaves in its folder."""
    run = RunFolder(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    save_project(project, run.project)
    losses = [1.0 / epoch for epoch in range(1, epochs + 1)]
    rows = [{"epoch": e, "loss": x, "val_loss": x, "seconds": 2.0} for e, x in enumerate(losses, 1)]
    run.write_history(text_of(rows))
    for epoch, loss in enumerate(losses, 1):
        run.improvement(epoch, loss).write_bytes(b"weights")
        write_image(run.preview(epoch), np.full((8, 8, 1), epoch, np.uint8))
    run.log.write_text(
        "2026-11-28 11:15:21,120 INFO Device: CPU\n2026-11-28 11:15:23,500 INFO Ended\n",
        encoding="utf-8",
    )
    run.best.write_bytes(b"weights")
    run.write_state(b"weights", epochs)
    return run


def train(sessions: Sessions, epochs: int = 2) -> RunFolder:
    """A training of the session's project, by an engine that leaves the files of a run."""
    jobs = sessions.session.jobs
    jobs.train()
    request = sessions.requests(StartTraining)[-1]
    run = fill(request.run_dir, request.project, epochs)
    result = {"best_weights": str(run.best), "run_dir": str(run.path)}
    sessions.answer(JobFinished(result))
    sessions.answer(WeightsDescribed(str(run.best)))
    return run


def reopened(sessions: Sessions, file: Path, folder: Path) -> Sessions:
    """The project in a session that begins after the first one was closed."""
    sessions.session.close()
    later = Sessions(folder)
    later.session.loader.open(file)
    later.until(lambda: later.session.project.path == file)
    later.until(lambda: later.session.jobs.monitor.phase is not Phase.IDLE)
    return later


def test_a_project_saved_after_its_training_knows_it_when_opened_again(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    project, file = sessions.session.project, tmp_path / "documents" / "mine.json"
    file.parent.mkdir()
    epochs = replace(project.specs.training, epochs=5)
    project.set_section("training", epochs)
    run = train(sessions)
    assert run.path.parent == unsaved_runs()
    assert project.runs == [run.path]
    assert sessions.changes(RunsChanged)

    project.save(file)
    moved = RunFolder(runs_folder(file) / run.path.name)
    assert moved.last.exists() and not run.path.exists()
    assert project.runs == [moved.path]
    assert not project.changed and load_project(file).runs == ()
    assert sessions.session.model.weights == moved.best
    monitor = sessions.session.jobs.monitor
    assert (monitor.run_dir, monitor.best_weights) == (moved.path, moved.best)
    assert monitor.weights_of(2) is None or monitor.weights_of(2).parent == moved.path  # type: ignore[union-attr]

    later = reopened(sessions, file, tmp_path)
    monitor = later.session.jobs.monitor
    assert later.requests(DescribeWeights) == [DescribeWeights(moved.best)]
    assert (monitor.phase, monitor.epochs_done, monitor.epochs) == (Phase.CANCELLED, 2, 5)
    assert monitor.series("val_loss") == ((1, 1.0), (2, 0.5))
    assert monitor.seconds_passed == 4
    assert monitor.weights_of(2) == moved.improvement(2, 0.5)
    assert [text for _, text in monitor.log] == ["Device: CPU", "Ended"]
    later.until(lambda: len(monitor.previews.epochs) == 2)
    assert monitor.previews.epochs[2][0].max() == 2
    assert len(monitor.previews.inputs) == len(monitor.previews.targets) == 1
    assert last_resumable(later.session.project.runs) == moved.path
    later.session.close()


def test_class_numbers_of_a_recalled_run_are_drawn_from_black_to_white(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    for path in (tmp_path / "out").iterdir():
        numbers = np.minimum(read_image(ImageRef(path)), 2)
        write_image(path, numbers)
    project, file = sessions.session.project, tmp_path / "mine.json"
    sources = {"inputs": tmp_path / "in", "targets": tmp_path / "out"}
    sessions.session.loader.load("training", sources)
    sessions.until(lambda: project.dataset is not None)
    project.save(file)
    fill(runs_folder(file) / "1", project.contents, 1)
    later = reopened(sessions, file, tmp_path)
    monitor = later.session.jobs.monitor
    later.until(lambda: any(image.max() == 255 for image in monitor.previews.targets))
    later.session.close()


def test_all_runs_of_a_project_move_beside_it(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(sessions, tmp_path)
    copied: list[Path] = []
    monkeypatch.setattr(last_run, "_copy", lambda run, _copy: copied.append(run))
    project, file = sessions.session.project, tmp_path / "mine.json"
    runs = [fill(unsaved_runs() / name, project.contents, 1).path for name in ("1", "2", "3")]
    for run in runs:
        project.add_run(run)
    project.save(file)
    assert not any(run.exists() for run in runs)
    assert project.runs == [runs_folder(file) / run.name for run in runs]
    sessions.until(lambda: not sessions.session.background.busy)
    assert copied == []


def test_a_training_of_all_epochs_is_shown_as_finished(sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    save_project(Project(), file)
    fill(runs_folder(file) / "1", replace(Project()), TrainingSpec().epochs)
    later = reopened(sessions, file, tmp_path)
    assert later.session.jobs.monitor.phase is Phase.FINISHED
    later.session.project.new()
    later.until(lambda: later.session.jobs.monitor.phase is Phase.IDLE)
    assert later.session.jobs.monitor.rows == []
    later.session.close()


def test_a_run_without_its_record_still_has_its_curves(sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    save_project(Project(), file)
    run = fill(runs_folder(file) / "1", Project(), 3)
    run.project.unlink()
    run.log.unlink()
    (runs_folder(file) / "2").mkdir()  # its training failed in the first epoch
    later = reopened(sessions, file, tmp_path)
    monitor = later.session.jobs.monitor
    assert (monitor.run_dir, monitor.epochs_done, list(monitor.log)) == (run.path, 3, [])
    later.session.close()


def test_while_a_job_runs_the_run_stays_and_is_listed_by_path(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    project, file = sessions.session.project, tmp_path / "mine.json"
    run = train(sessions)
    sessions.session.jobs.train(run.path, resume=True)
    project.save(file)
    assert run.last.exists()
    assert load_project(file).runs == (run.path,)
    assert project.runs == [run.path]
    sessions.answer(JobFinished({}))
    project.save(file)  # saved again without a job
    assert project.runs == [runs_folder(file) / run.path.name]


def test_a_run_on_another_drive_is_copied(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(sessions, tmp_path)
    project, file = sessions.session.project, tmp_path / "mine.json"
    run = train(sessions)
    usual = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == run.path:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return usual(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    project.save(file)
    assert project.runs == [run.path]
    moved = runs_folder(file) / run.path.name
    sessions.until(lambda: project.runs == [moved])
    sessions.until(lambda: not run.path.exists())
    assert RunFolder(moved).last.read_bytes().endswith(b"weights")
    assert load_project(file).runs == ()
    assert [path.name for path in runs_folder(file).iterdir()] == [run.path.name]


def test_a_training_that_goes_on_while_its_run_is_copied_keeps_its_folder(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(sessions, tmp_path)
    project, file = sessions.session.project, tmp_path / "mine.json"
    run = train(sessions)

    def rename(_path: Path, _target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        project.save(file)
    sessions.session.jobs.train(run.path, resume=True)
    sessions.until(lambda: not sessions.session.background.busy)
    assert project.runs == [run.path] and run.last.exists()
    assert list(runs_folder(file).iterdir()) == []


def test_a_copy_of_a_project_lists_the_runs_of_the_first(
    sessions: Sessions, tmp_path: Path
) -> None:
    project, first, second = sessions.session.project, tmp_path / "1.json", tmp_path / "2.json"
    project.save(first)
    run = fill(runs_folder(first) / "1", Project(), 2)
    project.save(second)
    assert project.runs == [run.path]
    assert load_project(second).runs == (run.path,)
    assert '"1-runs/1"' in second.read_text(encoding="utf-8")  # the folder of both can be moved
    newer = fill(runs_folder(second) / "2", Project(), 2)
    assert runs_of(second, load_project(second).runs) == [run.path, newer.path]


@pytest.mark.parametrize("runs", ['"1-runs"', "[1]", "{}"])
def test_a_damaged_list_of_runs_is_a_sentence(tmp_path: Path, runs: str) -> None:
    file = tmp_path / "p.json"
    save_project(Project(runs=(tmp_path / "r",)), file)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('[\n  "r"\n ]', runs), encoding="utf-8")
    with pytest.raises(UserError, match="damaged"):
        load_project(file)


def test_a_run_that_is_gone_for_now_stays_listed(sessions: Sessions, tmp_path: Path) -> None:
    """Its drive may be unplugged."""
    away, file = tmp_path / "drive" / "1", tmp_path / "mine.json"
    save_project(Project(runs=(away,)), file)
    project = sessions.session.project
    project.open(file)
    assert project.runs == []
    project.save(file)
    assert load_project(file).runs == (away,)


# ---- saving without asking -----------------------------------------------------------------


def test_a_training_that_was_left_to_finish_keeps_its_project_beside_the_run(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    project, run = sessions.session.project, train(sessions)
    project.keep(run.path)
    kept = unsaved_runs() / f"{run.path.name}.json"
    assert (project.path, project.runs) == (kept, [run.path])
    assert sessions.session.settings.recent[0] == kept
    later = reopened(sessions, kept, tmp_path)
    assert later.session.jobs.monitor.epochs_done == 2
    assert len(later.session.project.matched.train) == 4
    later.session.close()


def test_a_project_with_a_file_is_kept_there_only_if_the_user_let_it(
    sessions: Sessions, tmp_path: Path
) -> None:
    project, file = sessions.session.project, tmp_path / "mine.json"
    project.save(file)
    project.set_section("training", replace(project.specs.training, epochs=7))
    project.keep()  # the computer shuts down
    assert load_project(file) == Project()
    (kept,) = (tmp_path / "home" / "unsaved").glob("*.json")
    assert load_project(kept).specs.training.epochs == 7
    project.open(file)
    project.set_section("training", replace(project.specs.training, epochs=9))
    project.keep(project.runs_home / "1")
    assert load_project(file).specs.training.epochs == 9


def test_a_saved_thumbnail_reads_as_it_was(tmp_path: Path) -> None:
    run = fill(tmp_path / "1", Project(), 12)
    assert [epoch for epoch, _ in run.previews()] == list(range(1, 13))
    assert read_image(ImageRef(run.previews()[10][1])).max() == 11
