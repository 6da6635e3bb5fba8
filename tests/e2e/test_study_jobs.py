"""Several trainings of a study at a time: the same tables, and what a kill or Ctrl+C leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from study_sets import scores_without_dates
from test_study import QUICK
from waiting import PATIENCE, wait_until

from deepimagetranslator import cli
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.ml.study.jobs import crowded

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
LONG = 2000
CELLS = ("as-project_fold-1", "as-project_fold-2", "as-project_fold-3")


def program(*arguments: str | Path) -> subprocess.Popen[str]:
    """The program in a group of its own, as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Three studies of three trainings: two of one epoch, one that would never end."""
    folder = tmp_path_factory.mktemp("jobs")
    write_sample(folder / "persons", size=32, people=[1, 2, 3], slices=2)
    project = folder / "project.json"
    settings = [word for text in QUICK for word in ("--set", text)]
    assert cli.main(["new", str(project), "--persons", str(folder / "persons"), *settings]) == 0
    found = []
    for name, epochs in (("one", 1), ("several", 1), ("long", LONG)):
        found.append(folder / name)
        line = ["study", "new", str(project), "--output", str(found[-1])]
        assert cli.main([*line, "--epochs", str(epochs)]) == 0
    return found[0], found[1], found[2]


def rows(study: Path, cell: str) -> int:
    return len(RunFolder(study / "cells" / cell).read_history())


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that train, by their command lines."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == process.pid and b"spawn_main" in command:
            found.append(int(status.parent.name))
    return found


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def running(studies: tuple[Path, Path, Path]) -> Iterator[subprocess.Popen[str]]:
    """The long study, with two trainings at a time that have ended an epoch."""
    process = program("study", "run", studies[2], "--jobs", "2", "--no-forecast")
    before = [rows(studies[2], cell) for cell in CELLS[:2]]
    try:
        wait_until(
            lambda: (
                process.poll() is not None
                or all(rows(studies[2], c) > n for c, n in zip(CELLS, before, strict=False))
            )
        )
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def test_the_same_tables_as_one_after_another(studies: tuple[Path, Path, Path]) -> None:
    one, several, _ = studies
    assert cli.main(["study", "run", str(one), "--no-forecast"]) == 0
    process = program("study", "run", several, "--jobs", "2", "--no-forecast")
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "3 done" in told, told
    assert scores_without_dates(one, CELLS) == scores_without_dates(several, CELLS)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_a_killed_process_interrupts_its_cell_alone_and_ctrl_c_ends_all(
    studies: tuple[Path, Path, Path], running: subprocess.Popen[str]
) -> None:
    first = children(running)
    assert len(first) == 2
    os.kill(first[0], signal.SIGKILL)
    wait_until(lambda: running.poll() is not None or rows(studies[2], CELLS[2]) > 0)
    second = children(running)
    assert running.poll() is None and len(second) == 2 and first[0] not in second
    os.killpg(running.pid, signal.SIGINT)
    told, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, told
    assert "its process has ended in the middle" in told and "Traceback" not in told
    wait_until(lambda: not any(map(is_there, first + second)))
    again = program("study", "status", studies[2])
    assert again.communicate(timeout=PATIENCE)[0].count("interrupted") >= 3


@pytest.mark.faults
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
def test_the_processes_end_with_the_one_that_started_them(running: subprocess.Popen[str]) -> None:
    found = children(running)
    assert len(found) == 2
    running.kill()
    wait_until(lambda: not any(map(is_there, found)))


def test_more_threads_than_cores_is_told(studies: tuple[Path, Path, Path]) -> None:
    plan = load_plan(studies[0] / "plan.json")
    assert crowded(plan, 1) == ""
    assert "threads, as results depend" in crowded(plan, (os.cpu_count() or 1) + 1)
