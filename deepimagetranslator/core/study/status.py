"""How far each cell of a study has come, read from the files of its run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.summary import Spread
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_state import IsWhole, Stage, history_to_resume, state_of
from deepimagetranslator.core.runs.state_file import looks_whole, read_head
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.scores import CellScores, primary, read_scores
from deepimagetranslator.core.study.study_folder import CellFolder, StudyFolder
from deepimagetranslator.core.system.lock import FileLock
from deepimagetranslator.core.system.system_path import exists


class Step(Enum):
    """How far a cell has come.

    Attributes:
        TO_DO: nothing is trained.
        RUNNING: a process trains it now.
        INTERRUPTED: it goes on after its last complete epoch.
        DONE: trained and evaluated.
        FAILED: the last attempt ended with an error.
    """

    TO_DO = "to do"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class CellStatus:
    """A cell and how far it has come.

    Attributes:
        cell: the cell.
        step: how far.
        epoch: complete epochs.
        value: the mean of the primary measure over the tested persons when done, else nan.
        seconds: what the complete epochs took.
        failure: why the last attempt failed; else empty.
    """

    cell: Cell
    step: Step
    epoch: int = 0
    value: float = float("nan")
    seconds: float = 0.0
    failure: str = ""


def status_of(plan: Plan, folder: StudyFolder) -> list[CellStatus]:
    """The status of all cells, in the plan's order."""
    return [cell_status(plan, folder, cell) for cell in plan.cells()]


def cell_status(plan: Plan, folder: StudyFolder, cell: Cell) -> CellStatus:
    """How far one cell has come; a damaged table of scores counts as none."""
    place = folder.cell(cell)
    rows = history_to_resume(place.run)
    epoch = int(rows[-1]["epoch"]) if rows else 0
    seconds = sum(row.get("seconds", 0.0) for row in rows)
    scores = scores_of(plan, cell, folder)
    if scores is not None:
        values = [primary(own, plan.measure) for own in scores.of_persons().values()]
        return CellStatus(cell, Step.DONE, epoch, Spread.of(values).mean, seconds)
    if is_running(place.run):
        return CellStatus(cell, Step.RUNNING, epoch, seconds=seconds)
    failure = _text_of(place)
    if failure:
        return CellStatus(cell, Step.FAILED, epoch, seconds=seconds, failure=failure)
    begun = state_of(place.run).stage is not Stage.NEW
    return CellStatus(cell, Step.INTERRUPTED if begun else Step.TO_DO, epoch, seconds=seconds)


def scores_of(plan: Plan, cell: Cell, folder: StudyFolder) -> CellScores | None:
    """The scores of a cell; None unless all of its tables are there and whole."""
    found = tables_of(plan, cell, folder)
    return found[0] if found else None


def tables_of(plan: Plan, cell: Cell, folder: StudyFolder) -> tuple[CellScores, ...]:
    """The scores of a cell and, if the plan asks for them, the optimistic ones; empty unless all of
    these tables are there and whole."""
    place = folder.cell(cell)
    paths = [place.scores, *([place.optimistic_scores] if plan.optimistic else [])]
    try:
        found = tuple(scores for path in paths if (scores := read_scores(path)) is not None)
    except UserError:
        return ()
    tested = plan.images(cell).tested
    whole = all(tuple(image.number for image in scores.images) == tested for scores in found)
    return found if whole and len(found) == len(paths) else ()


def is_trained(run: RunFolder, training: TrainingSpec, is_whole: IsWhole = looks_whole) -> bool:
    """Whether a run has ended by itself: all epochs are done, or early stopping has ended it.

    Resumed, a run that early stopping ended would train one epoch more than without interruption.
    """
    state = state_of(run, is_whole)
    head = None if state.file is None else read_head(state.file)
    if head is None or head.epoch >= training.epochs:
        return head is not None
    best = [found.epoch for found in run.improvements() if found.epoch <= head.epoch]
    waited = head.epoch - best[-1] if best else 0
    return bool(training.early_stopping) and waited >= training.early_stopping


def is_running(run: RunFolder) -> bool:
    """Whether a process holds the run's folder now; it keeps nobody from taking it."""
    return exists(run.lock) and FileLock(run.lock).is_held()


def _text_of(place: CellFolder) -> str:
    with suppress(OSError):
        return place.failure.read_text(encoding="utf-8", errors="replace").strip()
    return ""
