"""The files of a run on a disk that is full for a while, for ever, or at any one moment."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from deepimagetranslator.core.messages.events import Event, LogLine
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.state_file import is_whole, read_head
from deepimagetranslator.core.system.atomic_write import NoSpaceError, write_bytes
from deepimagetranslator.ml.unwritten import ORDER, Unwritten

EPOCHS, IMPROVED = 3, (1, 3)


def _content(kind: str, epoch: int) -> bytes:
    return f"{kind} {epoch}".encode()


class _Disk:
    """Each file of a run needs space; there is none from one file on, up to another."""

    def __init__(self, full_from: int, freed_at: int) -> None:
        self.steps, self.full_from, self.freed_at = 0, full_from, freed_at

    def step(self) -> None:
        self.steps += 1
        if self.full_from <= self.steps < self.freed_at:
            raise NoSpaceError("last.weights.h5 cannot be written (No space left on device).")


def _train(run: RunFolder, disk: _Disk, report: list[Event]) -> Unwritten:
    """Hand over the files of each epoch as a training does."""
    files = Unwritten(run, report.append)

    def put(kind: str, path: str, epoch: int) -> None:
        def write(place: RunFolder) -> None:
            if place is run:
                disk.step()
            if kind == "state":
                place.write_state(b"\x89HDF\r\n\x1a\n\2" + _content(kind, epoch), epoch)
            else:
                write_bytes(place.path / path, _content(kind, epoch))

        files.put(kind, write)

    for epoch in range(1, EPOCHS + 1):
        if epoch in IMPROVED:
            put("checkpoint", run.improvement(epoch, 1).name, epoch)
            put("best checkpoint", "best.weights.h5", epoch)
        put("history", "history.csv", epoch)
        put("state", "last.weights.h5", epoch)
        files.write()
        _consistent(run)
    return files


def _consistent(run: RunFolder) -> None:
    """Whatever is on the disk, a run goes on from it: no state is ahead of what it names."""
    if not run.last.exists():
        return
    assert is_whole(run.last)
    epoch = read_head(run.last).epoch
    best = max(number for number in IMPROVED if number <= epoch)
    assert run.improvement(best, 1).exists()
    assert int(run.history.read_bytes().split()[1]) >= epoch


def _complete(run: RunFolder) -> None:
    assert run.history.read_bytes() == _content("history", EPOCHS)
    assert run.best.read_bytes() == _content("best checkpoint", max(IMPROVED))
    assert is_whole(run.last) and read_head(run.last).epoch == EPOCHS
    assert not [*run.path.glob(".tmp-*")]


@pytest.mark.parametrize("full_from", range(1, 11))
def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path: Path, full_from: int) -> None:
    for length in range(1, 9):
        run, told = RunFolder(tmp_path / str(length)), []
        files = _train(run, _Disk(full_from, full_from + length), told)
        for _ in range(length):  # each try takes the disk a step nearer to having space
            files.write()
        assert files.finish() is None
        _complete(run)
        texts = [event.text for event in told if isinstance(event, LogLine)]
        failed = [text for text in texts if "No space left" in text]
        assert failed and len(texts) <= 2 * len(failed)
        assert all("training goes on" in text for text in failed)


def test_at_the_end_what_is_missing_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    run = RunFolder(tmp_path / "run")
    files = _train(run, _Disk(5, 10**9), told := [])
    assert len(told) == 1  # told once, not after each epoch
    error = files.finish()
    (rescued,) = (tmp_path / "home" / "rescued").iterdir()
    assert error is not None and str(rescued) in str(error)
    assert "and the run is complete" in str(error) and "lost" not in str(error)
    for path in rescued.iterdir():
        path.replace(run.path / path.name)
    _complete(run)
    assert files.finish() is None


def test_files_of_two_runs_of_one_name_do_not_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    places = tmp_path / "a" / "run", tmp_path / "b" / "run"
    errors = [str(_train(RunFolder(place), _Disk(5, 10**9), []).finish()) for place in places]
    folders = [*(tmp_path / "home" / "rescued").iterdir()]
    assert len(folders) == 2
    for folder in folders:
        assert sum(f"is in {folder}: move" in error for error in errors) == 1
        names = {path.name for path in folder.iterdir()}
        assert "last.weights.h5" in names and "previous.weights.h5" not in names


def test_a_second_place_takes_what_the_first_one_has_no_space_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    room = {tmp_path / "run": 0, tmp_path / "home": 1, tmp_path / "temporary": 2}
    files = Unwritten(RunFolder(tmp_path / "run"), [].append)

    def put(kind: str) -> None:
        def write(run: RunFolder) -> None:
            disk = next(place for place in room if run.path.is_relative_to(place))
            if not room[disk]:
                raise NoSpaceError("It cannot be written.")
            room[disk] -= 1
            write_bytes(run.path / kind, b"")

        files.put(kind, write)

    for kind in ORDER:
        put(kind)
    text = str(files.finish())
    (first,) = (tmp_path / "home" / "rescued").iterdir()
    (second,) = (tmp_path / "temporary" / "DeepImageTranslator-rescued").iterdir()
    assert [path.name for path in first.iterdir()] == [*ORDER[:1]]
    assert {path.name for path in second.iterdir()} == {*ORDER[1:3]}
    assert f"({', '.join(ORDER[:3])}) is in {first} and {second}: move" in text
    assert f"({', '.join(ORDER[3:])}) is lost" in text and "complete" not in text


def test_if_there_is_no_space_anywhere_the_loss_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_run: RunFolder) -> None:
        raise NoSpaceError("It cannot be written.")

    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    files = Unwritten(RunFolder(tmp_path), [].append)
    for kind in reversed(ORDER):
        files.put(kind, nowhere)
    error = files.finish()
    assert error is not None and ", ".join(ORDER) in str(error)
    assert error.problems[-1].remedy.action == "resume"
