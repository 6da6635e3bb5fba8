"""What bfloat16 gains and costs: a training step's time, and the accuracy after five epochs.

Run it as ``python tests/benchmarks/bench_precision.py [--json] [--seeds N ...] [--steps-only]``;
accuracy needs the shared real images and about ten minutes on two cores. The step is that of the
card's network (512x512x3, depth 5, 16 filters) without normalization, batch 1, with the recommended
optimizer, the two precisions by turns. Accuracy is the Dice of membranes in held-out slices of
isbi_em after five epochs of `recommended`, the mean over the seeds. Exit status 1 if a limit is
broken.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time

import numpy as np
from bench_good_model import DATA, in_a_process

from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec
from deepimagetranslator.ml import devices

STEP_LIMIT = 0.62
DICE_LIMIT = 0.01
EPOCHS = 5
REPEATS = 12
CARD = ModelSpec(
    input_height=512,
    input_width=512,
    input_channels=3,
    target_height=512,
    target_width=512,
    target_channels=3,
    final_activation="sigmoid",
    normalization="none",
)
PRECISIONS = ("float32", "bfloat16")


def step_seconds() -> dict[str, float]:
    """The median time of a training step by precision."""
    devices.load_engine()
    from deepimagetranslator.ml.network.losses import build_loss  # noqa: PLC0415
    from deepimagetranslator.ml.network.optimizers import build_optimizer  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415

    rng = np.random.default_rng(1)
    x, y = (rng.random((1, 512, 512, 3), np.float32) for _ in range(2))
    models, times = {}, {}
    for precision in PRECISIONS:
        model = models[precision] = build_unet(CARD, precision)
        optimizer = build_optimizer(TrainingSpec(), steps=1000)
        model.compile(optimizer, build_loss("dice_crossentropy", "sigmoid"))
        model.train_on_batch(x, y)
        times[precision] = []
    for _ in range(REPEATS):
        for precision, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(x, y)
            times[precision].append(time.perf_counter() - start)
    return {precision: statistics.median(found) for precision, found in times.items()}


def accuracy(seeds: list[int]) -> dict[str, float]:
    """The mean Dice after the last epoch by precision."""
    found: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for seed in seeds:
        for precision in PRECISIONS:
            one = in_a_process("em", "recommended", seed, EPOCHS, precision)
            found[precision].append(one["dice"][-1])
            print(f"seed {seed} {precision}: Dice {one['dice'][-1]:.4f}", file=sys.stderr)
    return {precision: statistics.mean(dice) for precision, dice in found.items()}


def main() -> int:
    """Print the table; 1 if bfloat16 is too slow or not as accurate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps-only", action="store_true", help="leave the accuracy out")
    given = parser.parse_args()
    seconds = step_seconds()
    found = {f"step, {precision}, s": value for precision, value in seconds.items()}
    found["step ratio"] = seconds["bfloat16"] / seconds["float32"]
    broken = found["step ratio"] > STEP_LIMIT
    if not given.steps_only:
        if not DATA.is_dir():
            sys.exit(f"The shared real images are not at {DATA}; --steps-only needs none.")
        scores = accuracy(given.seeds)
        found |= {f"Dice, {precision}": value for precision, value in scores.items()}
        found["Dice difference"] = abs(scores["float32"] - scores["bfloat16"])
        broken = broken or found["Dice difference"] > DICE_LIMIT
    found["load average"] = os.getloadavg()[0]
    if given.json:
        print(json.dumps({name: round(value, 4) for name, value in found.items()}))
    else:
        for name, value in found.items():
            print(f"{name:20}{value:9.4f}")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
