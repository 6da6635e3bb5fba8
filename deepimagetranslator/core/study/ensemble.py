"""The networks of a study that translate together: all folds and repeats of a variation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.plan import Plan
from deepimagetranslator.core.study.status import scores_of
from deepimagetranslator.core.study.study_folder import StudyFolder

_FEWEST = 2


@dataclass(frozen=True)
class Networks:
    """What translates together.

    Attributes:
        variation: the name of the variation.
        files: the weights that were scored, in the plan's order.
        missing: names of the cells that are not done.
    """

    variation: str
    files: tuple[Path, ...]
    missing: tuple[str, ...]


def weights_of(plan: Plan, folder: StudyFolder, variation: str | None = None) -> Networks:
    """The scored weights of a variation; of a learning curve those of its largest size.

    Args:
        plan, folder: the study.
        variation: its name; None for the first.

    Raises:
        UserError: there is no such variation, or fewer than two of its trainings are done.
    """
    names = [one.name for one in plan.variations]
    chosen = names[0] if variation is None else variation
    if chosen not in names:
        raise UserError(f"There is no variation '{chosen}'; choose among {', '.join(names)}.")
    size = max(plan.sizes, default=0)
    files, missing = [], []
    for cell in plan.cells():
        if (cell.variation, cell.size) != (chosen, size):
            continue
        scores = scores_of(plan, cell, folder)
        if scores is None:
            missing.append(cell.name)
        else:
            files.append(folder.cell(cell).path / Path(scores.weights).name)
    if len(files) < _FEWEST:
        raise UserError(
            f"{len(files)} of {len(files) + len(missing)} trainings of {chosen} are done, and "
            f"{_FEWEST} networks or more translate together; run the study first."
        )
    return Networks(chosen, tuple(files), tuple(missing))
