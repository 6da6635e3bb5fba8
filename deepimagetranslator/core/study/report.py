"""The report of a study: tables as CSV, and a document in Markdown and as one HTML file.

It holds no date and no machine path, so that the same results give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study import tables
from deepimagetranslator.core.study.as_in_paper import as_in_paper
from deepimagetranslator.core.study.comparing import compared
from deepimagetranslator.core.study.plan import Plan
from deepimagetranslator.core.study.reporting.blocks import Picture
from deepimagetranslator.core.study.reporting.content import TITLE, content
from deepimagetranslator.core.study.reporting.files import replace_files
from deepimagetranslator.core.study.reporting.html_page import html_page
from deepimagetranslator.core.study.reporting.markdown import markdown
from deepimagetranslator.core.study.results import Results, results_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.atomic_write import write_bytes

SUMMARY, PAGE = "report.md", "report.html"


def results_to_report(plan: Plan, folder: StudyFolder) -> Results:
    """What is done of a study.

    Raises:
        UserError: nothing is done yet.
    """
    results = results_of(plan, folder)
    if not results.cells:
        raise UserError(f"No cell of {folder.path} is done yet; run the study first.")
    return results


def write_report(
    results: Results,
    folder: StudyFolder,
    pictures: Sequence[Picture] = (),
    notes: Sequence[str] = (),
) -> list[Path]:
    """Write the report of what is done; files of an earlier one that are not made now are deleted.

    Args:
        results: what is done.
        folder: the study.
        pictures: figures, whose files are written already.
        notes: sentences on images that cannot be shown.

    Returns:
        The files: Markdown, HTML, tables, figures and the list of them.

    Raises:
        UserError: a file cannot be written.
    """
    found = compared(results)
    made = [
        tables.summary(results),
        tables.comparisons(found),
        tables.differences(found),
        tables.persons(results),
        tables.images(results),
        tables.volumes(results),
        tables.learning_curve(results),
        tables.optimistic(results),
        as_in_paper(results),
        tables.runs(results),
    ]
    blocks = list(content(results, folder, found, made, pictures, notes))
    texts = {SUMMARY: markdown(TITLE, blocks), PAGE: html_page(TITLE, blocks)}
    texts |= {f"{table.name}.csv": table.csv() for table in made if table.rows}
    for name, text in texts.items():
        write_bytes(folder.report / name, text.encode("utf-8", "surrogateescape"))
    names = [*texts, *(name for picture in pictures for name in picture.files)]
    listed = replace_files(folder.report, names)
    return [*(folder.report / name for name in names), listed]
