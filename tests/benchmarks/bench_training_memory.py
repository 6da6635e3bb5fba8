"""How a training's memory grows with the number of images and of epochs.

Run it as ``python tests/benchmarks/bench_training_memory.py [--json] [--only images|epochs]
[--pairs N] [--epochs N] [--repeats N]``; Linux only. Everything is measured in a process of its own
with the product's ``train`` and a tiny network (depth 2, 4 channels in the first convolution):

(a) images: the greatest resident set (VmHWM) of a training on 100 and on N = 10,000 pairs of
512x512 pixels, of which neither fit the cache of 64 MiB; the many once, the few ten times.
(b) epochs: the growth of the resident set from the end of epoch 10 to that of the last, of a run
of 10 steps an epoch, beside that of Keras' own ``fit`` of the same network on batches in memory.

Ends with 1 if (a) the peaks differ by the cache's budget or more, or (b) the training grows by more
than 2 MiB more than the bare fit; of several repeats the medians count.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

FEW, FEW_EPOCHS, BATCH, SIZE, CACHE_MIB = 100, 10, 2, 512, 64
STEPS, SMALL_BATCH, SMALL_SIZE, VALIDATION = 10, 2, 64, 4
SETTLED = 10
MOST_MORE_MIB = 2.0


def resident_mib(name: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def project_of(folder: Path, pairs: int, size: int, **choices: Any) -> Any:
    """The first pairs of the drawn ones with a tiny network; the last few may validate."""
    from bench_check import write_set  # noqa: PLC0415

    from deepimagetranslator.core.config.project import new_project  # noqa: PLC0415

    val = choices.pop("val", 0)
    inputs, targets = write_set(folder, pairs + val, size)
    project = new_project(
        "recommended",
        {
            "train_inputs": tuple(inputs[:pairs]),
            "train_targets": tuple(targets[:pairs]),
            "val_inputs": tuple(inputs[pairs:]),
            "val_targets": tuple(targets[pairs:]),
            "cache_mib": CACHE_MIB,
        },
    )
    specs = project.specs
    return replace(
        project,
        specs=replace(
            specs,
            model=replace(specs.model, depth=2, base_filters=4),
            training=replace(specs.training, precision="float32", metrics=(), **choices),
        ),
    )


def peak_of(path: Path) -> dict[str, float]:
    """Train a project in this process; its greatest resident set in MiB."""
    from deepimagetranslator.core.config.project import load_project  # noqa: PLC0415
    from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

    load_engine()
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    before = resident_mib("VmHWM")
    with tempfile.TemporaryDirectory() as run:
        train(load_project(path), Path(run))
    return {"before": before, "peak": resident_mib("VmHWM"), "end": resident_mib("VmRSS")}


def growth_of_training(folder: Path, epochs: int) -> dict[str, float]:
    """Train in this process; the resident set after some epochs and after the last."""
    from deepimagetranslator.core.messages.events import EpochEnded, Event  # noqa: PLC0415
    from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

    load_engine()
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    pairs = STEPS * SMALL_BATCH
    project = project_of(
        folder, pairs, SMALL_SIZE, val=VALIDATION, epochs=epochs, batch_size=SMALL_BATCH
    )
    resident: dict[int, float] = {}

    def report(event: Event) -> None:
        if isinstance(event, EpochEnded):
            resident[event.epoch] = resident_mib("VmRSS")

    with tempfile.TemporaryDirectory() as run:
        train(project, Path(run), report=report)
    return {"settled": resident[SETTLED], "end": resident[epochs]}


def growth_of_fit(_folder: Path, epochs: int) -> dict[str, float]:
    """Fit the same network on arrays in this process; the resident set likewise."""
    from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

    load_engine()
    import keras  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec  # noqa: PLC0415
    from deepimagetranslator.ml.network.losses import build_loss  # noqa: PLC0415
    from deepimagetranslator.ml.network.optimizers import build_optimizer  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415

    sizes = {
        f"{kind}_{side}": SMALL_SIZE for kind in ("input", "target") for side in ("height", "width")
    }
    spec = ModelSpec(
        depth=2,
        base_filters=4,
        input_channels=1,
        target_channels=3,
        final_activation="sigmoid",
        **sizes,
    )
    model = build_unet(spec)
    loss = build_loss("dice_crossentropy", "sigmoid")
    optimizer = build_optimizer(TrainingSpec(), STEPS * epochs)
    model.compile(optimizer=optimizer, loss=loss, auto_scale_loss=False)
    rng = np.random.default_rng(1)
    count = STEPS * SMALL_BATCH + VALIDATION
    x = rng.random((count, SMALL_SIZE, SMALL_SIZE, 1), np.float32)
    y = rng.integers(0, 2, (count, SMALL_SIZE, SMALL_SIZE, 3)).astype(np.float32)
    resident: dict[int, float] = {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            resident[epoch + 1] = resident_mib("VmRSS")

    model.fit(
        x[:-VALIDATION],
        y[:-VALIDATION],
        batch_size=SMALL_BATCH,
        epochs=epochs,
        validation_data=(x[-VALIDATION:], y[-VALIDATION:]),
        verbose=0,
        callbacks=[Watch()],
    )
    return {"settled": resident[SETTLED], "end": resident[epochs]}


def child(kind: str, *arguments: object) -> dict[str, float]:
    """One measurement in a fresh process."""
    command = [sys.executable, __file__, "--child", kind, *map(str, arguments)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure_images(folder: Path, pairs: int, repeats: int) -> dict[str, float]:
    """The peaks of few and of many pairs, in MiB, and their difference over the budget."""
    from deepimagetranslator.core.config.project import save_project  # noqa: PLC0415

    peaks: dict[int, list[float]] = {FEW: [], pairs: []}
    for count, epochs in ((FEW, FEW_EPOCHS), (pairs, 1)):
        project = project_of(folder, count, SIZE, epochs=epochs, batch_size=BATCH)
        save_project(project, folder / f"{count}.json")
    for _ in range(repeats):
        for count, found in peaks.items():
            found.append(child("images", folder / f"{count}.json")["peak"])
    few, many = (statistics.median(found) for found in peaks.values())
    return {
        f"peak, {FEW} pairs": few,
        f"peak, {pairs} pairs": many,
        "difference": many - few,
        "cache budget": CACHE_MIB,
        "difference / budget": (many - few) / CACHE_MIB,
    }


def measure_epochs(folder: Path, epochs: int, repeats: int) -> dict[str, float]:
    """The growths in MiB."""
    grown: dict[str, list[float]] = {"training": [], "fit": []}
    for _ in range(repeats):
        for kind, values in grown.items():
            found = child(kind, folder, epochs)
            values.append(found["end"] - found["settled"])
    ours, bare = (statistics.median(values) for values in grown.values())
    return {
        f"growth, training of {epochs} epochs": ours,
        f"growth, bare fit of {epochs} epochs": bare,
        "training more than fit": ours - bare,
        "allowed more": MOST_MORE_MIB,
    }


def main() -> int:
    """Print the table; exit status 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, MiB")
    parser.add_argument("--only", choices=("images", "epochs"), default="")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the images here; used again if there")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, folder, *counts = given.child
        work = {"images": peak_of, "training": growth_of_training, "fit": growth_of_fit}[kind]
        print(json.dumps(work(Path(folder), *map(int, counts))))
        return 0
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if given.only != "epochs":
            found |= measure_images(folder / "large", given.pairs, given.repeats)
        if given.only != "images":
            found |= measure_epochs(folder / "small", given.epochs, given.repeats)
    if given.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            print(f"{name:34s}{value:9.2f}{'' if '/' in name else ' MiB'}")
    broken = found.get("difference / budget", 0) >= 1
    return int(broken or found.get("training more than fit", 0) > MOST_MORE_MIB)


if __name__ == "__main__":
    sys.exit(main())
