"""The memory that translating one very large image takes, beyond what a small one takes.

Run it as ``python tests/benchmarks/bench_large_image.py [--width 10000] [--height 15000]
[--large-images tiles resize] [--formats png tif] [--json]``. A tiny network (depth 2, 4 channels
in the first convolution, 512 x 512) translates an RGB image of 8 bits in a process of its own:
reading, tiles, result and writing together. Printed is the process' greatest resident set, less
that of the same process translating an image of 512 x 512 pixels, and the time. The image is noise
on a ramp, which PNG can hardly compress. Ends with 1 if more than 2 GiB are needed. Not on Windows.

This process stays small and has the files written by others: on Linux a child's greatest resident
set begins with its parent's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDE = 512
MIB = 2**20
LIMIT = 2048
"""MiB beyond the network's own memory."""


def write_picture(path: Path, height: int, width: int) -> None:
    """Write noise on a ramp, uint8."""
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.imaging.images import write_image  # noqa: PLC0415

    rng = np.random.default_rng(1)
    image = np.empty((height, width, 3), np.uint8)
    ramp = np.linspace(0, 200, width, dtype=np.uint8)[:, None]
    for row in range(0, height, 1000):
        part = image[row : row + 1000]
        part[:] = rng.integers(0, 50, part.shape, np.uint8) + ramp
    write_image(path, image)


def write_network(path: Path) -> None:
    """Write the weights of a tiny network."""
    from deepimagetranslator.core.config.specs import ModelSpec  # noqa: PLC0415
    from deepimagetranslator.ml import weights  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415
    from deepimagetranslator.ml.weights_card import WeightsCard  # noqa: PLC0415

    spec = ModelSpec(
        depth=2,
        base_filters=4,
        input_height=SIDE,
        input_width=SIDE,
        input_channels=3,
        target_height=SIDE,
        target_width=SIDE,
        target_channels=3,
        final_activation="sigmoid",
    )
    weights.save(build_unet(spec), path, WeightsCard(spec))


def translate(weights: Path, image: Path, output: Path, how: str) -> None:
    """Translate, and print the greatest resident set in bytes and the seconds."""
    import resource  # noqa: PLC0415

    from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

    load_engine()
    from deepimagetranslator.core.config.specs import TranslationSpec  # noqa: PLC0415
    from deepimagetranslator.ml import translation  # noqa: PLC0415

    start = time.monotonic()
    file_format = image.suffix.removeprefix(".")
    spec = TranslationSpec(large_images=how, file_format=file_format, batch_size=4)
    result = translation.translate(weights, [image], output, spec)
    if result.skipped:
        raise SystemExit(result.skipped[0][1])
    seconds = time.monotonic() - start
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"peak": peak, "seconds": round(seconds, 1)}))


def measured(weights: Path, image: Path, how: str) -> dict[str, float]:
    """What ``translate`` prints, of a process of its own."""
    with tempfile.TemporaryDirectory() as output:
        return dict(json.loads(child("translate", weights, image, output, how).splitlines()[-1]))


def child(*task: object) -> str:
    """What a process of its own prints that does one task."""
    command = [sys.executable, __file__, "--child", *map(str, task)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def do(task: str, *given: str) -> None:
    """One task, in its own process."""
    if task == "translate":
        weights, image, output, how = given
        translate(Path(weights), Path(image), Path(output), how)
    elif task == "picture":
        path, height, width = given
        write_picture(Path(path), int(height), int(width))
    else:
        write_network(Path(given[0]))


def main() -> int:
    """Print the table; 1 if it is more than 2 GiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=10_000)
    parser.add_argument("--height", type=int, default=15_000)
    parser.add_argument("--large-images", nargs="+", default=["tiles", "resize"])
    parser.add_argument("--formats", nargs="+", default=["png", "tif"])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        do(*given.child)
        return 0
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child("network", folder / "tiny.weights.h5")
        for file_format in given.formats:
            small, large = (folder / f"{size}.{file_format}" for size in ("small", "large"))
            child("picture", small, SIDE, SIDE)
            child("picture", large, given.height, given.width)
            for how in given.large_images:
                base = measured(folder / "tiny.weights.h5", small, how)
                full = measured(folder / "tiny.weights.h5", large, how)
                row = {
                    "format": file_format,
                    "large_images": how,
                    "mib": round((full["peak"] - base["peak"]) / MIB),
                    "network_mib": round(base["peak"] / MIB),
                    "seconds": full["seconds"],
                }
                rows.append(row)
                if not given.json:
                    print(
                        f"{given.width} x {given.height} {file_format}, {how}: {row['mib']} MiB "
                        f"beyond the {row['network_mib']} of the engine, {row['seconds']} s",
                        flush=True,
                    )
            large.unlink()
    if given.json:
        print(json.dumps(rows, indent=2))
    return int(any(row["mib"] > LIMIT for row in rows))


if __name__ == "__main__":
    sys.exit(main())
