"""How long it takes to order 1,000 DICOM slices, and what one frame of a large file costs.

Run it as ``python tests/benchmarks/bench_dicom.py [--json] [--slices N]``. Times are of the
processor; the memory is what Python and NumPy take at most while one frame of 400 is read.
"""

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from dicom_samples import dataset, write

from deepimagetranslator.core.imaging import dicom
from deepimagetranslator.core.imaging.files import list_images

BUDGET_S, BUDGET_MIB = 4.0, 16.0
SIZE, FRAMES = 256, 400


def measure(slices: int) -> dict[str, float]:
    """Seconds to list the slices, for the first and for the second time, and MiB for a frame."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pixels = np.zeros((SIZE, SIZE), np.int16)
        for number in range(slices):
            place = {"ImagePositionPatient": [0, 0, -number]}
            place["ImageOrientationPatient"] = [1, 0, 0, 0, 1, 0]
            write(folder / "series" / f"{number}.dcm", dataset(pixels, **place))
        seconds = []
        for _ in range(2):
            start = time.process_time()
            found = list_images(folder / "series")
            seconds.append(time.process_time() - start)
        assert [path.stem for path in found[:2]] == [f"{slices - 1}", f"{slices - 2}"]
        large = write(folder / "large.dcm", dataset(np.zeros((FRAMES, SIZE, SIZE), np.int16)))
        tracemalloc.start()
        dicom.read(large, FRAMES)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return {"first_s": seconds[0], "again_s": seconds[1], "frame_mib": peak}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--slices", type=int, default=1000)
    arguments = parser.parse_args()
    found = measure(arguments.slices)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        print(f"{arguments.slices} slices in order: {found['first_s']:.2f} s, again "
              f"{found['again_s']:.2f} s (budget {BUDGET_S} s)")  # fmt: skip
        print(f"one frame of {FRAMES}: {found['frame_mib']:.1f} MiB (budget {BUDGET_MIB} MiB)")
    return int(found["first_s"] > BUDGET_S or found["frame_mib"] > BUDGET_MIB)


if __name__ == "__main__":
    sys.exit(main())
