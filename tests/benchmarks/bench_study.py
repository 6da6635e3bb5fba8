"""A study's own cost beside its trainings and evaluations, in processor time.

Draws three persons, and trains each fold in two ways: by ``study run``, and by the same calls of
training and evaluation alone. Both are done in turns in one process, after a training that warms
up. The study's own time is what ``study run`` spends outside of these calls. The ratio of the two
ways, which also holds what the calls do more within a study, scatters with what else the machine
does.

    python tests/benchmarks/bench_study.py [--size 128] [--epochs 20] [--rounds 2] [--json]

Ends with 1 if the study's own time is 3 % of its trainings or more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepimagetranslator import cli
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.new_study import NewStudy, Wishes, plan_study, write_study
from deepimagetranslator.core.study.plan import all_pairs, project_of_cell
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.ml.devices import load_engine

MOST = 0.03
QUICK = ("model.depth=3", "model.base_filters=8", "training.precision=float32")


class Inside:
    """Sums the processor time of calls.

    Attributes:
        seconds: so far.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return call(*given, **named)
            finally:
                self.seconds += time.process_time() - start

        return timed


def project_in(folder: Path, size: int) -> Project:
    write_sample(folder / "persons", size=size, people=[1, 2, 3], slices=4)
    settings = [word for text in QUICK for word in ("--set", text)]
    file = folder / "project.json"
    assert cli.main(["new", str(file), "--persons", str(folder / "persons"), *settings]) == 0
    return load_project(file)


def by_calls(study: NewStudy, folder: Path) -> float:
    """Processor time of the trainings and evaluations alone."""
    from deepimagetranslator.ml.evaluation import evaluate_weights  # noqa: PLC0415
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    start = time.process_time()
    for cell in study.plan.cells():
        varied = study.projects[cell.variation]
        run = RunFolder(folder / cell.name)
        train(project_of_cell(study.plan, cell, varied), run.path)
        pairs = all_pairs(varied)
        evaluate_weights(run.last, [pairs[n] for n in study.plan.images(cell).tested])
    return time.process_time() - start


def by_study(study: NewStudy, folder: Path) -> tuple[float, float]:
    """Processor time of ``study run``, and of the calls within it."""
    from deepimagetranslator.ml.study import run as study_run  # noqa: PLC0415

    place, inside = StudyFolder(folder), Inside()
    write_study(study, place)
    calls = study_run.train, study_run.evaluate_weights
    study_run.train, study_run.evaluate_weights = map(inside.timed, calls)  # type: ignore[assignment]
    try:
        start = time.process_time()
        study_run.run_study(place)
        return time.process_time() - start, inside.seconds
    finally:
        study_run.train, study_run.evaluate_weights = calls  # type: ignore[assignment]


def measure(folder: Path, size: int, epochs: int, rounds: int) -> dict[str, float]:
    project = project_in(folder, size)
    study, warm = (
        plan_study(project, Wishes(settings=(f"training.epochs={n}",))) for n in (epochs, 1)
    )
    by_calls(warm, folder / "warm")
    alone = whole = inside = 0.0
    for number in range(rounds):
        alone += by_calls(study, folder / f"calls{number}")
        found = by_study(study, folder / f"study{number}")
        whole, inside = whole + found[0], inside + found[1]
    return {
        "trainings": rounds * study.plan.cell_count,
        "seconds of a training and its evaluation": inside / rounds / study.plan.cell_count,
        "the study's own share": (whole - inside) / inside,
        "study run : the same calls": whole / alone,
    }


def main() -> int:
    """Print the figures; 1 if the limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("size", 128), ("epochs", 20), ("rounds", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(sys.stderr):
        load_engine()
        figures = measure(Path(place), given.size, given.epochs, given.rounds)
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:42} {value:.4f}" for name, value in figures.items()))
    return int(figures["the study's own share"] >= MOST)


if __name__ == "__main__":
    sys.exit(main())
