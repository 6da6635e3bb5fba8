"""A study that is killed in the middle of a training goes on as if it had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
SMALL = ("model.depth=2", "model.base_filters=4", "training.precision=float32")
TABLES = ("summary", "comparisons", "differences", "persons", "images", "volumes")


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deepimagetranslator", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def run(*arguments: str | Path) -> None:
    process = start(*arguments)
    told, _ = process.communicate(timeout=PATIENCE)
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


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_killed_study_gives_the_same_weights_and_tables(tmp_path: Path, epoch: int) -> None:
    """Killed after ``epoch`` epochs of its third of six trainings, then run again."""
    write_sample(tmp_path / "persons", size=32, people=[1, 2, 3], slices=2)
    project = tmp_path / "project.json"
    settings = [word for text in SMALL for word in ("--set", text)]
    run("new", project, "--persons", tmp_path / "persons", *settings)
    studies = [tmp_path / name for name in ("whole", "killed")]
    for study in studies:
        varied = ("--vary", "augmentation=on,off", "--epochs", EPOCHS, "--threads", 1)
        run("study", "new", project, "--output", study, *map(str, varied))
    whole, killed = studies
    run("study", "run", whole, "--no-forecast")

    third = RunFolder(killed / "cells" / "augmentation-on_fold-2")
    process = start("study", "run", killed, "--no-forecast")
    wait_until(
        lambda: (len(third.read_history()) >= epoch and third.project.exists())
        or process.poll() is not None
    )  # fmt: skip
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, "it had ended before"
    run("study", "run", killed, "--no-forecast")

    cells = sorted(path.name for path in (whole / "cells").iterdir())
    assert len(cells) == 6
    for name in cells:
        ours, theirs = (RunFolder(study / "cells" / name) for study in studies)
        assert history(ours) == history(theirs)
        one, other = arrays(ours.last), arrays(theirs.last)
        assert one.keys() == other.keys() and len(one) > 10
        for place, values in one.items():
            np.testing.assert_array_equal(values, other[place], err_msg=f"{name} {place}")
    for study in studies:
        run("study", "report", study)
    for name in (*(f"{table}.csv" for table in TABLES), "report.html"):
        texts = [(study / "report" / name).read_bytes() for study in studies]
        assert texts[0] == texts[1], name
