"""This computer's memory, as the training may use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepimagetranslator.core.system import machine

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/proc and cgroups are Linux's")


@linux_only
@pytest.mark.parametrize(
    ("limit", "expected"), [("1048576\n", 2**20), (str(2**62), None), ("max\n", None)]
)
def test_a_container_s_limit_counts_where_it_is_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int | None
) -> None:
    monkeypatch.setattr(machine, "_CONTAINER_LIMIT", tmp_path / "none")
    whole = machine.memory_bytes()
    file = tmp_path / "memory.max"
    file.write_text(limit)
    monkeypatch.setattr(machine, "_CONTAINER_LIMIT", file)
    assert machine.memory_bytes() == (expected or whole)
    assert machine.free_memory_bytes() <= machine.memory_bytes()


@linux_only
def test_a_limit_on_the_process_counts_where_it_is_lower() -> None:
    code = (
        "import resource; from deepimagetranslator.core.system import machine;"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); print(machine.free_memory_bytes())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert 0 < int(found.stdout) < 2**31
