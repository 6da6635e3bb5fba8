"""Writes the evidence pack of a study: one ZIP file, the same bytes for the same study."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import FilesWritten, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.evidence import evidence, image_files
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.report import results_to_report
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.system_path import exists, system_path
from deepimagetranslator.ml.study.report import make_report

TOP = "study-evidence"
"""The folder in the ZIP file that holds everything."""

_DATE = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o644 << 16
_UNIX = 3


def pack_of(folder: StudyFolder) -> Path:
    """The pack's file where none is chosen: beside the study."""
    path = folder.path.absolute()
    return path.with_name(f"{path.name}-evidence.zip")


def make_pack(
    folder: StudyFolder, output: Path, *, control: JobControl | None = None, report: Report = ignore
) -> Path:
    """Make the report anew, and write everything that its figures come from.

    Args:
        folder: the study.
        output: the ZIP file; one that is there stays.
        control: cancels it; no part of the file is left.
        report: called with ``FilesRead`` and ``FilesWritten`` events.

    Raises:
        UserError: nothing is done yet, an image or a record is missing or was changed, or the file
            is there or cannot be written.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    if exists(output):
        raise UserError(f"{output} exists already and is not overwritten; choose another name.")
    plan = load_plan(folder.plan)
    results = results_to_report(plan, folder)
    images = image_files(plan, folder, report, control)
    contents = dict(evidence(results, folder, images))
    for path in make_report(folder, results=results, control=control, report=report):
        name = path.relative_to(folder.report).as_posix()
        contents[f"report/{name}"] = system_path(path).read_bytes()
    contents["files.sha256"] = _hashes(contents)
    with (
        atomic_write(output, durable=True, replace=False) as temporary,
        zipfile.ZipFile(temporary, "w") as pack,
    ):
        for done, name in enumerate(sorted(contents), 1):
            control.between_steps()
            entry = zipfile.ZipInfo(f"{TOP}/{name}", _DATE)
            entry.create_system, entry.external_attr = _UNIX, _PERMISSIONS
            pack.writestr(entry, contents[name], zipfile.ZIP_DEFLATED, 6)
            report(FilesWritten(done, len(contents)))
    return output


def _hashes(contents: dict[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
    return "".join(lines).encode()
