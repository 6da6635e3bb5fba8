"""This computer's memory, as the training may use it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deepimagetranslator.core.system import machine

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/proc and cgroups are Linux's")


@linux_only
@pytest.mark.parametrize(
    ("limit", "expected"), [("1048576\n", 2**20), (str(2**62), None), ("max\n", None)]
)
@pytest.mark.parametrize("place", ["", "batch.slice", "batch.slice/job 7"])
def test_a_container_s_limit_counts_where_it_is_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int | None, place: str
) -> None:
    groups = Groups(tmp_path, monkeypatch, "batch.slice/job 7")
    whole, free = machine.memory_bytes(), machine.free_memory_bytes()
    groups.write(place, "memory.max", limit)
    groups.write(place, "memory.current", "1000000")
    groups.write(place, "memory.stat", "anon 5\ninactive_file 400000\n")
    assert machine.memory_bytes() == (expected or whole)
    if expected:
        assert machine.free_memory_bytes() == 2**20 - 600_000
    else:
        assert machine.free_memory_bytes() > free / 2


class Groups:
    """A file system of control groups."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
        self.root = folder / "cgroup"
        (self.root / own).mkdir(parents=True)
        (folder / "own").write_text(f"12:cpu:/old\n0::/{own}\n")
        monkeypatch.setattr(machine, "_CGROUPS", self.root)
        monkeypatch.setattr(machine, "_OWN_CGROUP", folder / "own")

    def write(self, place: str, name: str, text: str) -> None:
        (self.root / place / name).write_text(text)


@linux_only
def test_the_limit_of_the_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource  # noqa: PLC0415

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = taken + machine._RESERVED + 50 * 2**20
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
    assert 0 < machine.free_memory_bytes() <= machine.free_memory_bytes(swap=True) < 60 * 2**20
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1000, 1000))
    assert machine.free_memory_bytes() == 1  # 0 would be unknown
