"""The studies of the paper on real images, by the product's own commands.

    python tests/benchmarks/studies/real_images.py run --folder FOLDER [--budget MINUTES]
        [--only tissue-2021 ...] [--quick]
    python tests/benchmarks/studies/real_images.py collect --folder FOLDER

``run`` goes on where it was stopped: give the same folder again. It ends with 0 when all is done,
and with 3 when the budget is used up. See the README beside this file.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path

from collecting import collect
from cross_validation import PRESETS, membranes, tissue
from denoising import denoising
from product import OutOfTime, Product

DONE, UNFINISHED = 0, 3
STUDIES: dict[str, Callable[[Product, Path], None]] = {
    **{f"tissue-{preset}": functools.partial(tissue, preset=preset) for preset in PRESETS},
    **{f"membranes-{preset}": functools.partial(membranes, preset=preset) for preset in PRESETS},
    "denoising": denoising,
}


def run(folder: Path, names: list[str], minutes: float, quick: bool) -> int:
    """Run the studies of these names as far as the time allows."""
    product = Product(time.monotonic() + 60 * minutes, quick)
    try:
        for name in names:
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            STUDIES[name](product, place)
            print(f"{name}: done", file=sys.stderr, flush=True)
    except OutOfTime:
        print(f"{name}: the time is over; run it again to go on.", file=sys.stderr)
        return UNFINISHED
    return DONE


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("run", "collect"))
    parser.add_argument("--folder", type=Path, required=True, help="outside the checkout; it stays")
    parser.add_argument("--only", nargs="+", choices=tuple(STUDIES), default=list(STUDIES))
    parser.add_argument("--budget", type=float, default=120, metavar="MINUTES")
    parser.add_argument("--quick", action="store_true", help="64 x 64, 2 epochs, a small network")
    given = parser.parse_args()
    folder = given.folder.absolute()
    if given.what == "run":
        return run(folder, given.only, given.budget, given.quick)
    return collect(folder, given.only)


if __name__ == "__main__":
    sys.exit(main())
