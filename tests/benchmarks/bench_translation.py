"""Images per second of translating a folder, beside the network's bare forward passes.

Run it as ``python tests/benchmarks/bench_translation.py [--json] [--images N] [--case NAME ...]
[--only folder|first]``. The network is the card's usual one, 512x512x3, depth 5, 16 channels in the
first convolution, untrained, in automatic precision. Each case has a process of its own, in which
the product's ``translate`` turns a folder of PNGs, every other one grey, into PNGs: read, resized,
translated, rendered, written. After every hundredth image it rests while ``predict_on_batch``
translates one prepared image of the same network some times, so that both see the same machine.
The memory is the resident set after the hundredth and after the last image.

Then how long it takes until the first image is there: from the call of ``translate`` with the
engine loaded in a fresh process, and from the request to the event with a worker just ready.

Ends with 1 if a folder has less than 0.85 of the bare images per second, memory grows by more than
20 MiB, or a first image takes longer than 2 s.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LEAST_RATIO, MOST_GROWTH_MIB, MOST_FIRST_S = 0.85, 20.0, 2.0
CASES = {
    "labels": ("labels", (512, 512)),
    "values": ("values", (512, 512)),
    "labels, resized": ("labels", (600, 700)),
    "values, resized": ("values", (600, 700)),
}
"""What is written, and the height and width of the images."""
PART = 100
DRAWN, WARM, STEPS = 20, 4, 16
SIDE, MIB = 512, 2**20
_PATIENCE = 60.0


def write_images(folder: Path, count: int, size: tuple[int, int]) -> None:
    """PNGs of drawn CT with its noise, every other one in colour; some drawn, then copied."""
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.imaging.images import write_image  # noqa: PLC0415
    from deepimagetranslator.core.imaging.pixels import resize  # noqa: PLC0415
    from deepimagetranslator.core.sample import draw_slice  # noqa: PLC0415

    folder.mkdir()
    files = []
    for number in range(min(DRAWN, count)):
        image, _ = draw_slice(1 + number % 6, number, max(size), slices=DRAWN)
        image = resize(image, *size)
        if number % 2:
            image = np.concatenate([image, image[:, ::-1], 255 - image], axis=2)
        path = folder / f"slice{number:04}.png"
        write_image(path, image)
        files.append(path.read_bytes())
    for number in range(len(files), count):
        (folder / f"slice{number:04}.png").write_bytes(files[number % DRAWN])


def write_network(path: Path) -> None:
    """Weights as a training on label maps leaves them, but untrained."""
    from deepimagetranslator.core.config.specs import ModelSpec  # noqa: PLC0415
    from deepimagetranslator.core.data.labels.palette import Palette  # noqa: PLC0415
    from deepimagetranslator.ml import weights  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415
    from deepimagetranslator.ml.weights_card import WeightsCard  # noqa: PLC0415

    sizes = {f"{kind}_{side}": SIDE for kind in ("input", "target") for side in ("height", "width")}
    spec = ModelSpec(
        depth=5,
        base_filters=16,
        input_channels=3,
        target_channels=3,
        final_activation="sigmoid",
        **sizes,
    )
    palette = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
    weights.save(build_unet(spec), path, WeightsCard(spec, palette=palette))


def resident_mib() -> float:
    """What of this process is in memory; Linux only, else 0."""
    status = Path("/proc/self/statm")
    return int(status.read_text(encoding="ascii").split()[1]) * 4096 / MIB if status.exists() else 0


def folder_case(weights_path: Path, folder: Path, output: str) -> dict[str, float]:
    """Translate a folder in this process, with bare forward passes between its parts."""
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.config.specs import TranslationSpec  # noqa: PLC0415
    from deepimagetranslator.core.messages.events import Event, ImageTranslated  # noqa: PLC0415
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    from deepimagetranslator.ml import translation, weights  # noqa: PLC0415

    network, _ = weights.load(weights_path, devices.choose_precision("automatic"))
    x = np.random.default_rng(1).random((1, SIDE, SIDE, 3), np.float32)
    bare: list[float] = []
    resident: list[float] = []

    def rest() -> float:
        """The seconds that it took."""
        began = time.perf_counter()
        for step in range(WARM + STEPS):
            start = time.perf_counter()
            network.predict_on_batch(x)
            if step >= WARM:  # before that the files that were begun are finished
                bare.append(time.perf_counter() - start)
        return time.perf_counter() - began

    rested = done = 0

    def report(event: Event) -> None:
        nonlocal rested, done
        done += isinstance(event, ImageTranslated)
        if isinstance(event, ImageTranslated) and done % PART == 0:
            resident.append(resident_mib())
            rested += rest()

    rest()
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        spec = TranslationSpec(output=output)
        result = translation.translate(weights_path, [folder], Path(name), spec, report=report)
        seconds = time.perf_counter() - start - rested
    rest()
    assert not result.skipped
    bare_s = float(np.mean(bare))
    ours = len(result.translated) / seconds
    return {
        "images a second": ours,
        "bare": 1 / bare_s,
        "ratio": ours * bare_s,
        "MiB after the first part": resident[0] if resident else resident_mib(),
        "MiB at the end": resident[-1] if resident else resident_mib(),
    }


def first_case(weights_path: Path, folder: Path, _output: str) -> dict[str, float]:
    """Seconds until the first image of a folder is there, in this fresh process."""
    from deepimagetranslator.core.messages.events import Event, ImageTranslated  # noqa: PLC0415
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    start = time.perf_counter()
    from deepimagetranslator.ml import translation  # noqa: PLC0415

    seconds: list[float] = []

    def report(event: Event) -> None:
        if isinstance(event, ImageTranslated):
            seconds.append(time.perf_counter() - start)

    with tempfile.TemporaryDirectory() as name:
        translation.translate(weights_path, [folder], Path(name), report=report)
    return {"first image, s": seconds[0]}


def child(kind: str, *arguments: object) -> dict[str, float]:
    """A case measured in a fresh process."""
    command = [sys.executable, __file__, "--child", kind, *map(str, arguments)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def first_of_worker(weights_path: Path, folder: Path, home: Path) -> float:
    """Seconds from the request to the first event that names a translated image."""
    from deepimagetranslator.app.engine.worker_client import WorkerClient  # noqa: PLC0415
    from deepimagetranslator.core.config.specs import TranslationSpec  # noqa: PLC0415
    from deepimagetranslator.core.messages.events import ImageTranslated  # noqa: PLC0415
    from deepimagetranslator.core.messages.requests import TranslateImages  # noqa: PLC0415

    client = WorkerClient(home / "worker.log")
    client.start()
    try:
        end = time.monotonic() + _PATIENCE
        while not client.ready and time.monotonic() < end:
            client.poll()
            time.sleep(0.005)
        start = time.monotonic()
        job = client.next_job()
        client.submit(
            TranslateImages(job, weights_path, (folder,), home / "out", TranslationSpec())
        )
        while time.monotonic() < end:
            if any(isinstance(event, ImageTranslated) for event in client.poll()):
                return time.monotonic() - start
            time.sleep(0.002)
        raise TimeoutError("No image was translated.")
    finally:
        client.close()


def measure(cases: list[str], images: int, only: str) -> dict[str, float]:
    """Everything by name."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        weights_path = home / "network.weights.h5"
        child("network", weights_path)
        for case in cases if only != "first" else ():
            output, size = CASES[case]
            folder = home / case
            write_images(folder, images, size)
            result = child("folder", weights_path, folder, output)
            result["MiB more"] = result["MiB at the end"] - result["MiB after the first part"]
            found |= {f"{case}: {key}": value for key, value in result.items()}
        if only != "folder":
            folder = home / "few"
            write_images(folder, 3, (SIDE, SIDE))
            times = [child("first", weights_path, folder)["first image, s"] for _ in range(3)]
            found["first image, s"] = sorted(times)[1]
            times = [
                first_of_worker(weights_path, folder, home / f"home{number}") for number in range(3)
            ]
            found["first image of the worker, s"] = sorted(times)[1]
    return found


def broken(name: str, value: float) -> bool:
    """Whether a limit is."""
    if name.startswith("first image"):
        return value > MOST_FIRST_S
    if name.endswith(": ratio"):
        return value < LEAST_RATIO
    return name.endswith(": MiB more") and value > MOST_GROWTH_MIB


def main() -> int:
    """Print the table; exit status 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--images", type=int, default=500, help="of each folder")
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--only", choices=("folder", "first"), default="")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, path, *rest = given.child
        if kind == "network":
            write_network(Path(path))
            print("{}")
        else:
            work = {"folder": folder_case, "first": first_case}[kind]
            print(json.dumps(work(Path(path), Path(rest[0]), rest[1] if rest[1:] else "")))
        return 0
    found = measure(given.case, given.images, given.only)
    if given.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            print(f"{name:44s}{value:9.2f}{'  TOO MUCH OR TOO LITTLE' * broken(name, value)}")
    return int(any(broken(name, value) for name, value in found.items()))


if __name__ == "__main__":
    sys.exit(main())
