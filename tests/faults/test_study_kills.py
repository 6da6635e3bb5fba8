"""A study that is killed in the middle of a training goes on as if it had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from waiting import PATIENCE, wait_until

from deepimagetranslator.core.runs import history_text
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed on this system"),
]

EPOCHS = 3
LONGEST = 4 * PATIENCE
"""Seconds until a command is given up that trains four times."""
SMALL = ("model.depth=1", "model.base_filters=4", "training.precision=float32")
TABLES = ("summary", "comparisons", "differences", "persons", "images", "volumes")


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs during the block, and is killed at its end."""
    with subprocess.Popen(
        [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str | Path) -> None:
    with started(*arguments) as process:
        told, _ = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, told


def arrays(weights: Path) -> dict[str, np.ndarray]:
    """All numbers of a weights file with its optimizer, by their places."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            found[name] = np.asarray(item)

    with h5py.File(weights) as file:
        file.visititems(keep)
    return found


def history(run: RunFolder) -> list[dict[str, float]]:
    rows = history_text.rows_of(run.history.read_text(encoding="utf-8"))
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def new_study(project: Path, study: Path) -> None:
    """A study of two ways to train and two folds: four trainings."""
    varied = ("--vary", "augmentation=on,off", "--folds", "2", "--threads", "1")
    run("study", "new", project, "--output", study, *varied, "--epochs", str(EPOCHS))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write_sample(folder / "persons", size=32, people=[1, 2, 3], slices=2)
    project = folder / "project.json"
    settings = [word for text in SMALL for word in ("--set", text)]
    run("new", project, "--persons", folder / "persons", *settings)
    return project


@pytest.fixture(scope="module")
def whole(project: Path) -> Path:
    """The study that is not killed, with its report."""
    study = project.with_name("whole")
    new_study(project, study)
    run("study", "run", study, "--no-forecast")
    run("study", "report", study)
    return study


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_killed_study_gives_the_same_weights_and_tables(
    project: Path, whole: Path, tmp_path: Path, epoch: int
) -> None:
    """Killed after ``epoch`` epochs of its third of four trainings, then run again."""
    killed = tmp_path / "killed"
    new_study(project, killed)
    third = RunFolder(killed / "cells" / "augmentation-on_fold-2")
    with started("study", "run", killed, "--no-forecast") as process:
        wait_until(
            lambda: (
                (len(third.read_history()) >= epoch and third.project.exists())
                or process.poll() is not None
            )
        )
        process.kill()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL, "it had ended before"
    run("study", "run", killed, "--no-forecast")

    cells = sorted(path.name for path in (whole / "cells").iterdir())
    assert len(cells) == 4
    for name in cells:
        ours, theirs = (RunFolder(study / "cells" / name) for study in (whole, killed))
        assert history(ours) == history(theirs)
        one, other = arrays(ours.last), arrays(theirs.last)
        assert one.keys() == other.keys() and len(one) > 10
        for place, values in one.items():
            np.testing.assert_array_equal(values, other[place], err_msg=f"{name} {place}")
    run("study", "report", killed)
    for name in (*(f"{table}.csv" for table in TABLES), "report.html"):
        texts = [(study / "report" / name).read_bytes() for study in (whole, killed)]
        assert texts[0] == texts[1], name
