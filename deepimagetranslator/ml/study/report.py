"""Makes the report of a study: the figures, then the document and the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import FilesWritten, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.report import results_to_report, write_report
from deepimagetranslator.core.study.reporting.blocks import Picture
from deepimagetranslator.core.study.reporting.sources import listed
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.atomic_write import WriteError
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.ml.study.translations import Translations

Draw = Callable[[], Iterator[Picture]]


def make_report(
    folder: StudyFolder,
    *,
    results: Results | None = None,
    control: JobControl | None = None,
    report: Report = ignore,
) -> list[Path]:
    """Write the report of what is done, with its figures; that of before is replaced.

    Args:
        folder: the study.
        results: what is to be reported; by default what is done by now.
        control: cancels it; each file is then the earlier or the new one.
        report: called with ``FilesWritten`` events.

    Returns:
        The files, report.md and report.html first.

    Raises:
        UserError: nothing is done yet, the plan cannot be read, or a file cannot be written.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    results = results or results_to_report(load_plan(folder.plan), folder)
    sweep(folder.report, folder.report / "figures")
    from deepimagetranslator.ml.study.figures.style import journal  # noqa: PLC0415  is slow

    notes: list[str] = []
    pictures: list[Picture] = []
    with journal():
        jobs = _jobs(results, folder, control, notes)
        for done, draw in enumerate(jobs):
            control.between_steps()
            report(FilesWritten(done, len(jobs) + 1))
            pictures += draw()
    for note in notes:
        report(LogLine(note))
    paths = write_report(results, folder, pictures, notes)
    report(FilesWritten(len(jobs) + 1, len(jobs) + 1))
    return paths


def _jobs(
    results: Results, folder: StudyFolder, control: JobControl, notes: list[str]
) -> list[Draw]:
    """What draws and writes the figures; why images cannot be shown goes to ``notes``."""
    from deepimagetranslator.ml.study.figures import (  # noqa: PLC0415
        agreement,
        learning,
        losses,
        measures,
        panels,
        style,
    )

    def written(drawings: Iterator[style.Drawing | None]) -> Iterator[Picture]:
        for drawing in drawings:
            if drawing is not None:
                yield style.write(drawing, listed(results, drawing.cells), folder.report)

    translations = Translations(results, folder, control)

    def shown(number: int, person: str) -> Iterator[Picture]:
        cells = dict(panels.persons_shown(results))[person]
        for part, some in enumerate(panels.in_parts(cells), 1):
            name = f"images-{number}" + (f"-{part}" if part > 1 else "")
            try:
                drawing = panels.panels(results, person, some, translations, name)
            except WriteError:
                raise
            except UserError as error:
                notes.append(f"{person} is not shown: {error.for_files}")
                continue
            yield from written(iter([drawing]))

    def panel_of(number: int, person: str) -> Draw:
        return lambda: shown(number, person)

    return [
        lambda: written(iter([losses.loss_curves(results, folder)])),
        lambda: written(measures.measure_figures(results)),
        lambda: written(iter([learning.learning_curve(results)])),
        lambda: written(agreement.agreement_figures(results)),
        *(panel_of(n, person) for n, (person, _) in enumerate(panels.persons_shown(results), 1)),
    ]
