"""Image sets of several persons, and scores as if cells were trained, for the tests of studies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.project import Project, new_project, save_project
from deepimagetranslator.core.evaluation.measures import measure
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.study.new_study import NewStudy, write_study
from deepimagetranslator.core.study.plan import Cell
from deepimagetranslator.core.study.scores import CellScores, ImageScore, write_scores
from deepimagetranslator.core.study.study_folder import StudyFolder

SIZE = 8

Quality = Callable[[Cell, str], float]
"""Of a cell and a person, the share of the object that the network finds."""


def project_of_persons(
    folder: Path, persons: Sequence[str], images: int = 2, validate: Sequence[str] = ()
) -> Project:
    """A project with masks of several persons, each in a folder; those of ``validate`` validate."""
    lists: dict[str, list[str]] = {f"{part}_{side}": [] for part in ("train", "val")
                                   for side in ("inputs", "targets")}  # fmt: skip
    for place, person in enumerate(persons):
        part = "val" if person in validate else "train"
        for number in range(images):
            for side in ("inputs", "targets"):
                file = folder / person / side / f"slice{number}.png"
                shade = 10 * place + number if side == "inputs" else 255
                image = np.zeros((SIZE, SIZE, 1), np.uint8)
                image[2:6, 2:6] = shade
                write_image(file, image)
                lists[f"{part}_{side}"].append(str(file))
    data = {name: tuple(files) for name, files in lists.items()}
    folders = tuple(str(folder / person) for person in persons)
    return new_project("recommended", data | {"persons": folders, "pairing": "order"})


def scores_of_cell(study: NewStudy, cell: Cell, quality: Quality, empty: str = "") -> CellScores:
    """Scores of a network that finds a part of each object; of ``empty`` neither has an object."""
    plan = study.plan
    who = plan.person_of()
    images = []
    for number in plan.images(cell).tested:
        target = np.zeros((10, 10, 1))
        predicted = np.zeros((10, 10, 1))
        if who[number] != empty:
            target[:] = 1
            predicted.flat[: round(100 * quality(cell, who[number]))] = 1
        found = measure(target, predicted, with_ssim=False)
        found = replace(found, similarity=np.ones(1))
        images.append(ImageScore(number, f"slice{number}.png", who[number], found))
    return CellScores(tuple(images), ("grey",), "last.weights.h5", "0" * 64, "1" * 64)


def done_study(
    study: NewStudy, folder: StudyFolder, quality: Quality, *, but: Sequence[str] = (),
    empty: str = "",
) -> None:  # fmt: skip
    """Write a study as if all of its cells were done, without those named in ``but``."""
    write_study(study, folder)
    for cell in study.plan.cells():
        if cell.name not in but:
            place = folder.cell(cell)
            write_scores(scores_of_cell(study, cell, quality, empty), place.scores)


def begin_run(run: RunFolder) -> None:
    """A run that ended before its first epoch."""
    save_project(replace(Project(), run={"seed": 1}), run.project)


def scores_without_dates(study: Path, cells: Sequence[str]) -> list[str]:
    """The scores of some cells without the SHA-256 of the weights files, which hold the time of
    day; that of the weights' arrays stays."""
    tables = [(study / "cells" / cell / "study-scores.csv").read_text() for cell in cells]
    return [re.sub(",[0-9a-f]{64}(,[0-9a-f]{64})$", r"\1", t, flags=re.MULTILINE) for t in tables]
