"""How long `recommended` takes to reach the best Dice that `2021` reaches in 20 epochs.

Run it as ``python tests/benchmarks/bench_good_model.py [--json] [--seeds N ...] [--sets NAME
...]``; it needs the shared real images and about 40 minutes on two cores. CT: crlm_1006 learnt,
lungdx_a0001 judged, the mean of three tissues. EM: slices 0 to 15 learnt, 16 to 23 judged, the
membranes. All are 512x512.

Each training is the product's own, in a process of its own, the presets by turns. Dice is pooled
over the judged set at threshold 0.5, after each epoch, by weights that are put aside meanwhile and
looked at afterwards; the clock runs from the call of ``train`` to the end of that epoch. The dark
membranes are what is at most 0.5 in the mean of the output's channels. Exit status 1 if the ratio
is over a quarter.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import EpochEnded, Event
from deepimagetranslator.core.runs.run_folder import RunFolder

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
EPOCHS = {"2021": 20, "recommended": 5}
SETS = ("ct", "em")
SIDES = ("images", "targets")
LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets")
LIMIT = 0.25
EM_LEARNT = 16


def images(folder: Path) -> list[str]:
    """The files of a folder in order."""
    return sorted(str(path) for path in folder.iterdir())


def data_of(name: str) -> DataSpec:
    """The files of a set."""
    if name == "ct":
        learnt, judged = DATA / "ct_abdomen/crlm_1006", DATA / "ct_abdomen/lungdx_a0001"
        lists = [images(person / side) for person in (learnt, judged) for side in SIDES]
    else:
        inputs, targets = (images(DATA / "isbi_em" / side) for side in SIDES)
        lists = [inputs[:EM_LEARNT], targets[:EM_LEARNT], inputs[EM_LEARNT:], targets[EM_LEARNT:]]
    return DataSpec(*(tuple(files) for files in lists))


def specs_of(name: str, preset: str, seed: int, epochs: int, precision: str) -> Specs:
    """What a user gets who loads the set and chooses the preset."""
    specs = PRESETS[preset]
    files = data_of(name)
    lists = {field: getattr(files, field) for field in LISTS}
    specs = replace(specs, data=replace(specs.data, **lists))
    if preset == "recommended":
        project = Project(specs)
        specs = suggested(project, look_for(project)).specs
    training = replace(specs.training, seed=seed, epochs=epochs, keep_best=1)
    if precision:
        training = replace(training, precision=precision)
    return replace(specs, training=training)


def dice(predicted: np.ndarray, target: np.ndarray) -> float:
    """2 |P and T| / (|P| + |T|) of two boolean arrays."""
    return 2 * float((predicted & target).sum()) / float(predicted.sum() + target.sum())


def judged(name: str, weights: Sequence[Path], data: DataSpec) -> list[float]:
    """The pooled Dice of each of a training's weights on a set's judged images."""
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    inputs = [read_image(Path(path)) for path in data.val_inputs]
    targets = np.stack([read_image(Path(path)) for path in data.val_targets])
    current = weights[0].with_name("current.weights.h5")
    translator, scores = None, []
    for path in weights:
        path.replace(current)
        if translator is None:
            translator = Translator(current, output="values", value_type="float")
        else:
            translator.take_new_weights()
        outputs = [translator.predict([image], [name])[0] for image in inputs]
        scores.append(score(name, np.stack(outputs), targets))
    return scores


def score(name: str, outputs: np.ndarray, targets: np.ndarray) -> float:
    """Dice of outputs in 0..1 and targets in 0..255, both (images, height, width, channels)."""
    if name == "em":
        return dice(outputs.mean(-1) <= 0.5, targets.mean(-1) <= 127.5)
    tissues = zip(
        np.moveaxis(outputs > 0.5, -1, 0), np.moveaxis(targets > 127.5, -1, 0), strict=True
    )
    return statistics.mean(dice(*tissue) for tissue in tissues)


def run(name: str, preset: str, seed: int, epochs: int, precision: str) -> dict[str, list[float]]:
    """Seconds and Dice after each epoch of one training, in this process."""
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    from deepimagetranslator.ml.training import train  # noqa: PLC0415

    specs = specs_of(name, preset, seed, epochs, precision)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        run_dir, kept = Path(folder) / "run", Path(folder)

        def report(event: Event) -> None:
            if isinstance(event, EpochEnded):
                seconds.append(time.monotonic() - start)
                shutil.copyfile(RunFolder(run_dir).last, kept / f"{event.epoch}.weights.h5")

        start = time.monotonic()
        train(Project(specs=specs, preset=preset), run_dir, report=report)
        files = [kept / f"{epoch}.weights.h5" for epoch in range(1, len(seconds) + 1)]
        scores = judged(name, files, specs.data)
    return {"seconds": seconds, "dice": scores}


def in_a_process(
    name: str, preset: str, seed: int, epochs: int, precision: str = ""
) -> dict[str, list[float]]:
    """The same in a process of its own."""
    child = ["--child", name, preset, str(seed), str(epochs), precision]
    done = subprocess.run(
        [sys.executable, __file__, *child], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def compared(name: str, seeds: list[int]) -> dict[str, float]:
    """The two presets on one set, means over the seeds."""
    runs: dict[str, list[dict[str, list[float]]]] = {preset: [] for preset in EPOCHS}
    for seed in seeds:
        for preset, epochs in EPOCHS.items():
            runs[preset].append(in_a_process(name, preset, seed, epochs))
            scores = runs[preset][-1]["dice"]
            took = runs[preset][-1]["seconds"][-1]
            line = " ".join(f"{score:.3f}" for score in scores)
            print(f"{name} {preset} seed {seed}: {took:.0f} s, Dice {line}", file=sys.stderr)
    goal = statistics.mean(max(one["dice"]) for one in runs["2021"])
    quarter = LIMIT * statistics.mean(one["seconds"][-1] for one in runs["2021"])
    curve = np.mean([one["dice"] for one in runs["recommended"]], axis=0)
    times = np.mean([one["seconds"] for one in runs["recommended"]], axis=0)
    reached = np.flatnonzero(curve >= goal)
    in_time = curve[times <= quarter]
    return {
        "2021: best Dice": goal,
        "2021: seconds": 4 * quarter,
        "recommended: Dice in a quarter": float(in_time.max()) if in_time.size else 0.0,
        "recommended: last Dice": float(curve[-1]),
        "recommended: seconds": float(times[-1]),
        "time ratio": float(times[reached[0]]) / (4 * quarter) if reached.size else float("inf"),
    }


def main() -> int:
    """Print the table; 1 if `recommended` needs more than a quarter of the time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, preset, seed, epochs, precision = given.child
        print(json.dumps(run(name, preset, int(seed), int(epochs), precision)))
        return 0
    if not DATA.is_dir():
        sys.exit(f"The shared real images are not at {DATA}.")
    found = {name: compared(name, given.seeds) for name in given.sets}
    if given.json:
        print(json.dumps({"load average": os.getloadavg()[0], **found}))
    else:
        for name, figures in found.items():
            for what, value in figures.items():
                print(f"{name}  {what:34}{value:9.3f}")
    return int(any(figures["time ratio"] > LIMIT for figures in found.values()))


if __name__ == "__main__":
    sys.exit(main())
