"""How long listing many files takes, and reading stacks slice by slice against reading them whole.

Run it as ``python tests/benchmarks/bench_reading.py [--files N]``; status 1 if a budget is broken.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import tifffile

from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image

MOST = 4.0  # times slower than the library itself


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def copies(folder: Path, suffix: str, count: int) -> Path:
    """A folder with one small TIFF many times, by that name."""
    folder.mkdir()
    tifffile.imwrite(folder / "0.tif", np.zeros((64, 64), np.uint8))
    content = (folder / "0.tif").read_bytes()
    (folder / "0.tif").unlink()
    for number in range(count):
        (folder / f"{number}{suffix}").write_bytes(content)
    return folder


def opened(folder: Path) -> None:
    for path in folder.iterdir():
        with tifffile.TiffFile(path) as tif:
            len(tif.pages)


def by_slice(path: Path) -> float:
    return seconds(lambda: [read_image(file) for file in list_images(path)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    count, found = given.files, {}
    with tempfile.TemporaryDirectory() as name:
        pictures = copies(Path(name) / "png", ".png", count)
        png = seconds(lambda: list_images(pictures))
        found["list PNG, ms a file"] = 1000 * png / count
        tiffs = copies(Path(name) / "tif", ".tif", count)
        took = seconds(lambda: list_images(tiffs))
        ratio = took / seconds(lambda: opened(tiffs))
        broken = ratio > MOST
        found |= {"list TIFF, ms a file": 1000 * took / count, "list TIFF / open": ratio}
        stack = np.random.default_rng(0).integers(0, 999, (500, 256, 256)).astype(np.int16)
        tif, nifti = Path(name) / "stack.tif", Path(name) / "volume.nii.gz"
        tifffile.imwrite(tif, stack, photometric="minisblack", compression="zlib")
        nibabel.save(nibabel.Nifti1Image(stack.T, np.diag([-1, -1, 1, 1])), nifti)
        for path, whole in (
            (tif, lambda: tifffile.imread(tif, maxworkers=1).astype(np.float32)),
            (nifti, lambda: nibabel.load(nifti).get_fdata(dtype=np.float32)),
        ):
            ratio = by_slice(path) / seconds(whole)
            broken |= ratio > MOST
            found[f"{path.name} by slice / whole"] = ratio
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:34}{value:8.3f}" + f" of at most {MOST}" * ("/" in name))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
