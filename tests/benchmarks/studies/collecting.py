"""Copies what is committed of the studies: tables, plans, and two figures for the README."""

from __future__ import annotations

import csv
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from product import CHECKOUT

from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.csv_text import csv_text

RESULTS = Path(__file__).parent / "results"
ASSETS = CHECKOUT / "assets"
FIGURES = {
    "tissue-2021": ("losses", "study-losses.png"),
    "membranes-recommended": ("learning-curve", "study-learning-curve.png"),
}
"""By study, a figure of its report and its name among the README's images."""
COLUMNS = (
    *("variation", "fold", "epochs", "lowest_val_loss", "its_epoch", "val_loss_epoch_20"),
    *("last_val_loss", "last_loss", "rise_after_lowest"),
)


def collect(folder: Path, names: list[str]) -> int:
    """Copy what is done; each file is refused that names a place on this machine."""
    for name in names:
        output = RESULTS / name
        if name == "denoising":
            _copy(folder / name / "measures.csv", output / "measures.csv")
            continue
        study = StudyFolder(folder / name / "study")
        _copy(study.plan, output / "plan.json")
        for table in sorted(study.report.glob("*.csv")):
            _copy(table, output / table.name)
        if name.startswith("tissue"):
            text = csv_text([COLUMNS, *_losses(study)])
            (output / "losses.csv").write_text(text, encoding="utf-8")
        if name in FIGURES:
            figure, asset = FIGURES[name]
            (ASSETS / asset).write_bytes((study.report / "figures" / f"{figure}.png").read_bytes())
    return 0


def _copy(file: Path, to: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if str(Path.home()) in text or any(str(place) in text for place in _places(file)):
        sys.exit(f"{file} names a folder of this machine.")
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")


def _places(file: Path) -> Iterator[Path]:
    """Folders whose names must not be published."""
    for place in (file, CHECKOUT / "x"):
        yield from [parent for parent in place.parents if len(parent.parts) > 1]


def _losses(study: StudyFolder) -> Iterator[list[Any]]:
    """What the loss curves show: where the validation loss is lowest, and how it rises again."""
    plan = load_plan(study.plan)
    found: dict[str, list[list[Any]]] = {}
    for cell in plan.cells():
        with (study.cell(cell).path / "history.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        watched = [float(row["val_loss"]) for row in rows]
        lowest = min(range(len(watched)), key=watched.__getitem__)
        numbers = [
            *(len(watched), watched[lowest], lowest + 1, watched[min(20, len(watched)) - 1]),
            *(watched[-1], float(rows[-1]["loss"]), watched[-1] - watched[lowest]),
        ]
        found.setdefault(cell.variation, []).append(numbers)
        yield [cell.variation, cell.fold, *map(_short, numbers)]
    for variation, own in found.items():
        yield [variation, "mean", *(_short(statistics.mean(n)) for n in zip(*own, strict=True))]


def _short(number: float) -> str:
    return f"{number:.5g}"
