"""The seconds of the paper's epoch, on a GPU or a processor.

Run it as ``python tests/benchmarks/bench_gpu.py [--json] [--epochs N] [--preset NAME ...] [--cpu]``
for 18 training and 9 validation images, 512x512 RGB, depth 5, 16 filters, batch size 1: Ye et al.
(bioRxiv 2021) report 3 s on an NVIDIA RTX 2060. ``training.train`` trains preset 2021 in float32
and ``recommended`` in automatic precision on drawn pairs that lie in files. The first epoch, in
which the engine prepares its functions, is shown and left out; the median of the others counts.

"waiting" is the share of an epoch that is not spent on its bare steps: Keras' ``train_on_batch``
and ``test_on_batch`` of the same network with batches that lie in memory. "GPU busy" is how much of
the time kernels ran on it, the mean of nvidia-smi's samples in the epochs that count, where it is
there. Without a GPU the exit status is 2, unless ``--cpu`` is given to measure the processor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.messages.events import EpochEnded, EpochStarted, Event
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.ml.devices import choose_precision, gpu_names, load_engine

TRAIN, VAL, SIZE = 18, 9, 512
PAPER_SECONDS = 3.0
ROUNDS = 3
"""How often the bare steps of an epoch are measured; the median counts."""
_SAMPLE_SECONDS = 0.2


class GpuWatch:
    """Asks nvidia-smi again and again how busy the GPU is, in a thread.

    Attributes:
        samples: (time as of ``time.monotonic``, percent) of the first GPU.
    """

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Sample meanwhile; do nothing where there is no nvidia-smi."""
        if shutil.which("nvidia-smi") is None:
            yield
            return
        command = ["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu"]
        command += ["--format=csv,noheader,nounits", f"--loop-ms={1000 * _SAMPLE_SECONDS:g}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
            reader.start()
            try:
                yield
            finally:
                process.terminate()
                reader.join()

    def _read(self, lines: Any) -> None:
        for line in lines:
            with contextlib.suppress(ValueError):  # "[N/A]"
                self.samples.append((time.monotonic(), float(line)))

    def busy(self, start: float, end: float) -> float | None:
        """The mean percentage between two times; None if nothing was sampled."""
        found = [percent for at, percent in self.samples if start <= at <= end]
        return statistics.mean(found) if found else None


class EpochTimes:
    """A report callback that keeps when each epoch began and ended."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self._start = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochStarted):
            self._start = time.monotonic()
        elif isinstance(event, EpochEnded):
            self.spans.append((self._start, time.monotonic()))


def paper_project(folder: Path, preset: str, epochs: int) -> Project:
    """The paper's geometry on drawn pairs."""
    people = write_sample(folder, size=SIZE, people=[1], slices=TRAIN + VAL).pairs
    pairs = [pair for person in people.values() for pair in person]
    inputs, targets = (tuple(str(pair[side]) for pair in pairs) for side in (0, 1))
    lists = {"train_inputs": inputs[:TRAIN], "train_targets": targets[:TRAIN]}
    lists |= {"val_inputs": inputs[TRAIN:], "val_targets": targets[TRAIN:]}
    project = new_project(preset, lists)
    specs = project.specs
    model = replace(specs.model, depth=5, base_filters=16, input_channels=3)
    training = replace(specs.training, epochs=epochs, batch_size=1)
    return replace(project, specs=replace(specs, model=model, training=training))


def bare_seconds(project: Project, folder: Path) -> float:
    """The bare steps of one epoch, the median of ``ROUNDS`` rounds."""
    from deepimagetranslator.ml.benchmark import BareSteps  # noqa: PLC0415

    bare, control = BareSteps(project, folder, most=TRAIN), JobControl()
    try:
        return statistics.median(
            TRAIN * bare.train(control) + VAL * bare.validate(control) for _ in range(ROUNDS)
        )
    finally:
        bare.close()


def measure(preset: str, epochs: int) -> dict[str, Any]:
    """One preset's figures: seconds, percentages and ratios by name."""
    from deepimagetranslator.ml import training  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = paper_project(folder / "sample", preset, epochs + 1)
        times, watch = EpochTimes(), GpuWatch()
        with watch.watching():
            training.train(project, folder / "run", report=times)
        bare = bare_seconds(project, folder / "bare")
    spans = times.spans[1:]
    epoch = statistics.median(end - start for start, end in spans)
    found: dict[str, Any] = {
        "precision": choose_precision(project.specs.training.precision),
        "first epoch, s": times.spans[0][1] - times.spans[0][0],
        "epoch, s": epoch,
        "epoch, fastest, s": min(end - start for start, end in spans),
        "epoch, slowest, s": max(end - start for start, end in spans),
        "bare steps, s": bare,
        "waiting, %": 100 * max(0.0, 1 - bare / epoch),
        "epoch / paper's 3 s": epoch / PAPER_SECONDS,
    }
    busy = watch.busy(spans[0][0], spans[-1][1])
    if busy is not None:
        found["GPU busy, %"] = busy
    return found


def processor() -> str:
    """The processor's name and its cores that may be used."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def main() -> int:
    """Print the table; exit status 2 without a GPU that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--epochs", type=int, default=5, help="how many count, beside the first")
    parser.add_argument("--preset", nargs="+", choices=PRESETS, default=["2021", "recommended"])
    parser.add_argument("--cpu", action="store_true", help="measure the processor")
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error("--epochs must be 1 or more")
    if arguments.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    load_engine()
    gpus = gpu_names()
    if not gpus and not arguments.cpu:
        sentence = "TensorFlow sees no GPU here: install '.[gpu]' and a driver for an NVIDIA GPU"
        print(f"{sentence}, or give --cpu to measure the processor.", file=sys.stderr)
        return 2
    device = gpus[0] if gpus else processor()
    found = {preset: measure(preset, arguments.epochs) for preset in arguments.preset}
    if arguments.json:
        rounded = {
            preset: {k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}
            for preset, figures in found.items()
        }
        print(json.dumps({"device": device} | rounded))
        return 0
    print(device)
    print(f"{'':24s}" + "".join(f"{preset:>16s}" for preset in found))
    for row in next(iter(found.values())):
        cells = (figures.get(row, "") for figures in found.values())
        texts = (f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells)
        print(f"{row:24s}" + "".join(f"{text:>16s}" for text in texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
