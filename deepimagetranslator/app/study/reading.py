"""Reads what the files of a study say, for the view; run it in a thread."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from deepimagetranslator.app.last_run import EarlierRun, read_last
from deepimagetranslator.app.study.study_state import History, StudyFiles
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.run_state import history_to_resume
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.report import SUMMARY
from deepimagetranslator.core.study.status import CellStatus, cell_status, status_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.system_path import system_path


def read_study(path: Path) -> StudyFiles:
    """Read a study.

    Raises:
        UserError: the folder holds none, or a file of it is damaged.
    """
    folder = StudyFolder(path)
    plan = load_plan(folder.plan)
    training = {
        variation.name: load_project(folder.project(variation.name)).specs.training
        for variation in plan.variations
    }
    cells = {found.cell.name: found for found in status_of(plan, folder)}
    histories = {name: history_of(folder, found.cell) for name, found in cells.items()}
    return StudyFiles(plan, folder, training, cells, histories, read_summary(folder))


def read_cell(plan: Plan, folder: StudyFolder, cell: Cell) -> tuple[CellStatus, History]:
    """How far one cell has come, and its history."""
    return cell_status(plan, folder, cell), history_of(folder, cell)


def read_run(folder: StudyFolder, cell: Cell) -> EarlierRun:
    """The training of a cell.

    Raises:
        UserError: it has no complete epoch.
    """
    found = read_last([folder.cell(cell).path])
    if found is None:
        raise UserError(f"No epoch of {cell.name} is complete yet, so there is nothing to show.")
    return found


def read_summary(folder: StudyFolder) -> str:
    """The summary of the report; empty without one."""
    with suppress(OSError):
        path = system_path(folder.report / SUMMARY)
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def history_of(folder: StudyFolder, cell: Cell) -> History:
    """The completed epochs of a cell."""
    return history_to_resume(folder.cell(cell).run)
