"""While a disk is slow, the window's session works on and shows how far reading is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Semaphore

import pytest
from sessions import Sessions, write_pairs
from waiting import PATIENCE, wait_until

from deepimagetranslator.app.events import ReadingEnded
from deepimagetranslator.app.views import TRAINING
from deepimagetranslator.core.imaging.held_files import HeldFiles

NAMES = [f"{number}.png" for number in range(6)]


class SlowDisk:
    """Each read waits until ``serve`` was called for it."""

    def __init__(self) -> None:
        self.waiting = self.served = 0
        self._lock, self._turn = Lock(), Semaphore(0)

    def wait(self) -> None:
        with self._lock:
            self.waiting += 1
        assert self._turn.acquire(timeout=PATIENCE)

    def serve(self) -> None:
        """Let one read go on, if one waits."""
        with self._lock:
            if self.waiting > self.served:
                self.served += 1
                self._turn.release()

    def repair(self) -> None:
        """Let all reads go on at once."""
        self._turn.release(10_000)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    disk, take = SlowDisk(), HeldFiles._take

    def slowly(self: HeldFiles, *arguments: object) -> None:
        disk.wait()
        take(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(HeldFiles, "_take", slowly)
    yield disk
    disk.repair()


def test_the_window_works_on_while_the_disk_is_slow(tmp_path: Path, disk: SlowDisk) -> None:
    write_pairs(tmp_path, NAMES)
    world = Sessions(tmp_path)
    session, project = world.session, world.session.project
    files = {"inputs": "in", "targets": "out"}
    session.loader.load(
        TRAINING, {side: [tmp_path / folder / n for n in NAMES] for side, folder in files.items()}
    )

    def work() -> None:
        disk.serve()
        session.tick()

    world.until(lambda: disk.waiting)
    for _ in range(100):
        session.tick()  # returns, whatever the disk does
    assert session.loader.status == "Listing files..." and not disk.served
    wait_until(lambda: project.reader.running, work)
    for _ in range(100):
        session.tick()
    assert not world.changes(ReadingEnded) and not project.reader.complete
    wait_until(lambda: project.reader.complete, work)
    assert world.changes(ReadingEnded) and world.problems() == []
    assert disk.served >= 2 * len(NAMES)
