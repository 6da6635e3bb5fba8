"""Run folders that are damaged or in use: what a training does with them, and says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from tiny import project_of, write_set

from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import Event, LogLine
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import locked
from deepimagetranslator.core.runs.state_file import HEAD_BYTES, head_of, read_head
from deepimagetranslator.ml import weights, weights_card
from deepimagetranslator.ml.training import train

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("set")
    lists = write_set(folder / "train", range(4)), write_set(folder / "val", range(4, 6))
    return project_of(*lists, model={"depth": 1}, training={"epochs": 3})


@pytest.fixture(scope="module")
def whole(project: Project, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "whole")
    train(project, run.path)
    return run


@pytest.fixture
def run(whole: RunFolder, tmp_path: Path) -> RunFolder:
    shutil.copytree(whole.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def columns(run: RunFolder) -> np.ndarray:
    rows = run.read_history()
    return np.array([[v for name, v in row.items() if name != "seconds"] for row in rows])


def resume(project: Project, run: RunFolder) -> str:
    """Resume; what the user is told."""
    events: list[Event] = []
    train(project, run.path, report=events.append, resume=True)
    return "\n".join(event.text for event in events if isinstance(event, LogLine))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_damaged_last_state_costs_one_epoch(
    project: Project, whole: RunFolder, run: RunFolder, damage: Callable[[Path], None]
) -> None:
    damage(run.last)
    said = resume(project, run)
    assert "last.weights.h5 is damaged; the run goes on from the epoch before" in said
    np.testing.assert_allclose(columns(run), columns(whole), rtol=0, atol=1e-6)
    assert all(map(weights.is_whole, (*run.states, run.best)))


def test_a_run_of_a_newer_version_is_not_called_damaged(project: Project, run: RunFolder) -> None:
    for path in run.states:
        with h5py.File(path, "r+") as file:
            name = "deepimagetranslator/card"
            card = json.loads(bytes(file[name][()])) | {"format": weights_card.FORMAT + 1}
            del file[name]
            file[name] = np.frombuffer(json.dumps(card).encode(), np.uint8)
        head, content = read_head(path), path.read_bytes()[HEAD_BYTES:]
        assert head is not None
        path.write_bytes(head_of(content, head.epoch) + content)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    for resuming in (True, False):
        with pytest.raises(UserError, match=r"last\.weights\.h5 was made by a newer version"):
            train(project, run.path, resume=resuming)
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def of_version_99(path: Path, **changes: object) -> None:
    """Mark a project file as that of a newer version."""
    data = json.loads(path.read_text()) | {"program": "DeepImageTranslator 99.1"} | changes
    path.write_text(json.dumps(data))


def refused_as_newer(project: Project, run: RunFolder, sentence: str) -> None:
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    for resuming in (True, False):
        with pytest.raises(UserError, match=sentence):
            train(project, run.path, resume=resuming)
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_states_of_another_form_are_those_of_a_newer_version(
    project: Project, run: RunFolder
) -> None:
    of_version_99(run.project)
    for path in run.states:
        path.write_bytes(path.read_bytes().replace(b"crc32", b"xxh64"))
    refused_as_newer(project, run, r"run was made by a newer version, 99\.1; update this program")


def test_a_run_of_a_newer_version_without_an_epoch_is_not_begun_again(
    project: Project, run: RunFolder
) -> None:
    for path in (*run.states, run.best, run.history, *(one.path for one in run.improvements())):
        path.unlink()
    of_version_99(run.project, format=99)
    refused_as_newer(project, run, r"project\.json was made by a newer version, 99\.1; update")
    of_version_99(run.project, format=1)
    assert "begins again" in resume(project, run), "this version can read it"


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00garbage", b"epoch,loss\n1,0.5\n"])
def test_a_damaged_history_is_restored_from_the_state(
    project: Project, whole: RunFolder, run: RunFolder, text: bytes
) -> None:
    run.history.write_bytes(text)
    assert "history.csv was damaged or changed; its rows were restored" in resume(project, run)
    assert run.history.read_bytes() == whole.history.read_bytes()
    assert "restored" not in resume(project, run)  # nothing is said of a whole one


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00garbage"])
def test_a_damaged_history_of_version_2_0_is_told(
    tmp_path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepimagetranslator.ml import run_record  # noqa: PLC0415

    shutil.copytree(DATA / "version_2_0" / "run", tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    run.history.write_bytes(text)
    events: list[Event] = []
    before = load_project(run.project)
    taken = run_record.resumed(run, before, before, events.append)
    assert taken.state.epoch == 2 and taken.history == ""
    (said,) = events
    assert isinstance(said, LogLine) and "2 of 2 rows are lost and cannot be restored" in said.text


def test_without_a_whole_state_the_best_weights_are_offered(
    project: Project, run: RunFolder, tmp_path: Path
) -> None:
    for path in run.states:
        cut(path)
    for resuming in (True, False):
        with pytest.raises(UserError, match="cannot be read to the end") as caught:
            train(project, run.path, resume=resuming)
        (problem,) = caught.value.problems
        assert str(run.best) in problem.message and problem.remedy is not None
        assert problem.remedy.action == "train_from_weights"
    result = train(project, tmp_path / "next", start_weights=run.best)
    assert result.epochs == 3
    run.best.unlink()
    for improvement in run.improvements():
        cut(improvement.path)
    with pytest.raises(UserError, match="Begin a new run in another folder"):
        train(project, run.path, resume=True)


def test_a_run_that_ended_before_its_first_epoch_begins_again_from_the_same_weights(
    project: Project, whole: RunFolder, tmp_path: Path
) -> None:
    control, run = JobControl(), RunFolder(tmp_path / "run")

    def report(event: Event) -> None:
        control.cancel.set()

    with pytest.raises(Cancelled):
        train(project, run.path, report=report, control=control, start_weights=whole.best)
    if not run.project.exists():  # cancelled while files were read
        save_project(replace(project, run={"start_weights": str(whole.best)}), run.project)
    assert not run.lock.exists()
    said = resume(project, run)
    assert "ended before its first epoch; it begins again" in said
    assert f"Started from {whole.best.name}" in said
    assert len(run.read_history()) == 3


def test_a_project_file_that_is_no_record_is_not_overwritten(
    project: Project, tmp_path: Path
) -> None:
    save_project(project, tmp_path / "project.json")
    before = (tmp_path / "project.json").read_bytes()
    with pytest.raises(UserError, match="no record of a run and would be overwritten"):
        train(project, tmp_path)
    assert (tmp_path / "project.json").read_bytes() == before


HOLD = """
import sys
from pathlib import Path
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import locked
with locked(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_train_in_one_folder(
    project: Project, whole: RunFolder, run: RunFolder
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        before = {path: path.read_bytes() for path in run.path.glob("*.*")}
        for resuming in (True, False):
            with pytest.raises(UserError, match=f"is being trained by process {other.pid} on this"):
                train(project, run.path, resume=resuming)
        assert {path: path.read_bytes() for path in run.path.glob("*.*")} == before
        other.kill()
        other.wait()
    assert run.lock.exists()
    resume(project, run)
    assert not run.lock.exists()
    np.testing.assert_array_equal(columns(run), columns(whole))


def test_an_unused_folder_is_deleted_and_a_used_one_stays(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "p-runs" / "run")
    with locked(run):
        assert run.lock.exists()
    assert not run.path.parent.exists()
    run.path.mkdir(parents=True)
    (run.path / "notes.txt").write_bytes(b"")
    with locked(run):
        pass
    assert [path.name for path in run.path.iterdir()] == ["notes.txt"]
