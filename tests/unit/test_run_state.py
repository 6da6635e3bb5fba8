"""What can be done with a run's folder, whatever a crash or a damage has left in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.history_text import text_of
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import locked
from deepimagetranslator.core.runs.run_state import (
    RunState,
    Stage,
    history_to_resume,
    last_begun,
    last_resumable,
    last_to_go_on,
    state_of,
)
from deepimagetranslator.core.runs.state_file import HEAD_BYTES, is_whole, looks_whole, read_head

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has completed three epochs, of which the second was the best."""
    run = RunFolder(tmp_path / "run")
    save_project(replace(Project(), run={"reading": 1}), run.project)
    for epoch in (1, 2, 3):
        if epoch < 3:
            hdf5(run.improvement(epoch, 1 / epoch))
        run.write_history(text_of({"epoch": float(e), "loss": 1.0} for e in range(1, epoch + 1)))
        run.write_state(run.improvement(1, 1.0).read_bytes(), epoch)
        run.restore_best(min(epoch, 2))
    return run


def hdf5(path: Path, **options: str) -> Path:
    with h5py.File(path, "w", **options) as file:
        file["numbers"] = np.arange(5000, dtype=np.float32)
        file["name"] = np.frombuffer(path.name.encode(), np.uint8)
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


Damage = Callable[[Path], object]
DAMAGES: list[Damage] = [cut, empty, zeros, folder, Path.unlink]


def test_the_last_two_states_are_kept(run: RunFolder) -> None:
    assert [(h.epoch if (h := read_head(path)) else 0) for path in run.states] == [3, 2]
    assert all(map(is_whole, (*run.states, run.best)))
    with h5py.File(run.last) as file:  # HDF5 leaves the head to its users
        assert file["numbers"].shape == (5000,)
    assert state_of(run) == RunState(Stage.RESUMABLE, run.last)


@pytest.mark.parametrize("damage", [*DAMAGES, flipped])
def test_a_damaged_last_state_leaves_the_one_before(run: RunFolder, damage: Damage) -> None:
    damage(run.last)
    assert not is_whole(run.last)
    assert state_of(run, is_whole) == RunState(Stage.RESUMABLE, run.previous)
    if damage is not flipped:  # what only the checksum tells
        assert state_of(run).file == run.previous
        assert [row["epoch"] for row in history_to_resume(run)] == [1, 2]


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_a_whole_state_the_best_whole_weights_are_offered(
    run: RunFolder, damage: Damage
) -> None:
    for path in run.states:
        damage(path)
    assert state_of(run) == RunState(Stage.STATELESS, best=run.best)
    damage(run.best)
    assert state_of(run) == RunState(Stage.STATELESS, best=run.improvement(2, 0.5))
    for improvement in run.improvements():
        damage(improvement.path)
    found = state_of(run)
    assert found.best is None and found.stage is Stage.STATELESS
    assert last_resumable([run.path]) is None and last_begun([run.path]) is None


def test_what_a_crash_leaves_before_the_first_state_can_be_begun_again(run: RunFolder) -> None:
    for path in (*run.states, run.best, run.improvement(2, 0.5)):
        path.unlink()
    assert state_of(run).stage is Stage.STATELESS  # three rows: somebody deleted the states
    run.write_history(text_of([{"epoch": 1.0, "loss": 1.0}]))
    assert state_of(run) == RunState(Stage.BEGUN)
    for text in (b"", b"epoch,lo", b"epoch,loss\n1,"):
        run.history.write_bytes(text)
        assert state_of(run) == RunState(Stage.BEGUN)
    run.history.write_bytes(b"\xff\x00 another program's")
    assert state_of(run).stage is Stage.STATELESS
    run.drop_begun()
    assert {path.name for path in run.path.iterdir()} == {"project.json"}
    assert state_of(run) == RunState(Stage.BEGUN)
    save_project(Project(), run.project)  # no record of a run
    assert state_of(run) == RunState(Stage.NEW)
    run.project.write_bytes(b"{")
    assert state_of(run) == RunState(Stage.NEW)
    run.project.write_bytes(b'{"format": 99, "run": {"future": 1}}')
    assert state_of(run) == RunState(Stage.BEGUN), "of a newer version, which is told to update"


def test_other_files_are_no_run(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"")
    assert state_of(RunFolder(tmp_path)) == RunState(Stage.NEW)
    assert state_of(RunFolder(tmp_path / "none")) == RunState(Stage.NEW)


def test_a_folder_that_no_system_can_have_is_no_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / ("x" * 300))  # asking whether it exists is an error
    assert state_of(run) == RunState(Stage.NEW)
    with pytest.raises(UserError, match="cannot be written"), locked(run):
        pass


def test_the_newest_run_with_a_whole_state_is_resumed(run: RunFolder, tmp_path: Path) -> None:
    begun, damaged = RunFolder(tmp_path / "run2"), RunFolder(tmp_path / "run3")
    save_project(replace(Project(), run={"reading": 1}), begun.project)
    save_project(replace(Project(), run={"reading": 1}), damaged.project)
    damaged.write_state(bytes(1000), 1)
    cut(damaged.last)
    runs = [run.path, begun.path, damaged.path]
    assert last_resumable(runs) == run.path
    assert last_begun(runs) == begun.path
    assert last_to_go_on(runs) == run.path and last_to_go_on(runs[1:]) == begun.path
    assert last_to_go_on(runs[2:]) is None
    assert last_resumable([]) is None and last_begun([]) is None


def test_best_is_restored_from_its_epoch(run: RunFolder) -> None:
    run.copy_to_best(run.improvement(1, 1.0))
    run.restore_best(2)
    assert run.best.read_bytes() == run.improvement(2, 0.5).read_bytes()
    run.restore_best(9)  # of which no checkpoint is left
    assert run.best.read_bytes() == run.improvement(2, 0.5).read_bytes()


@pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_hdf5_files_of_each_version_tell_their_end(
    tmp_path: Path, libver: str, damage: Damage
) -> None:
    path = hdf5(tmp_path / "x.weights.h5", libver=libver)
    assert looks_whole(path) and is_whole(path) and read_head(path) is None
    damage(path)
    assert not looks_whole(path) and not is_whole(path)


@pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])
def test_hdf5_files_cut_anywhere_in_their_head_are_not_whole(tmp_path: Path, libver: str) -> None:
    path = hdf5(tmp_path / "x.weights.h5", libver=libver)
    content = path.read_bytes()
    for length in range(100):
        path.write_bytes(content[:length])
        assert not looks_whole(path), length


@pytest.mark.parametrize("name", ["last", "best"])
def test_weights_of_version_2_0_look_whole(name: str) -> None:
    assert is_whole(DATA / "version_2_0" / "run" / f"{name}.weights.h5")


def test_a_head_that_was_made_up_claims_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.weights.h5"
    sums = (b"0", b"0" * 8)
    for text in (b"epoch x\n", *(b"epoch 1\nbytes 3\ncrc32 %s\n" % one for one in sums)):
        path.write_bytes((b"DeepImageTranslator state\n" + text).ljust(HEAD_BYTES, b"\0") + b"abc")
        assert not is_whole(path)
