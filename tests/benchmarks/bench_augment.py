"""How long each augmentation takes on one 512x512 RGB pair in memory, in one thread.

Run it as ``python tests/benchmarks/bench_augment.py [--json] [--repeats N] [--size N]``. Operations
are ticked for both sides with the spec's default amounts; the median of several draws counts.
"""

import argparse
import json
import statistics
import sys
import time

import cv2
import numpy as np

from deepimagetranslator.core.augmentation.pipeline import augment, sample_generator
from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec

BUDGET_MS = 60.0


def ticked(names: tuple[str, ...], behaviour: str) -> AugmentationSpec:
    """The default amounts, with these operations ticked for both sides."""
    ticks = {f"{o}_{side}": o in names for o in OPERATIONS for side in ("input", "target")}
    return AugmentationSpec(behaviour=behaviour, **ticks)


def milliseconds(spec: AugmentationSpec, size: int, repeats: int) -> float:
    """The median time of augmenting one pair."""
    rng = np.random.default_rng(0)
    pair = tuple(rng.random((size, size, 3), dtype=np.float32) for _ in range(2))
    times = []
    for index in range(repeats + 2):
        start = time.perf_counter()
        augment(pair, spec, sample_generator(0, 0, index))
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[2:])  # the first ones fill the caches


def measure(size: int = 512, repeats: int = 15) -> dict[str, float]:
    """Milliseconds by operation, of all together, of all in 2021's way, and all over the budget."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        found = {o: milliseconds(ticked((o,), "current"), size, repeats) for o in OPERATIONS}
        found["all"] = milliseconds(ticked(OPERATIONS, "current"), size, repeats)
        found["all, 2021"] = milliseconds(ticked(OPERATIONS, "2021"), size, min(3, repeats))
    finally:
        cv2.setNumThreads(threads)
    found["all / budget"] = found["all"] / BUDGET_MS
    return found


def main() -> int:
    """Print the table; exit status 1 if all together take longer than the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, milliseconds")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--size", type=int, default=512)
    arguments = parser.parse_args()
    found = measure(arguments.size, arguments.repeats)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            print(f"{name:14s}{value:9.2f}" + (f" of {BUDGET_MS:g} ms" if "/" in name else " ms"))
    return int(found["all / budget"] > 1)


if __name__ == "__main__":
    sys.exit(main())
