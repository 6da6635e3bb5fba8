"""Milliseconds a target of 512 x 512 pixels for finding label colours, and for making them exact.

Run: python tests/benchmarks/bench_labels.py
At most 6 ms are allowed for finding: 10,000 images are checked in under two minutes.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette

_ROUNDS, _ALLOWED = 20, 6.0
TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8", snap=True)


def _discs(classes: int) -> np.ndarray:
    rng, image = np.random.default_rng(1), np.zeros((512, 512), np.uint8)
    for number in range(40):
        centre = tuple(int(v) for v in rng.integers(0, 512, 2))
        cv2.circle(image, centre, int(rng.integers(10, 80)), number % classes, -1)
    return image


def _jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file))


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times)) * 1000


def main() -> int:
    """Print the table; 1 if finding takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    tissue = TISSUES.decode(_discs(4))
    images = {
        "tissue map": tissue,
        "tissue map, JPEG": _jpeg(tissue),
        "mask": _discs(2)[..., None] * np.uint8(255),
        "32 classes, float": _discs(32)[..., None].astype(np.float32),
        "scan, 16 bits": rng.integers(0, 2000, (512, 512, 1), np.uint16),
        "noise in colour": rng.integers(0, 256, (512, 512, 3), np.uint8),
    }
    found = {}
    for name, image in images.items():
        took = _milliseconds(lambda image=image: ColourCount().add(image))  # type: ignore[misc]
        found[f"find, {name}, ms"] = took
    for name in ("tissue map", "tissue map, JPEG"):
        took = _milliseconds(lambda name=name: TISSUES.encode(images[name], name))  # type: ignore[misc]
        found[f"encode, {name}, ms"] = took
    slowest = max(took for name, took in found.items() if name.startswith("find"))
    found["slowest to find / allowed"] = slowest / _ALLOWED
    if given.json:
        print(json.dumps(found))
    else:
        for name, took in found.items():
            print(f"{name:34}{took:8.2f}")
    return int(slowest > _ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
