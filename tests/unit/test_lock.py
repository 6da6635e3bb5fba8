"""A lock on a file: one holder, let go by its end, taken over from none that may still run."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from deepimagetranslator.core.system import lock as lock_module
from deepimagetranslator.core.system.lock import FileLock, HeldError
from deepimagetranslator.core.system.processes import Process, this_process

HOLD = """
import sys
from pathlib import Path
from deepimagetranslator.core.system.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock, ended with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.lock"


def left_by(process: Process, path: Path, boot: str = "") -> None:
    """The file that this process would leave if it were killed."""
    data = asdict(process) | {"since": "2026-01-01 12:00:00", "boot": boot}
    path.write_text(json.dumps(data), encoding="utf-8")


def test_one_process_at_a_time_until_it_is_killed(path: Path) -> None:
    with holder(path) as other:
        with pytest.raises(HeldError, match=f"process {other.pid} on this computer") as caught:
            FileLock(path).take()
        assert caught.value.holder.here
        other.kill()
        other.wait()
        assert path.exists()
        lock = FileLock(path)
        lock.take()
    with pytest.raises(HeldError):
        FileLock(path).take()
    lock.release()
    assert not path.exists()


def test_asking_who_holds_it_takes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_lock: FileLock) -> None:
        raise AssertionError("it was taken")

    monkeypatch.setattr(FileLock, "take", refuse)
    asked = FileLock(path)
    assert not asked.is_held() and not path.exists()
    with holder(path) as other:
        assert asked.is_held()
        other.kill()
        other.wait()
        assert path.exists() and not asked.is_held()
    left_by(Process(this_process().host, this_process().pid, "0"), path)  # its number, used again
    assert not asked.is_held()
    left_by(Process("elsewhere", 1, "12"), path)
    assert asked.is_held() and not FileLock(path, local=True).is_held()


def test_who_asks_may_meet_a_lock_that_cannot_be_looked_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "_boot", lambda: "this start")
    left_by(Process("a-container", 1, "12"), path, "this start")
    assert not FileLock(path).is_held() and not path.exists()
    with holder(path):
        left_by(Process("a-container", 1, "12"), path, "this start")
        assert FileLock(path).is_held()


@pytest.mark.parametrize("text", [b"", b"\x00\xff{", b'{"pid": []}', b"[1]"])
def test_what_names_nobody_holds_nothing(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    FileLock(path).take()


def test_another_computers_lock_is_not_taken_over(path: Path) -> None:
    left_by(Process("elsewhere", 1, "12"), path)
    with pytest.raises(HeldError, match="process 1 on computer elsewhere, since 2026-01-01"):
        FileLock(path).take()
    assert b"elsewhere" in path.read_bytes()
    FileLock(path, local=True).take()


def test_a_container_of_this_computer_is_known_by_the_computers_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "_boot", lambda: "this start")
    left_by(Process("a-container", 1, "12"), path, "this start")
    FileLock(path).take()


def test_without_locks_of_the_file_system_a_running_process_keeps_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "_lock", lambda _file: False)
    left_by(this_process(), path)
    with pytest.raises(HeldError, match="on this computer"):
        FileLock(path).take()
    left_by(Process(this_process().host, this_process().pid, "0"), path)  # its number, used again
    FileLock(path).take()


def test_a_file_deleted_by_its_holder_at_the_last_moment_is_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lock_module._is_at
    first: list[Path] = []

    def is_at(file: object, place: Path) -> bool:
        if not first:
            first.append(place)
            place.unlink()
        return real(file, place)  # type: ignore[arg-type]

    monkeypatch.setattr(lock_module, "_is_at", is_at)
    lock = FileLock(path)
    lock.take()
    assert path.exists()
    with pytest.raises(HeldError):
        FileLock(path).take()


def test_a_release_does_not_delete_the_lock_of_another(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    first.take()
    path.unlink()  # as the user is told to do for a computer that is gone
    second.take()
    first.release()
    with pytest.raises(HeldError):
        FileLock(path).take()


def test_a_folder_that_cannot_be_written_is_no_holder(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        FileLock(tmp_path / "none" / "run.lock").take()
    assert caught.value.errno == errno.ENOENT
