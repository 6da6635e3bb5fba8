"""What an epoch of training takes beyond its bare steps.

Run it as ``python tests/benchmarks/bench_epoch.py [--json] [--batch N ...] [--quick] [--profile]``.
The recommended preset in automatic precision on 24 training and 8 validation images of 512x512,
drawn and lying in files, once with the default geometry and once with all operations ticked
for the inputs. ``training.train`` trains; after each of its epochs a network of the same kind takes
bare steps on batches that lie in memory (``ml.benchmark``). Each epoch is divided by its number of
steps times the mean of the bare ones just before and after it; the median of the epochs counts. The
first epoch, in which the engine prepares its functions, is shown and left out.

"training" goes from the epoch's start to the end of its last step, "validation" from there to the
end of the last validation step, "whole" is all of it, with history and checkpoints. The exit status
is 1 if a ratio with a limit is over it. ``--profile`` adds where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.augmentation import sampling
from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml.devices import describe_device, load_engine

TRAIN, VAL = 24, 8
AUGMENTATIONS = {
    "geometry": AugmentationSpec(),
    "all": AugmentationSpec(**{f"{name}_input": True for name in OPERATIONS}),
}
LIMITS = {("geometry", "training"): 1.10, ("all", "training"): 1.20}
LIMITS |= {(name, "validation"): 1.10 for name in AUGMENTATIONS}


class Profile:
    """Calls, wall seconds and processor seconds of an epoch's parts, by wrapping what does them."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        self._lock = threading.Lock()

    def install(self) -> None:
        """Wrap the parts; those with the same first word contain each other."""
        from deepimagetranslator.ml import sequence, training, weights  # noqa: PLC0415
        from deepimagetranslator.ml.progress import ProgressCallback  # noqa: PLC0415

        for owner, name, part in (
            (sampling, "read_image", "pair: reading a file"),
            (sampling.PairReader, "_in_units", "pair: values to 0..1"),
            (sampling, "augment", "pair: augmentation"),
            (sequence.PairSequence, "batch", "pair: a batch, all of it"),
            (sequence.PairSequence, "__getitem__", "engine: waiting for a batch"),
            (ProgressCallback, "on_train_batch_end", "step: events and control"),
            (ProgressCallback, "on_test_batch_end", "validation step: control"),
            (RunFolder, "write_history", "epoch: history"),
            (weights, "save", "epoch: a checkpoint"),
            (training.Job, "_save", "epoch: checkpoints, all"),
        ):
            self._wrap(owner, name, part)

    def _wrap(self, owner: Any, name: str, part: str) -> None:
        real = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            wall, processor = time.perf_counter(), time.thread_time()
            try:
                return real(*arguments, **options)
            finally:
                found = 1, time.perf_counter() - wall, time.thread_time() - processor
                with self._lock:
                    before = self.parts[part]
                    self.parts[part] = [a + b for a, b in zip(before, found, strict=True)]

        setattr(owner, name, timed)

    def table(self) -> list[str]:
        """A line a part: calls, milliseconds a call by the clock and of the thread's processor."""
        lines = [f"{'part':30}{'calls':>7}{'ms':>9}{'cpu ms':>9}   of a call"]
        for part, (calls, wall, processor) in sorted(self.parts.items()):
            times = "".join(f"{1000 * seconds / calls:9.2f}" for seconds in (wall, processor))
            lines.append(f"{part:30}{calls:7.0f}{times}")
        return lines


def measure(batch: int, name: str, quick: bool) -> dict[str, float]:
    """Milliseconds and ratios by name, for one batch size and augmentation."""
    from deepimagetranslator.ml import benchmark  # noqa: PLC0415

    train, val, epochs = (8, 4, 2) if quick else (TRAIN, VAL, 4)
    with tempfile.TemporaryDirectory() as folder:
        project = benchmark.drawn_project(Path(folder) / "sample", train, val)
        training = replace(project.specs.training, batch_size=batch)
        specs = replace(project.specs, training=training, augmentation=AUGMENTATIONS[name])
        project = replace(project, specs=specs)
        result = benchmark.compare(project, Path(folder) / "run", epochs=epochs)
    found = {
        "bare step": 1000 * statistics.median(result.steps),
        "bare validation step": 1000 * statistics.median(result.forward),
        "first epoch": 1000 * result.epochs[0].whole,
        "epoch": 1000 * statistics.median(epoch.whole for epoch in result.epochs[1:]),
    }
    for part in ("training", "validation", "whole"):
        ratios = result.ratios(part)
        found[f"{part} / bare"] = statistics.median(ratios)
        found[f"{part} / bare, worst epoch"] = max(ratios)
    return found


def main() -> int:
    """Print the table; exit status 1 if a ratio is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, milliseconds")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4], help="batch sizes")
    parser.add_argument("--only", choices=AUGMENTATIONS, help="one augmentation")
    parser.add_argument("--quick", action="store_true", help="fewer images and epochs")
    parser.add_argument("--profile", action="store_true", help="where the time goes, on stderr")
    arguments = parser.parse_args()
    load_engine()
    found: dict[str, float] = {}
    over = False
    if not arguments.json:
        print(describe_device())
    for batch in arguments.batch:
        for name in [arguments.only] if arguments.only else AUGMENTATIONS:
            profile = Profile()
            if arguments.profile:
                profile.install()
            for key, value in measure(batch, name, arguments.quick).items():
                full = f"batch {batch}, {name}: {key}"
                found[full] = value
                limit = LIMITS.get((name, key.removesuffix(" / bare")))
                over |= limit is not None and value > limit
                if not arguments.json:
                    shown = f"{value:10.3f}" if "/" in key else f"{value:7.0f} ms"
                    print(f"{full:56}{shown}{f' of {limit}' if limit else ''}", flush=True)
            if arguments.profile:
                print("\n".join(profile.table()), file=sys.stderr, flush=True)
    found["load average"] = os.getloadavg()[0]
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        print(f"{'load average':56}{found['load average']:10.2f}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
