"""The studies of tissue maps (issue 17, item 12) and of membranes (item 13)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from product import DATA, Product

PRESETS = ("2021", "recommended")
EPOCHS = {"2021": 40, "recommended": 30}
"""Of the tissue maps; the lengths were fixed beforehand."""
SIZES = (1, 2, 4, 8, 14)
REPEATS, STEPS, STEPS_PER_EPOCH = 3, 400, 20
LEARNT, TESTED = range(14), range(16, 24)
"""Slices of the membranes; neighbours resemble each other, so 14 and 15 are left out."""

_HALVED = ("augmentation.scaling=15", "augmentation.translation=15")
"""The preset 2021 has its amounts for images of 512 pixels, and keeps them."""


def tissue(product: Product, folder: Path, preset: str) -> None:
    """Each person left out once, with and without augmentation and deep supervision."""
    persons = sorted(path for path in (DATA / "ct_abdomen").iterdir() if path.is_dir())
    lists = [
        word
        for option, side in (("--train-inputs", "images"), ("--train-targets", "targets"))
        for word in (option, *(person / side for person in persons))
    ]
    epochs = 2 if product.quick else EPOCHS[preset]
    asked = (
        *("--leave-one-out", "--optimistic", "--epochs", str(epochs)),
        *("--vary", "augmentation=on,off", "--vary", "model.deep_supervision=true,false"),
    )
    _study(product, folder, preset, lists, asked)


def membranes(product: Product, folder: Path, preset: str) -> None:
    """A learning curve: networks of few images and of more, all trained for as many steps."""
    sides = {side: sorted((DATA / "isbi_em" / side).iterdir()) for side in ("images", "targets")}
    lists = [
        word
        for part, slices in (("train", LEARNT), ("val", TESTED))
        for option, side in (("inputs", "images"), ("targets", "targets"))
        for word in (f"--{part}-{option}", *(sides[side][number] for number in slices))
    ]
    # The files show membranes in black; inverted, Dice is that of the membranes.
    used = [sides["targets"][number] for number in (*LEARNT, *TESTED)]
    inverted = ";".join(f"inverted: {path}" for path in used)
    sizes = (1, 4) if product.quick else SIZES
    steps = 2 if product.quick else STEPS_PER_EPOCH
    asked = (
        *("--fixed", "--sizes", ",".join(map(str, sizes))),
        *("--repeats", "1" if product.quick else str(REPEATS)),
        *("--epochs", "2" if product.quick else str(STEPS // STEPS_PER_EPOCH)),
        *("--set", f"training.steps_per_epoch={steps}"),
    )
    _study(product, folder, preset, [*lists, "--set", f"data.target_changes={inverted}"], asked)


def _study(
    product: Product,
    folder: Path,
    preset: str,
    lists: Sequence[str | Path],
    asked: Sequence[str],
) -> None:
    """Plan a study unless it is planned, run what is not done, and write its report."""
    study = folder / "study"
    if not (study / "plan.json").exists():
        project = folder / "project.json"
        if not project.exists():
            product("new", project, "--preset", preset, *lists, *settings(product, preset))
        product("study", "new", project, "--output", study, "--measure", "dice", *asked)
    product("study", "run", study)
    product("study", "report", study)


def settings(product: Product, preset: str) -> list[str]:
    """Options of the command ``new``: the network's size and, if asked, a small network."""
    values = [f"model.input_{side}={product.size}" for side in ("height", "width")]
    values += [f"model.target_{side}={product.size}" for side in ("height", "width")]
    values += _HALVED if preset == "2021" else ()
    if product.quick:
        values += ["model.depth=3", "model.base_filters=4"]
    return [word for value in values for word in ("--set", value)]
