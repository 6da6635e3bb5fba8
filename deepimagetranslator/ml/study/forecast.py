"""How long the open trainings of a study take, from measured steps."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.plan import Cell, Plan, project_of_cell
from deepimagetranslator.core.study.status import CellStatus, Step, cell_status
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.ml.bare_steps import BareSteps

_MOST_BATCHES = 4


@dataclass(frozen=True)
class Forecast:
    """What is left of a study.

    Attributes:
        trainings: those that are not done.
        seconds: about how long they take on this machine, evaluation included.
    """

    trainings: int
    seconds: float


def forecast(
    plan: Plan, folder: StudyFolder, only: Collection[str], control: JobControl
) -> Forecast:
    """Measure some steps of each variation that has open cells.

    Args:
        plan, folder: the study.
        only: names of cells; all if empty.
        control: cancels it.

    Raises:
        UserError: a project cannot be trained; the message says why.
        Cancelled: the caller cancelled.
    """
    cells = [cell for cell in plan.cells() if not only or cell.name in only]
    open_cells = [
        found
        for found in (cell_status(plan, folder, cell) for cell in cells)
        if found.step is not Step.DONE
    ]
    seconds = 0.0
    for variation in dict.fromkeys(found.cell.variation for found in open_cells):
        own = [found for found in open_cells if found.cell.variation == variation]
        seconds += _seconds_of(plan, load_project(folder.project(variation)), own, control)
    return Forecast(len(open_cells), seconds)


def _seconds_of(plan: Plan, varied: Project, cells: list[CellStatus], control: JobControl) -> float:
    first = project_of_cell(plan, cells[0].cell, varied)
    with tempfile.TemporaryDirectory() as place:
        bare = BareSteps(first, Path(place), _MOST_BATCHES)
        try:
            step = bare.train(control)
            forward = bare.validate(control) if bare.counts[1] else bare.predict(control)
        finally:
            bare.close()
    training = varied.specs.training
    total = 0.0
    for found in cells:
        train, watched, tested = _counts(plan, found.cell, training)
        epochs = max(0, training.epochs - found.epoch)
        total += epochs * (train * step + watched * forward) + tested * forward
    return total


def _counts(plan: Plan, cell: Cell, training: TrainingSpec) -> tuple[int, int, int]:
    """Training and validation steps of an epoch, and tested images."""
    images = plan.images(cell)
    parts = (images.train, images.watched)
    train, watched = (-(-len(part) // training.batch_size) for part in parts)
    return training.steps_per_epoch or train, watched, len(images.tested)
