"""The networks of a study that translate together: all folds and repeats of a variation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.plan import LAST, Cell, Plan
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


def scored_weights(plan: Plan, folder: StudyFolder, cell: Cell) -> Path:
    """The weights of a cell that are scored; they need not exist yet."""
    run = folder.cell(cell).run
    return run.last if plan.weights == LAST else run.best


def weights_of(
    plan: Plan,
    folder: StudyFolder,
    variation: str | None = None,
    done: Collection[str] | None = None,
) -> Networks:
    """The scored weights of a variation; of a learning curve those of its largest size.

    Args:
        plan, folder: the study.
        variation: its name; None for the first.
        done: the names of the cells that are done; None to read their scores.

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
        is_done = scores_of(plan, cell, folder) is not None if done is None else cell.name in done
        if is_done:
            files.append(scored_weights(plan, folder, cell))
        else:
            missing.append(cell.name)
    if len(files) < _FEWEST:
        raise UserError(
            f"{len(files)} of {len(files) + len(missing)} trainings of {chosen} are done, and "
            f"{_FEWEST} networks or more translate together; run the study first."
        )
    return Networks(chosen, tuple(files), tuple(missing))
