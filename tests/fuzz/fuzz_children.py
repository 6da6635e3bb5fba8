"""Four children that read files at the same time, and what is wrong with what they do."""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_child import DIED, HANG, LIMIT
from waiting import PATIENCE

CHILD = Path(__file__).parent / "fuzz_child.py"
_SHOWN = 3072  # bytes of a file that a failure shows


@dataclass
class Child:
    """A child of one kind with its own folders; started anew where it dies."""

    kind: str
    folder: Path
    count: int = 0
    started: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def __post_init__(self) -> None:
        self.good, self.cases = self.folder / "good", self.folder / "cases"
        self.private = [self.folder / name for name in ("tmp", "home", "cwd")]
        for folder in (self.good, self.cases, *self.private):
            folder.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, without waiting for it."""
        tmp, home, cwd = map(str, self.private)
        environment = os.environ | {"TMPDIR": tmp, "HOME": home, "CUDA_VISIBLE_DEVICES": "-1"}
        environment["PYTHONPATH"] = str(CHILD.parents[2])
        reader, writer = os.pipe()
        self.printed = self.folder / f"printed-{self.started}"
        with self.printed.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, str(CHILD), self.kind, str(self.good), str(writer)],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                pass_fds=[writer],
                cwd=cwd,
                env=environment,
            )
        os.close(writer)
        self._answers = os.fdopen(reader, "rb")
        self.started += 1
        self._ready = False

    def wait_until_ready(self) -> None:
        if not self._ready:
            answer = self._read(PATIENCE)
            assert answer == {"ready": True}, self._death()
            self._known, self._quiet = self._private_files(), self.printed.stat().st_size
            self._ready = True

    def ask(self, reader: str, path: Path) -> None:
        """Let the child read a file or folder, without waiting for it."""
        if self._process is None:
            self.start()
        self.wait_until_ready()
        self._path, self._before = path, self._listing()
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps([reader, str(path)]).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        """What was wrong with how the file was read; empty if nothing."""
        facts = self._read(HANG + 20)
        self.count += 1
        if facts is None:
            death = f"the child died or hung: {self._death()}"
            self.stop()
            return death
        self.seconds += facts["seconds"]
        self.longest = max(self.longest, facts["longest"])
        wrong = [facts["wrong"]] if facts["wrong"] else []
        wrong += facts["done"]
        if facts["longest"] > LIMIT:
            wrong.append(f"it took {facts['longest']:.1f} s")
        if self.printed.stat().st_size != self._quiet:
            wrong.append(f"it printed {self.printed.read_bytes()[self._quiet :][:300]!r}")
            self._quiet = self.printed.stat().st_size
        if (after := self._listing()) != self._before:
            wrong.append(f"it changed files: {set(after) ^ set(self._before)}")
        if (private := self._private_files()) != self._known:
            wrong.append(f"it left files: {private - self._known}")
            self._known = private
        return "; ".join(wrong)

    def clear(self) -> None:
        """Remove the case."""
        for path in self.cases.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def stop(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._answers.close()
            self._process = None

    def _read(self, seconds: float) -> Any:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            line = self._answers.readline() if selector.select(seconds) else b""
        return json.loads(line) if line else None

    def _death(self) -> str:
        assert self._process is not None
        self._process.kill()
        code = self._process.wait()
        stack = (self.good / DIED).read_text(errors="replace")[-3000:]
        return f"exit {code}, printed {self.printed.read_bytes()[-300:]!r}, stack {stack}"

    def _listing(self) -> dict[tuple[str, int, int], None]:
        entries = (entry for place, _, _ in os.walk(self.cases) for entry in os.scandir(place))
        facts = ((entry.path, entry.stat(follow_symlinks=False)) for entry in entries)
        return {(path, about.st_size, about.st_mtime_ns): None for path, about in facts}

    def _private_files(self) -> set[str]:
        return {str(path) for folder in self.private for path in folder.rglob("*")}


def shown(path: Path) -> str:
    """A file for a failure's text: its bytes where they are few."""
    if not path.is_file() or path.is_symlink():
        return f"{path.name} (no ordinary file)"
    size = path.stat().st_size
    if size > _SHOWN:
        return f"{path.name} ({size} bytes)"
    return f"{path.name} {base64.b64encode(path.read_bytes()).decode()}"
