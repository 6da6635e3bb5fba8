"""What an evidence pack of a study holds besides the report, so that others can check and rerun it.

The images are not in it: projects and records name them in a folder "images" of the pack, into
which whoever reruns the study puts them, and their hashes say whether they are the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from deepimagetranslator.core.config.project import Project, load_project, project_text
from deepimagetranslator.core.data.checksums import checksums, of_image
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.messages.events import FilesRead, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.plan import Cell, Plan, all_pairs
from deepimagetranslator.core.study.reporting.words import plural
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.version import PROGRAM

IMAGES = "images"
STUDY = "study"
COMMANDS = tuple(
    f"python -m deepimagetranslator study {part} {STUDY}" for part in ("run", "report")
)
VERIFY = "python -m deepimagetranslator study verify ."
_FEW = 64
_ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class ImageFiles:
    """The image files of a study.

    Attributes:
        root: the folder that holds them all.
        hashes: by absolute path, the SHA-256 of each file, in the order of the paths.
    """

    root: Path
    hashes: Mapping[Path, str]

    def placed(self, text: str) -> str:
        """A path of a project as one in the pack's folder of images."""
        path = PurePath(os.path.abspath(text))  # noqa: PTH100  resolve() would follow links
        if path.is_relative_to(self.root):
            return (PurePath(IMAGES) / path.relative_to(self.root)).as_posix()
        if self.root.is_relative_to(path):
            return IMAGES
        return f"{IMAGES}/{_ELSEWHERE}/{path.name}"


def image_files(plan: Plan, folder: StudyFolder, report: Report, control: JobControl) -> ImageFiles:
    """Read and hash all images and targets of a study.

    Raises:
        UserError: one cannot be read, or a project cannot.
        Cancelled: the caller cancelled.
    """
    found: dict[Path, None] = {}
    for variation in plan.variations:
        for pair in all_pairs(load_project(folder.project(variation.name))):
            found |= dict.fromkeys((pair.input.file.absolute(), pair.target.file.absolute()))
    files = sorted(found)
    hashes: dict[Path, str] = {}
    for start in range(0, len(files), _FEW):
        control.between_steps()
        part = files[start : start + _FEW]
        try:
            hashes |= zip(part, checksums([ImageRef(file) for file in part]), strict=True)
        except OSError as error:
            raise UserError(
                f"{error.filename or part[0]} cannot be read ({error.strerror or 'damaged'}), and "
                "a pack states the hash of every image; restore it."
            ) from None
        report(FilesRead(len(hashes), len(files)))
    try:
        root = os.path.commonpath([file.parent for file in files])
    except ValueError:
        raise UserError(
            f"{files[0]} and {files[-1]} lie on different drives, which a pack cannot describe; "
            "copy the images to one of them and make the study there."
        ) from None
    return ImageFiles(Path(root), hashes)


def evidence(
    results: Results, folder: StudyFolder, images: ImageFiles
) -> Iterator[tuple[str, bytes]]:
    """The files of a pack, as names and contents, without the report.

    Raises:
        UserError: a file cannot be read, or a run was trained on other images.
    """
    plan = results.plan
    yield "README.txt", _readme(results).encode()
    yield f"{IMAGES}.sha256", "".join(_hash_lines(images)).encode("utf-8", "surrogateescape")
    yield f"{STUDY}/plan.json", _content(folder.plan)
    for variation in plan.variations:
        project = load_project(folder.project(variation.name))
        yield f"{STUDY}/variations/{variation.name}.json", _moved(project, images)
    for cell in results.cells:
        yield from _run(folder, cell, images)


def _run(folder: StudyFolder, cell: Cell, images: ImageFiles) -> Iterator[tuple[str, bytes]]:
    """The record, the history and the scores of a cell."""
    place, prefix = folder.cell(cell), f"runs/{cell.name}"
    record = load_project(place.run.project)
    hashes = record.run.get("sha256", {})
    _require_same(cell, hashes if isinstance(hashes, Mapping) else {}, images)
    moved = {f"../../{images.placed(str(text))}": digest for text, digest in hashes.items()}
    record = replace(record, run={**record.run, "sha256": moved}, runs=())
    yield f"{prefix}/project.json", _moved(record, images)
    yield f"{prefix}/history.csv", _content(place.run.history)
    for scores in (place.scores, place.optimistic_scores):
        if scores.exists():
            yield f"{prefix}/{scores.name}", _content(scores)


def _require_same(cell: Cell, recorded: Mapping[str, object], images: ImageFiles) -> None:
    """Refuse images that were changed since a run.

    Raises:
        UserError: there is one.
    """
    for text, image in zip(recorded, parse_images(recorded), strict=True):
        now = images.hashes.get(image.file)
        if now is not None and of_image(now, image) != recorded[text]:
            raise UserError(
                f"{image.file} was changed since {cell.name} was trained; restore it, or delete "
                "that cell's folder and run the study again."
            )


def _moved(project: Project, images: ImageFiles) -> bytes:
    without = replace(project, labels=None)
    return project_text(without, lambda path: f"../../{images.placed(path)}").encode()


def _hash_lines(images: ImageFiles) -> Iterable[str]:
    return (f"{digest}  {images.placed(str(path))}\n" for path, digest in images.hashes.items())


def _content(path: Path) -> bytes:
    try:
        return system_path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or 'damaged'}); restore it, or delete the "
            "cell's folder and run the study again."
        ) from None


def _readme(results: Results) -> str:
    done, count = len(results.cells), len(results.cells) + len(results.missing)
    commands = "\n".join(f"  {command}" for command in COMMANDS)
    return f"""Evidence of a study made with {PROGRAM}
Done: {done} of {plural(count, "training")}

  report/         the report: open report.html, which shows some images; runs.csv lists weights
  study/          the plan and the settings, ready to be run again
  runs/           of each training its record, history and scores
  images.sha256   the hashes of all images and targets, which are not in this pack
  files.sha256    the hashes of all other files

To run it again, copy the folder that holds all images beside this file, under the name "images",
as images.sha256 lists them, and type in this folder:

  {VERIFY}
{commands}

On the same machine, with the versions that the report names, study/report/summary.csv is then
equal to report/summary.csv, and so are persons.csv, images.csv and comparisons.csv. The hashes of
the arrays in the weights (arrays_sha256 in runs.csv) are equal too; those of the weights files
are not, as a file holds its date.
"""
