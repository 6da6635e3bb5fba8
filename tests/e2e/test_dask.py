"""A study and a translation on a real cluster: a scheduler and two workers, one killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from study_sets import scores_without_dates
from test_study import QUICK
from waiting import PATIENCE, wait_until

from deepimagetranslator import cli
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ignore
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.status import Step, is_running, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.ml.cluster import cluster, tasks
from deepimagetranslator.ml.cluster.study import run_on_cluster

pytest.importorskip("distributed", reason="the extra dask is not installed; the extra dev has it")
EPOCHS = 8
CELLS = ("as-project_fold-1", "as-project_fold-2")
Call = Callable[..., dict[str, object]]


@dataclass
class Cluster:
    """A scheduler and its workers, in a group of processes of their own."""

    address: str
    workers: list[subprocess.Popen[bytes]]


def address_in(known: Path) -> str:
    """The scheduler's address; empty until its file is whole."""
    try:
        return str(json.loads(known.read_text())["address"])
    except (OSError, ValueError):
        return ""


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("dask")
    known, started = folder / "scheduler.json", list[subprocess.Popen[bytes]]()
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])

    def start(module: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        log = (folder / f"{len(started)}.log").open("wb")
        command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)]
        where = {"cwd": folder, "stdout": log, "stderr": log, "start_new_session": True}
        environment = os.environ | {"PYTHONPATH": path}
        started.append(subprocess.Popen(command, env=environment, **where))  # type: ignore[call-overload]
        log.close()
        return started[-1]

    def told() -> str:
        return "".join(file.read_text(errors="replace") for file in folder.glob("*.log"))

    try:
        local = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", known)
        start("dask_scheduler", "--port", "0", *local)
        wait_until(lambda: address_in(known), told=told)
        one = ("--no-nanny", "--nthreads", "1", "--local-directory", folder / "local")
        workers = [start("dask_worker", *one, *local) for _ in range(2)]
        yield Cluster(address_in(known), workers)
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two equal studies of two trainings; the first one is done here."""
    folder = tmp_path_factory.mktemp("studies")
    write_sample(folder / "persons", size=32, people=[1, 2], slices=3)
    project = folder / "project.json"
    settings = [word for text in QUICK for word in ("--set", text)]
    assert cli.main(["new", str(project), "--persons", str(folder / "persons"), *settings]) == 0
    for name in ("here", "there"):
        line = ["study", "new", str(project), "--output", str(folder / name)]
        assert cli.main([*line, "--epochs", str(EPOCHS)]) == 0
    assert cli.main(["study", "run", str(folder / "here"), "--no-forecast"]) == 0
    return folder / "here", folder / "there"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str | Path) -> dict[str, object]:
        capsys.readouterr()
        status = cli.main([*map(str, arguments), "--json"])
        told = capsys.readouterr()
        result = json.loads(told.out.rstrip("\n").splitlines()[-1])
        return result | {"status": status, "err": told.err}

    return call


def kill_trainer(run: RunFolder, workers: list[subprocess.Popen[bytes]], killed: list[int]) -> None:
    """Kill the worker that trains, once it has completed an epoch and before its last one."""
    wait_until(lambda: 1 <= len(run.read_history()) < EPOCHS)
    pid = json.loads(run.lock.read_bytes())["pid"]
    assert pid in [worker.pid for worker in workers]
    os.kill(pid, signal.SIGKILL)
    killed.append(pid)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed on this system")
def test_a_worker_that_is_killed_in_a_training_changes_no_table(
    dask: Cluster, studies: tuple[Path, Path], call: Call
) -> None:
    here, there = studies
    run, killed = RunFolder(there / "cells" / CELLS[0]), list[int]()
    killer = threading.Thread(target=kill_trainer, args=(run, dask.workers, killed), daemon=True)
    killer.start()
    told = call("study", "run", there, "--dask", dask.address)
    killer.join(PATIENCE)
    assert told["status"] == 0 and len(killed) == 1, told["err"]
    assert [cell["state"] for cell in told["cells"]] == ["done"] * 2  # type: ignore[attr-defined]
    assert f"{CELLS[0]}: its worker" in str(told["err"])
    assert "has vanished" in str(told["err"]) and "epoch" in str(told["err"])
    assert scores_without_dates(there, CELLS) == scores_without_dates(here, CELLS)
    again = call("study", "run", there, "--dask", "tcp://127.0.0.1:1")
    assert again["status"] == 0, "nothing is left to do, so nobody is asked"


def test_a_translation_is_the_same_as_without_a_cluster(
    dask: Cluster, studies: tuple[Path, Path], call: Call, tmp_path: Path
) -> None:
    """Weights of one fold, and those of all folds together; one file is no image."""
    here, _ = studies
    weights = here / "cells" / CELLS[0] / "best.weights.h5"
    (tmp_path / "in" / "bad.png").parent.mkdir()
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    inputs = (here.parent / "persons", tmp_path / "in")
    for name, how in (
        ("one", ("translate", "--weights", weights)),
        ("all", ("study", "translate", here)),
    ):
        found = []
        for place, more in (("a", ()), ("b", ("--dask", dask.address))):
            output = tmp_path / name / place
            told = call(*how, "--output", output, *more, *inputs)
            files = {p.relative_to(output): p.read_bytes() for p in output.rglob("*.*")}
            text = json.dumps({k: v for k, v in told.items() if k not in ("seconds", "err")})
            found.append((files, text.replace(str(output), "")))
        assert found[0] == found[1]
        assert '"status": 3' in found[0][1] and len(found[0][0]) >= 7


@pytest.mark.faults
def test_a_cancelled_study_ends_on_the_workers_too(
    dask: Cluster, studies: tuple[Path, Path], tmp_path: Path
) -> None:
    project = studies[0].parent / "project.json"
    line = ["study", "new", str(project), "--output", str(tmp_path / "long"), "--epochs", "2000"]
    assert cli.main(line) == 0
    folder, control = StudyFolder(tmp_path / "long"), JobControl()
    runs = [RunFolder(folder.cells / cell) for cell in CELLS]

    def cancel() -> None:
        wait_until(lambda: any(run.read_history() for run in runs))
        control.cancel.set()

    canceller = threading.Thread(target=cancel, daemon=True)
    canceller.start()
    with pytest.raises(Cancelled):
        run_on_cluster(folder, dask.address, only=(), report=ignore, control=control)
    canceller.join(PATIENCE)
    wait_until(lambda: not any(map(is_running, runs)))
    assert {one.step for one in status_of(load_plan(folder.plan), folder)} <= {
        Step.INTERRUPTED,
        Step.TO_DO,
    }


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("tcp://127.0.0.1:1", "No Dask scheduler answers at tcp"), ("nonsense://x", "No Dask")],
)
def test_an_address_where_nobody_answers_is_a_sentence(
    tmp_path: Path, address: str, sentence: str
) -> None:
    shared = tmp_path / "plan.json"
    shared.write_text("{}")
    with pytest.raises(UserError, match=sentence), cluster.connected(address, shared, 1.0):
        pass


def test_without_dask_it_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match="is not installed"), cluster.connected("x", tmp_path):
        pass


def test_workers_that_cannot_take_part_say_why(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert "has deepimagetranslator" in tasks.answer("0.1", str(file), "")
    assert "does not see" in tasks.answer(tasks.__version__, str(file), "")
    file.write_text("other")
    assert "sees another" in tasks.answer(tasks.__version__, str(file), "0" * 64)
