"""Writing files: complete or not at all, nothing overwritten, nothing left behind."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import atomic_write as writing
from deepimagetranslator.core.system import moving
from deepimagetranslator.core.system.atomic_write import (
    AlreadyThereError,
    NoSpaceError,
    WriteError,
    atomic_write,
    write_bytes,
)
from deepimagetranslator.core.system.processes import Process, start_time, this_process
from deepimagetranslator.core.system.temporary import sweep, temporary_folder, temporary_name


def _unsupported(*_names: Path) -> None:
    raise moving._Unsupported


def _no_links(_path: Path, _target: Path) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def _by_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_rename_exclusively", _unsupported)


def _by_check(monkeypatch: pytest.MonkeyPatch) -> None:
    _by_link(monkeypatch)
    monkeypatch.setattr(Path, "hardlink_to", _no_links)


WAYS: list[Callable[[pytest.MonkeyPatch], None]] = [lambda _: None, _by_link, _by_check]


@pytest.mark.parametrize("way", WAYS, ids=["system call", "link", "check"])
def test_a_file_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[[pytest.MonkeyPatch], None]
) -> None:
    way(monkeypatch)
    path = tmp_path / "new" / "a.png"
    with atomic_write(path, replace=False) as beside:
        beside.write_bytes(b"ours")
    assert path.read_bytes() == b"ours"
    other = tmp_path / "b.png"
    with pytest.raises(AlreadyThereError, match=r"b\.png exists already"):  # noqa: SIM117
        with atomic_write(other, replace=False) as beside:
            beside.write_bytes(b"ours")
            other.write_bytes(b"theirs")
    assert other.read_bytes() == b"theirs"
    with pytest.raises(AlreadyThereError):
        write_bytes(other, b"ours", replace=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.png", "new"]
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


def _write_many(folder: Path, owner: int, start: multiprocessing.synchronize.Event) -> None:
    start.wait()
    for number in range(40):
        try:
            write_bytes(folder / str(number), bytes([owner]) * 1000, replace=False)
            (folder / f"{number} of {owner}").touch()
        except AlreadyThereError:
            pass


def test_of_two_processes_one_writes_each_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    both = [context.Process(target=_write_many, args=(tmp_path, n, start)) for n in (1, 2)]
    for process in both:
        process.start()
    start.set()
    for process in both:
        process.join()
        assert process.exitcode == 0
    for number in range(40):
        owner = (tmp_path / str(number)).read_bytes()[0]
        assert [n for n in (1, 2) if (tmp_path / f"{number} of {n}").exists()] == [owner]


def test_a_durable_file_is_flushed_before_its_name_and_its_folders_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    flush, replace = moving._flush, Path.replace

    def flushed(file: int) -> None:
        calls.append("folder" if os.fstat(file).st_mode & 0o40000 else "file")
        flush(file)

    def replaced(path: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr(moving, "_flush", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    write_bytes(tmp_path / "a" / "b" / "weights", b"1", durable=True)
    folders = [] if sys.platform == "win32" else ["folder"]
    assert calls == [*folders, *folders, "file", "rename", *folders]
    calls.clear()
    write_bytes(tmp_path / "a" / "b" / "image", b"1")
    assert calls == ["rename"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, NoSpaceError), (errno.EDQUOT, NoSpaceError), (errno.EIO, WriteError)],
)
def test_what_could_not_be_written_leaves_the_old_file_and_a_sentence(
    tmp_path: Path, number: int, kind: type[UserError]
) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")
    with pytest.raises(kind, match="a cannot be written") as failed, atomic_write(path) as beside:
        beside.write_bytes(b"half")
        raise OSError(number, os.strerror(number))
    assert type(failed.value) is kind and os.strerror(number) in str(failed.value)
    assert path.read_bytes() == b"old" and [*tmp_path.iterdir()] == [path]


def test_no_flush_is_an_error_of_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fails)
    monkeypatch.setattr(writing, "flush_folder", fails)
    with pytest.raises(NoSpaceError):
        write_bytes(tmp_path / "a", b"new", durable=True)
    assert not [*tmp_path.iterdir()]


def test_sweeping_deletes_what_ended_processes_of_this_computer_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import os, sys\n"
        "from deepimagetranslator.core.system.atomic_write import atomic_write\n"
        "with atomic_write(sys.argv[1]) as beside:\n"
        "    beside.write_bytes(b'half')\n"
        "    os._exit(9)\n"  # as a kill: nothing is tidied up
    )
    final = tmp_path / ("\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 60 + ".weights.h5")
    subprocess.run([sys.executable, "-c", program, final], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".weights.h5")
    foreign = temporary_name("x").split("-")
    kept = {
        temporary_name("mine.png"),
        "-".join(["." + "tmp", "0" * 8, *left.name.split("-")[2:]]),  # of another computer
        "-".join([*foreign[:3], "unknown", *foreign[4:]]),
        ".tmp-0a1b2c3d-a.png",  # of version 2.0
        "a.tmp-b",
    }
    for name in kept:
        (tmp_path / name).touch()
    again = "-".join([*foreign[:3], "1", *foreign[4:]])  # our number, of a process before
    (tmp_path / again).touch()
    sweep(tmp_path, tmp_path / "missing")
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_a_temporary_folder_is_gone_afterwards_and_the_next_process_deletes_that_of_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import os\n"
        "from deepimagetranslator.core.system.temporary import temporary_folder\n"
        "with temporary_folder('drafts') as folder:\n"
        "    (folder / 'in' / 'it').mkdir(parents=True)\n"
        "    (folder / 'in' / 'scan.png').write_bytes(b'half')\n"
        "    os._exit(9)\n"  # as a kill: nothing is tidied up
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=False, env=environment)
    (left,) = tmp_path.iterdir()
    assert (left / "in" / "scan.png").is_file()
    other = tmp_path / "another program"
    other.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), temporary_folder("drafts") as folder:
        (folder / "scan.png").write_bytes(b"half")
        assert set(tmp_path.iterdir()) == {other, folder} and folder.name.endswith("-drafts")
        with temporary_folder("drafts") as second:  # leaves that of a running process alone
            assert second != folder and (folder / "scan.png").is_file()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [other]


def test_a_process_is_gone_only_if_that_is_known() -> None:
    here = this_process()
    assert here.started and start_time(here.pid) == here.started and not here.is_gone
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    one = Process(here.host, child.pid, start_time(child.pid))
    assert one.started and not one.is_gone
    child.communicate(b"\n")
    assert one.is_gone
    assert not Process("another", child.pid, one.started).is_gone
    assert not Process(here.host, child.pid, "").is_gone


@pytest.mark.skipif(sys.platform != "linux", reason="other systems show all processes")
def test_a_hidden_process_of_another_user_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_another(_pid: int, _signal: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    one = Process(this_process().host, 2**30, "12")  # a number that no system gives
    assert one.is_gone
    monkeypatch.setattr(os, "kill", of_another)
    assert not one.is_gone
