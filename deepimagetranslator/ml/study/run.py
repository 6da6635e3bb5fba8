"""Runs the cells of a study one after another: each is trained, then evaluated.

It may be stopped at any time. Run again, it goes on: what is done stays, and an interrupted
training resumes exactly. Several processes may run one study at once, also on several computers
that share its folder: a cell that another one trains is left to it.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.errors import DataProblems, UserError
from deepimagetranslator.core.messages.events import CellEnded, CellStarted, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import InUseError, locked
from deepimagetranslator.core.runs.run_state import Stage, state_of
from deepimagetranslator.core.study.ensemble import scored_weights
from deepimagetranslator.core.study.plan import (
    Cell,
    Plan,
    all_pairs,
    project_of_cell,
)
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.scores import ALL, CellScores, ImageScore, write_scores
from deepimagetranslator.core.study.status import is_running, is_trained, scores_of
from deepimagetranslator.core.study.study_folder import CellFolder, StudyFolder
from deepimagetranslator.core.system.atomic_write import NoSpaceError, write_bytes
from deepimagetranslator.core.system.file_hash import file_sha256
from deepimagetranslator.core.system.system_path import exists, system_path
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.evaluation import evaluate_weights
from deepimagetranslator.ml.run_record import naming_newer_run
from deepimagetranslator.ml.training import train
from deepimagetranslator.ml.weights_hash import arrays_sha256


def run_study(
    folder: StudyFolder,
    *,
    only: Collection[str] = (),
    report: Report = ignore,
    control: JobControl | None = None,
) -> None:
    """Train and evaluate what is not done yet; a cell that fails is noted and the others go on.

    Args:
        folder: the study.
        only: names of cells; all by default.
        report: called with the events of each training and evaluation.
        control: cancels it.

    Raises:
        UserError: the plan cannot be used, or the disk is full.
        Cancelled: the caller cancelled; the study can be run again.
    """
    plan, control = load_plan(folder.plan), control or JobControl()
    chosen = [plan.cell(name) for name in only] or list(plan.cells())
    for number, cell in enumerate(chosen, 1):
        place = folder.cell(cell)
        if scores_of(plan, cell, folder) is not None:
            continue
        control.raise_if_cancelled()
        if is_running(place.run):
            report(LogLine(f"{cell.name} is being trained by another process."))
            continue
        report(LogLine(f"Cell {number} of {len(chosen)}: {cell.name}"))
        report(CellStarted(cell.name))
        problem = ""
        try:
            run_cell(plan, cell, folder, report, control)
        except NoSpaceError as error:
            raise NoSpaceError(
                f"{error} What is done of the study stays; run it again when there is space."
            ) from error
        except InUseError:
            problem = f"{cell.name} is being trained by another process."
            report(LogLine(problem))
        except UserError as error:
            problem = str(error)
            report(LogLine(f"{cell.name} failed: {problem}"))
            write_bytes(place.failure, f"{error.for_files}\n".encode("utf-8", "replace"))
        report(CellEnded(cell.name, problem))


def run_cell(
    plan: Plan, cell: Cell, folder: StudyFolder, report: Report, control: JobControl
) -> None:
    """Train a cell, or the rest of it, and evaluate it.

    Raises:
        UserError: its training or its evaluation is not possible.
        Cancelled: the caller cancelled.
    """
    place = folder.cell(cell)
    varied = load_project(folder.project(cell.variation))
    _train(plan, cell, folder, varied, report, control)
    with locked(place.run):
        _finish_best(place.run)
        if plan.optimistic:
            optimistic = _scored(plan, cell, varied, place.run.best, report, control)
            write_scores(optimistic, place.optimistic_scores)
        chosen = scored_weights(plan, folder, cell)
        write_scores(_scored(plan, cell, varied, chosen, report, control), place.scores)
        _forget_failure(place)


def _train(
    plan: Plan,
    cell: Cell,
    folder: StudyFolder,
    varied: Project,
    report: Report,
    control: JobControl,
) -> None:
    project, run = project_of_cell(plan, cell, varied), folder.cell(cell).run
    if is_trained(run, project.specs.training, weights.is_whole):
        return
    stage = state_of(run, weights.is_whole).stage
    if stage is Stage.STATELESS:
        with naming_newer_run(run):
            raise UserError(
                f"The training in {run.path} cannot be resumed, as its last weights are lost or "
                "damaged; delete this folder, and the study trains the cell anew."
            )
    resume = stage in (Stage.BEGUN, Stage.RESUMABLE)
    record = folder.record(cell)
    train(project, run.path, report=report, control=control, resume=resume, record=record)


def _finish_best(run: RunFolder) -> None:
    """Make the best weights those that the last state calls so.

    They are others if the training was killed between writing the two in its last epoch.

    Raises:
        UserError: a file cannot be read or written.
    """
    state = state_of(run, weights.is_whole).file
    if state is not None:
        run.restore_best(int(weights.read_state(state)["best_epoch"]))


def _scored(
    plan: Plan, cell: Cell, varied: Project, file: Path, report: Report, control: JobControl
) -> CellScores:
    """The scores of a weights file on the tested images of a cell.

    Raises:
        UserError: an image cannot be evaluated.
        Cancelled: the caller cancelled.
    """
    pairs, persons = all_pairs(varied), plan.person_of()
    numbers = plan.images(cell).tested
    tested = {pairs[number].input: number for number in numbers}
    chosen = [pairs[number] for number in numbers]
    found = evaluate_weights(file, chosen, scale_of=pairs, report=report, control=control)
    if found.problems:
        raise DataProblems(found.problems)
    scored = (
        ImageScore(number, image.shown_name, persons[number], measurement)
        for image, measurement in zip(found.files, found.measurements, strict=True)
        for number in [tested[image]]
    )
    images = tuple(sorted(scored, key=lambda one: one.number))
    channels = dict.fromkeys(str(row["channel"]) for row in found.rows if row["channel"] != ALL)
    arrays = arrays_sha256(file)
    return CellScores(images, tuple(channels), file.name, file_sha256(file), arrays)


def _forget_failure(place: CellFolder) -> None:
    if exists(place.failure):
        with suppress(OSError):
            system_path(place.failure).unlink()
