"""Records what a program does to the files of a folder, and rebuilds what each interruption leaves.

Python announces calls that open, rename or delete files (its audit events) before it makes them.
What was written before is read from the files. The program's own function for flushing is wrapped.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepimagetranslator.core.system import atomic_write, moving

Files = Mapping[str, bytes]
"""The files of a folder: contents by name, relative to it."""

_WRITING = os.O_WRONLY | os.O_RDWR
_active: list[Recorder] = []


@dataclass
class _Change:
    """One change of a name that a power failure may undo: ``apply`` makes it."""

    folder: str
    apply: Callable[[dict[str, int]], None]


@dataclass(frozen=True)
class Interruption:
    """What may be left if the program is interrupted at one point.

    Attributes:
        files: what is left.
        power: whether the power failed; else the process was killed.
        done: how many times ``Recorder.mark`` was called before.
    """

    files: Files
    power: bool
    done: int


@dataclass
class Recorder:
    """The model of a folder: names, contents, and what of both is on the disk.

    Attributes:
        root: the folder.
        calls: how many calls were recorded.
        found: every state that an interruption may leave, in order.
    """

    root: Path
    calls: int = 0
    found: list[Interruption] = field(default_factory=list)
    done: int = 0
    _names: dict[str, int] = field(default_factory=dict)
    _flushed_names: dict[str, int] = field(default_factory=dict)
    _contents: dict[int, bytes] = field(default_factory=dict)
    _flushed: dict[int, bytes] = field(default_factory=dict)
    _pending: list[_Change] = field(default_factory=list)
    _seen: set[tuple[bool, int, int]] = field(default_factory=set)

    def mark(self) -> None:
        """Say that something is complete which no interruption may take back from now on."""
        with _alone():
            self._observe()
            self.done += 1

    # ---- calls -----------------------------------------------------------------------------

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take notice of a call that is about to be made."""
        if event == "open":
            path, _, flags = arguments
            name = self._name(path)
            if name is not None and flags & _WRITING and not Path(os.fsdecode(path)).is_dir():
                self._observe()
                if name not in self._names:
                    number = self._new()
                    self._change(name, lambda names: names.__setitem__(name, number))
                elif flags & os.O_TRUNC:
                    self._contents[self._names[name]] = b""
        elif event == "os.rename":
            old, new = self._name(arguments[0]), self._name(arguments[1])
            if old is not None and new is not None:
                self.on_rename(old, new)
        elif event == "os.remove":
            gone = self._name(arguments[0])
            if gone in self._names:
                self._observe()
                self._change(gone, lambda names: names.pop(gone, None))

    def on_rename(self, old: str, new: str) -> None:
        """Take notice of a renamed file."""
        self._observe()

        def rename(names: dict[str, int]) -> None:
            if old in names:
                names[new] = names.pop(old)

        if old in self._names:
            self._change(new, rename)

    def on_flush(self, descriptor: int) -> None:
        """Take notice of a flushed file or folder."""
        self._observe()
        status = os.fstat(descriptor)
        for name, number in self._names.items():
            path = self.root / name
            if path.exists() and os.path.samestat(status, path.stat()):
                self._flushed[number] = self._contents[number]
        for folder in {str(Path(change.folder)) for change in self._pending}:
            if os.path.samestat(status, (self.root / folder).stat()):
                kept = [change for change in self._pending if change.folder != folder]
                for change in self._pending:
                    if change.folder == folder:
                        change.apply(self._flushed_names)
                self._pending = kept
        self.calls += 1
        self._add()

    # ---- states ----------------------------------------------------------------------------

    def _observe(self) -> None:
        """Read what was written since the last call, and add what interrupting it may leave."""
        for name, number in self._names.items():
            try:
                content = (self.root / name).read_bytes()
            except OSError:
                continue
            before = self._contents[number]
            if content != before:
                if len(content) - len(before) > 1:  # written in pieces
                    middle = len(before) + (len(content) - len(before)) // 2
                    self._contents[number] = content[:middle]
                    self._add()
                self._contents[number] = content
                self._add()

    def _change(self, name: str, apply: Callable[[dict[str, int]], None]) -> None:
        self.calls += 1
        apply(self._names)
        self._pending.append(_Change(str(Path(name).parent), apply))
        self._add()

    def _add(self) -> None:
        self._keep(self._names, self._contents, power=False)
        for names in self._names_after_power_failure():
            for torn in (False, True):
                self._keep(names, self._after_power_failure(torn), power=True)
        self._keep(self._names, self._after_power_failure(torn=True), power=True)

    def _names_after_power_failure(self) -> Iterator[dict[str, int]]:
        """The names if all changes since the last flush are lost, or none, or any single one."""
        count = len(self._pending)
        yield dict(self._flushed_names)
        for lost in (None, *range(count)):
            names = dict(self._flushed_names)
            for number, change in enumerate(self._pending):
                if number != lost:
                    change.apply(names)
            yield names

    def _after_power_failure(self, torn: bool) -> dict[int, bytes]:
        """Contents if what was not flushed is empty, or half of it is zeros."""
        found = {}
        for number, content in self._contents.items():
            flushed = self._flushed.get(number)
            if flushed == content:
                found[number] = content
            elif torn:
                half = len(content) // 2
                found[number] = content[:half] + bytes(len(content) - half)
            else:
                found[number] = b"" if flushed is None else flushed
        return found

    def _keep(self, names: dict[str, int], contents: dict[int, bytes], *, power: bool) -> None:
        files = {name: contents[number] for name, number in names.items()}
        key = power, self.done, hash(frozenset(files.items()))
        if key not in self._seen:
            self._seen.add(key)
            self.found.append(Interruption(files, power, self.done))

    def _new(self) -> int:
        number = len(self._contents)
        self._contents[number] = b""
        return number

    def _name(self, path: object) -> str | None:
        """The name below the root; None if it lies elsewhere."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        full = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100  as the system finds it
        return full.relative_to(self.root).as_posix() if full.is_relative_to(self.root) else None


@contextmanager
def recording(root: Path) -> Iterator[Recorder]:
    """Record what the block does to the files below a folder that is new or empty."""
    recorder = Recorder(Path(os.path.abspath(root)))  # noqa: PTH100
    flush = moving._flush

    def flush_and_tell(descriptor: int) -> None:
        with _alone():
            flush(descriptor)
            recorder.on_flush(descriptor)

    move = atomic_write.move_new

    def move_new(source: Path, destination: Path) -> None:
        names = recorder._name(source), recorder._name(destination)
        with _alone():
            recorder._observe()
            move(source, destination)  # by a call of the system that Python does not announce
            if names[0] is not None and names[1] is not None:
                recorder.on_rename(*names)

    _install()
    moving._flush, atomic_write.move_new = flush_and_tell, move_new
    _active.append(recorder)
    try:
        yield recorder
        with _alone():
            recorder._observe()
    finally:
        _active.remove(recorder)
        moving._flush, atomic_write.move_new = flush, move


def rebuild(files: Files, folder: Path) -> None:
    """Make a folder with these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


_installed: list[bool] = []


def _install() -> None:
    """Listen to audit events; they cannot be listened to for a time only."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and event in ("open", "os.rename", "os.remove") and not _thread.records:
        with _alone():
            for recorder in _active[-1:]:
                recorder.on_event(event, arguments)


class _Thread(threading.local):
    """Of the thread that asks: whether it records just now; its own reading is not recorded."""

    records = False


_thread = _Thread()
_one_at_a_time = threading.RLock()


@contextmanager
def _alone() -> Iterator[None]:
    """Record, while threads that write other files wait."""
    with _one_at_a_time:
        before, _thread.records = _thread.records, True
        try:
            yield
        finally:
            _thread.records = before
