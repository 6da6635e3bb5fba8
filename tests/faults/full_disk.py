"""A disk that is full from a chosen write on, for everything that Python writes below a folder."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Disk:
    """Counts the steps that need space: a new file, each write, each flush, each new folder.

    Attributes:
        steps: how many were asked for so far.
        full_from: the first step that fails, from 1; 0 for none. All later ones fail too.
        freed_at: from this step on there is space again; 0 for never.
    """

    def __init__(self, root: Path, full_from: int = 0, freed_at: int = 0) -> None:
        self.root = root.resolve()
        self.steps, self.full_from, self.freed_at = 0, full_from, freed_at

    def step(self) -> None:
        self.steps += 1
        if self.is_full:
            raise no_space()

    @property
    def is_full(self) -> bool:
        begun = 0 < self.full_from <= self.steps
        return begun and not 0 < self.freed_at <= self.steps

    def holds(self, path: object) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        return Path(os.path.abspath(path)).is_relative_to(self.root)  # noqa: PTH100


class _Raw(io.FileIO):
    """A file whose writes need space; the one at which the disk becomes full is done by half."""

    def __init__(self, disk: Disk, *args: Any) -> None:
        super().__init__(*args)
        self._disk = disk

    def write(self, data: Any, /) -> int:
        try:
            self._disk.step()
        except OSError:
            view = memoryview(data).cast("B")
            super().write(view[: len(view) // 2])
            raise
        return super().write(data) or 0


@contextmanager
def full_disk(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Let what Python does below ``disk.root`` need space while the block runs."""
    opens, low, makes, flushes = io.open, os.open, os.mkdir, os.fsync
    held: set[int] = set()

    def opened(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        if not set(mode) & set("wxa+") or not disk.holds(file):
            return opens(file, mode, buffering, *args, **kwargs)
        if not Path(file).exists():
            disk.step()
        raw = _Raw(disk, file, mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, *args, line_buffering=buffering == 1, **kwargs)

    def made(path: Any, *args: Any, **kwargs: Any) -> None:
        if disk.holds(path) and not Path(path).exists():
            disk.step()
        makes(path, *args, **kwargs)

    def opened_low(path: Any, *args: Any, **kwargs: Any) -> int:
        file = low(path, *args, **kwargs)
        (held.add if disk.holds(path) else held.discard)(file)
        return file

    def flushed(file: int) -> None:
        if file in held:
            disk.step()
        flushes(file)

    with monkeypatch.context() as patched:
        patched.setattr(io, "open", opened)
        patched.setattr(builtins, "open", opened)
        patched.setattr(os, "open", opened_low)
        patched.setattr(os, "mkdir", made)
        patched.setattr(os, "fsync", flushed)
        yield disk
