"""A study on a cluster: each cell is a task."""

from __future__ import annotations

from collections.abc import Collection

from deepimagetranslator.core.messages.events import Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.ml.cluster import tasks
from deepimagetranslator.ml.cluster.cluster import Task, connected
from deepimagetranslator.ml.study.jobs import open_cells


def run_on_cluster(
    folder: StudyFolder,
    address: str,
    *,
    only: Collection[str],
    report: Report,
    control: JobControl,
) -> None:
    """Train and evaluate what is not done yet on the workers of a cluster; see ``run_study``.

    Args:
        folder: the study, in a folder that all workers see at the same path.
        address: of the Dask scheduler.
        only: names of cells; all if empty.
        report: called with lines that begin with the cell's name.
        control: cancels it.

    Raises:
        UserError: the cluster cannot be used, the plan cannot, or the disk is full.
        Cancelled: the caller cancelled; the study can be run again.
    """
    plan = load_plan(folder.plan)
    place = str(folder.path.absolute())
    todo = [Task(cell, tasks.train, (place, cell)) for cell in open_cells(plan, folder, only)]
    if not todo:
        return
    with connected(address, folder.plan) as cluster:
        for _ in cluster.deal(todo, report, control):
            pass
