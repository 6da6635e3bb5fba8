"""How long a check of many images takes, in time, processor time and memory.

Draws some pairs (grey 8-bit CT-like inputs, colour maps as targets), and copies them with a few
changed pixels until there are enough, so that no two are the same image; then checks the project,
and checks it again, which reads nothing.

    python tests/benchmarks/bench_check.py [--images 10000] [--size 512] [--folder DIR]

Ends with 1 if it took more than 120 s or 1 GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.sample import draw_slice

PEOPLE, DRAWN_EACH = 4, 10
MOST_SECONDS, MOST_BYTES = 120, 2**30


def write_set(folder: Path, pairs: int, size: int) -> tuple[list[str], list[str]]:
    """The inputs and targets, as many persons as there are drawn ones times their copies."""
    drawn = [
        draw_slice(1 + number % PEOPLE, number // PEOPLE, size, slices=DRAWN_EACH)
        for number in range(min(pairs, PEOPLE * DRAWN_EACH))
    ]
    files: tuple[list[str], list[str]] = ([], [])
    rng = np.random.default_rng(1)
    for number in range(pairs):
        image, target = (array.copy() for array in drawn[number % len(drawn)])
        rows, columns = rng.integers(0, size, (2, 20))
        image[rows, columns] = rng.integers(1, 256, (20, 1))
        person, index = divmod(number, 100)
        for kind, array, names in zip(("images", "targets"), (image, target), files, strict=True):
            path = folder / f"person{person:03}" / kind / f"slice{index:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                write_image(path, array)
            names.append(str(path))
    return files


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the images here; used again if there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        inputs, targets = write_set(folder, given.images // 2, given.size)
        val = max(1, len(inputs) // 500) * 100 if len(inputs) > 100 else len(inputs) // 5
        data = DataSpec(
            tuple(inputs[val:]), tuple(targets[val:]), tuple(inputs[:val]), tuple(targets[:val])
        )
        specs = replace(Specs(), data=data)
        found: dict[str, float] = {"images": given.images}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name in ("first", "again"):
            wall, cpu = time.perf_counter(), time.process_time()
            _, matched, problems = examine(specs, folder=folder)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            found |= {f"{name}, s": round(wall, 2), f"{name}, processor s": round(cpu, 2)}
            found["pairs"] = len(matched.train) + len(matched.val)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found |= {
            "before, MiB": before // 1024,
            "peak, MiB": peak // 1024,
            "load": os.getloadavg()[0],
        }
        if given.json:
            print(json.dumps(found))
        else:
            for name, value in found.items():
                print(f"{name:20}{value:10g}")
            for problem in problems:
                print(f"found: {problem.kind}: {problem.message}")
    return int(found["first, s"] > MOST_SECONDS or peak * 1024 > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
