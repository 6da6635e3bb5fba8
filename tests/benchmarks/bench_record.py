"""How soon a training begins after a check of many unchanged images, with its record and without.

Writes small pairs (label maps), checks them as the command does, then begins a training of a small
network twice: reading the images again, and believing the record that the check left. Each is
cancelled after its first step. On Linux it also counts the bytes that the program reads, for each
byte of the image files; the first epoch of a small set shows what a whole one reads.

    python tests/benchmarks/bench_record.py [--images 10000] [--size 64] [--folder DIR]

Ends with 1 if the record spares less than four fifths of the time that reading takes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench_check import write_set

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.facts import forget_all
from deepimagetranslator.core.messages.events import BatchEnded, Event, LogLine
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml.devices import load_engine

SPARED = 0.8
SMALL_SET = 60


def bytes_read() -> int:
    """By this process so far, from the system's cache too; 0 if the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/io").read_text().splitlines():
            if line.startswith("rchar:"):
                return int(line.split()[1])
    return 0


def project_of(inputs: list[str], targets: list[str], epochs: int) -> Project:
    """A small network; a tenth of the pairs validates."""
    val = max(1, len(inputs) // 10)
    lists = {
        "train_inputs": tuple(inputs[val:]),
        "train_targets": tuple(targets[val:]),
        "val_inputs": tuple(inputs[:val]),
        "val_targets": tuple(targets[:val]),
        "cache_mib": 0,
    }
    project = new_project("recommended", lists)
    specs = project.specs
    model = replace(specs.model, depth=2, base_filters=4)
    choices = replace(specs.training, precision="float32", metrics=(), epochs=epochs)
    return replace(project, specs=replace(specs, model=model, training=choices))


class FirstStep:
    """Notes when the images are ready and when the first step has ended, and cancels then."""

    def __init__(self, whole: bool = False) -> None:
        self.control = JobControl()
        self._whole = whole
        self._start = time.perf_counter()
        self.ready = self.step = 0.0

    def __call__(self, event: Event) -> None:
        passed = round(time.perf_counter() - self._start, 3)
        if isinstance(event, LogLine) and "training and" in event.text:
            self.ready = self.ready or passed
        if isinstance(event, BatchEnded):
            self.step = self.step or passed
            if not self._whole:
                self.control.cancel.set()


def begin(project: Project, run_dir: Path, record: Path | None, whole: bool = False) -> FirstStep:
    """Train up to the first step, or the whole epoch."""
    from deepimagetranslator.ml import training  # noqa: PLC0415

    watch = FirstStep(whole)
    with suppress(Cancelled):
        training.train(project, run_dir, report=watch, control=watch.control, record=record)
    return watch


def read_for_each_byte(files: list[str], work: Callable[[], object]) -> float:
    """How many bytes ``work`` reads for each byte of the files."""
    before = bytes_read()
    work()
    return round((bytes_read() - before) / sum(Path(file).stat().st_size for file in files), 2)


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the images here; used again if there")
    given = parser.parse_args()
    load_engine()
    found: dict[str, Any] = {"images": given.images, "size": given.size}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name in ("to load what is needed", "few"):
            few = write_set(place / name, SMALL_SET // 2, 512)
            small, record = project_of(*few, epochs=1), record_file(place / f"{name}.json")
            found["read by the check, bytes a byte"] = read_for_each_byte(
                few[0] + few[1], partial(examine, small.specs, record=record)
            )
            found["read by the first epoch, bytes a byte"] = read_for_each_byte(
                few[0] + few[1], partial(begin, small, place / f"{name} run", record, whole=True)
            )
        files = write_set(given.folder or place / "many", given.images // 2, given.size)
        project, record = project_of(*files, epochs=1), record_file(place / "many.json")
        start = time.perf_counter()
        examine(project.specs, record=record)
        found["check, s"] = round(time.perf_counter() - start, 2)
        found["record, bytes a file"] = round(record.stat().st_size / given.images)
        for name, believed in (("without", None), ("with", record)):
            forget_all()  # as in another process
            watch = begin(project, place / name, believed)
            found[f"{name} the record: images ready, s"] = watch.ready
            found[f"{name} the record: first step, s"] = watch.step
    found["load"] = os.getloadavg()[0]
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:42}{value:10g}")
    ready = [found[f"{name} the record: images ready, s"] for name in ("with", "without")]
    return int(ready[0] > (1 - SPARED) * ready[1])


if __name__ == "__main__":
    sys.exit(main())
