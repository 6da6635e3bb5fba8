"""What it costs an epoch that its files are on the disk before the next one begins.

Run it as ``python tests/benchmarks/bench_fsync.py [--json] [--epochs N] [--folder DIR]``: the
paper's epoch (see bench_gpu.py) of preset ``recommended``, trained in ``DIR`` or the system's
temporary folder, which must lie on the disk that is asked about. The time of every flush of a file
or a folder is added up for each epoch. The first epoch is left out; the median of the others
counts. Every epoch is made the best so far, which writes the most files. The exit status is 1 if
the flushes take over 1 % of the epoch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_gpu import paper_project, processor

from deepimagetranslator.core.messages.events import EpochEnded, Event
from deepimagetranslator.core.system import moving
from deepimagetranslator.ml.devices import load_engine

LIMIT_PERCENT = 1.0


class Flushes:
    """Adds up the flushes of each epoch.

    Attributes:
        epochs: (flushes, their seconds, the epoch's seconds with saving), by epoch.
    """

    def __init__(self) -> None:
        self.epochs: list[tuple[int, float, float]] = []
        self._count, self._seconds, self._begun = 0, 0.0, time.monotonic()
        self._flush = moving._flush
        moving._flush = self._timed

    def _timed(self, file: int) -> None:
        start = time.monotonic()
        self._flush(file)
        self._seconds += time.monotonic() - start
        self._count += 1

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            now = time.monotonic()
            self.epochs.append((self._count, self._seconds, now - self._begun))
            self._count, self._seconds, self._begun = 0, 0.0, now


def measure(folder: Path, epochs: int) -> dict[str, Any]:
    """The figures by name."""
    from deepimagetranslator.ml import training  # noqa: PLC0415

    project = paper_project(folder / "sample", "recommended", epochs + 1)
    ended, flushes = training.Job._epoch_ended, Flushes()

    def best(job: training.Job, epoch: int, values: dict[str, float], seconds: float) -> bool:
        job.state.best_value = float("inf")
        return ended(job, epoch, values, seconds)

    training.Job._epoch_ended = best  # type: ignore[method-assign]
    training.train(project, folder / "run", report=flushes)
    counts, flushing, whole = zip(*flushes.epochs[1:], strict=True)
    return {
        "flushes an epoch": statistics.median(counts),
        "flushing, ms": 1000 * statistics.median(flushing),
        "epoch, s": statistics.median(whole),
        "share, %": 100 * statistics.median(flushing) / statistics.median(whole),
    }


def main() -> int:
    """Print the table; exit status 1 over the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--epochs", type=int, default=5, help="how many count, beside the first")
    parser.add_argument("--folder", type=Path, help="on the disk that is asked about")
    arguments = parser.parse_args()
    load_engine()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        found = {"processor": processor(), **measure(Path(name), arguments.epochs)}
    if arguments.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:20}{value:.3g}" if isinstance(value, float) else f"{key:20}{value}")
    return int(found["share, %"] > LIMIT_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
