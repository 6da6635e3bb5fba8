"""The record of a run, to repeat it, and its state, to resume it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.specs import SECTIONS
from deepimagetranslator.core.data.checksums import checksums
from deepimagetranslator.core.data.chosen_changes import changes_in_order
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.facts import FileContent
from deepimagetranslator.core.data.pair_lists import LISTS
from deepimagetranslator.core.errors import DataProblems, Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.reading import READING_VERSION, changed_since
from deepimagetranslator.core.messages.events import LogLine, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs import history_text
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_state import RunState, Stage, state_of
from deepimagetranslator.core.system.system_path import exists, file_stamp
from deepimagetranslator.ml import devices, weights

HISTORY = "history"
"""Under this name a state holds the text of history.csv as bytes (uint8)."""

# Settings that may be changed when a run is resumed. They do not affect the remaining training
# steps, except for the number of epochs, which the user may increase.
_FREE_AT_RESUME = {
    "data.cache_mib",
    "data.persons",
    "data.unlabelled_inputs",
    "training.epochs",
    "training.keep_best",
    "training.early_stopping",
    "training.recognize_unlike",
}


@dataclass
class TrainingState:
    """The state of a run after its last complete epoch; stored in last.weights.h5.

    The history is stored beside it under ``HISTORY``.


    Attributes:
        epoch: the last complete epoch, from 1; 0 for a new run.
        epochs: the planned number of epochs.
        best_epoch, best_value: the epoch with the lowest monitored metric, and that value.
        precision: the precision that the network computes in.
        values: loss and metrics of the last complete epoch, by name.
    """

    epoch: int = 0
    epochs: int = 0
    best_epoch: int = 0
    best_value: float = math.inf
    precision: str = "float32"
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Resumed:
    """A run taken up again.

    Attributes:
        state: its state after its last complete epoch.
        history: the text of history.csv up to that epoch.
    """

    state: TrainingState
    history: str


def begin_or_refuse(run: RunFolder, report: Report) -> None:
    """Check that a run can begin in a folder; what is left of one without an epoch is deleted.

    Raises:
        UserError: the folder holds a run, or a project file that is no record of one.
    """
    found = state_of(run, weights.is_whole)
    if found.stage is Stage.RESUMABLE:
        raise UserError(
            f"{run.path} holds a run already: resume it, or choose another folder.",
            remedy=Remedy(action="resume"),
        )
    if found.stage is Stage.STATELESS:
        raise _stateless(run, found)
    if found.stage is Stage.BEGUN:
        report(LogLine(f"The run in {run.path} ended before its first epoch; it begins again."))
        run.drop_begun()
    elif exists(run.project):
        raise UserError(
            f"{run.project} is no record of a run and would be overwritten; choose another folder."
        )


def run_to_resume(run: RunFolder, project: Project) -> Project | None:
    """The record of a run that can be resumed with this project's settings.

    Returns:
        None if the run ended before its first epoch was complete, so that it begins again.

    Raises:
        UserError: there is no run, none of its states is whole, or a setting was changed that must
            not be.
    """
    found = state_of(run, weights.is_whole)
    if found.stage is Stage.BEGUN:
        return None
    if found.stage is Stage.NEW:
        raise UserError(f"{run.path} holds no run; begin a new one.")
    if found.stage is Stage.STATELESS:
        raise _stateless(run, found)
    before = load_project(run.project)
    _refuse_other_reading(before, project)
    for name, info, was, becomes in _choices(before, project):
        changed = was != becomes and name not in _FREE_AT_RESUME
        if info.kind == "paths" and name not in _FREE_AT_RESUME:
            changed = len(was) != len(becomes) or not _all_exist(becomes)
        if name == "data.target_changes":  # files may have been moved
            changed = changes_in_order(before.specs.data) != changes_in_order(project.specs.data)
        if changed:
            _refuse_change(name, info, was, becomes)
    return before


def recorded_start(run: RunFolder) -> Path | None:
    """The weights that a run began from; None for random ones."""
    path = load_project(run.project).run.get("start_weights")
    return Path(path) if isinstance(path, str) else None


def _stateless(run: RunFolder, found: RunState) -> UserError:
    """The error for a folder without a whole state, which names the weights to go on from."""
    damaged = " and ".join(path.name for path in run.states if exists(path))
    why = f"{damaged} cannot be read to the end" if damaged else f"{run.last.name} is missing"
    text = f"The run in {run.path} cannot be resumed: {why}."
    if found.best is None:
        return UserError(f"{text} Begin a new run in another folder.")
    return UserError(
        f"{text} Begin a new run in another folder from {found.best}, its best weights.",
        remedy=Remedy(action="train_from_weights"),
    )


def _refuse_other_reading(before: Project, now: Project) -> None:
    """Refuse to resume a run whose images this version reads otherwise than the run began with.

    Args:
        before: the record of the run.
        now: the project, whose images may lie elsewhere since.

    Raises:
        UserError: there is such an image.
    """
    recorded = before.run.get("reading")
    reading = recorded if isinstance(recorded, int) else 1  # version 2.0.0 wrote none
    lists = [getattr(one.specs.data, name) for one in (before, now) for name in LISTS]
    for file in dict.fromkeys(image.file for texts in lists for image in parse_images(texts)):
        change = changed_since(file, reading)
        if change:
            raise UserError(
                f"{file} is read otherwise than when the run began: {change}. Finish the run with "
                "the version that began it, or start a new run from its weights.",
                remedy=Remedy(action="train_from_weights"),
            )


def prepared(
    project: Project,
    before: Project | None,
    report: Report,
    control: JobControl,
    record: Path | None,
) -> Dataset:
    """Prepare the data set; for a resumed run, check that its images are unchanged.

    Args:
        project: the project.
        before: the record of the run to resume; None for a new run.
        report, control, record: see ``core.checks.examination.prepare``.

    Raises:
        UserError: the images cannot be trained on, or are not those of the run to resume.
    """
    try:
        dataset = prepare(project.specs, report, control, record)
    except DataProblems:
        if before is not None:
            _refuse_other_images(before, project, {})  # changed images are the likely cause
        raise
    if before is not None:
        _refuse_other_images(before, project, dataset.contents)
    return dataset


def as_begun(dataset: Dataset, run: RunFolder) -> Dataset:
    """The data set with the network, normalizations and label colours of the run to resume.

    This version may choose others for the same images than the one that began the run.

    Raises:
        UserError: the run's last weights cannot be read.
    """
    card = weights.read_card(run.last)
    return replace(
        dataset,
        model=card.model,
        input_scaling=card.input_scaling,
        target_scaling=card.target_scaling,
        palette=card.palette,
    )


def resumed(run: RunFolder, project: Project, before: Project, report: Report) -> Resumed:
    """Read the state of a run to resume, and delete what it wrote after its last complete epoch.

    Raises:
        UserError: a file cannot be written.
    """
    _take_up_state(run, report)
    # The record of the run is kept, with its file hashes; only settings that may change do.
    specs = replace(before.specs, training=project.specs.training)
    save_project(replace(before, specs=specs), run.project)
    stored = weights.read_state(run.last)
    state = TrainingState(**{name: stored[name] for name in asdict(TrainingState())})
    history = _restored_history(run, state.epoch, stored.get(HISTORY), report)
    run.write_history(history)
    run.drop_improvements_after(state.epoch)
    run.restore_best(state.best_epoch)
    run.keep_improvements(specs.training.keep_best)
    return Resumed(state, history)


def _take_up_state(run: RunFolder, report: Report) -> None:
    """Make the newest whole state the last one, so that the next one does not replace it.

    Raises:
        UserError: a file cannot be written.
    """
    found = state_of(run, weights.is_whole)
    if found.file not in (None, run.last):
        if exists(run.last):
            report(LogLine(f"{run.last.name} is damaged; the run goes on from the epoch before."))
        run.take_previous()


def _restored_history(run: RunFolder, epoch: int, stored: Any, report: Report) -> str:
    """The history up to an epoch: what its state holds, else what history.csv holds.

    Args:
        run: the run.
        epoch: the epoch.
        stored: the text as uint8; None in a state that version 2.0 wrote.
        report: told if history.csv differs.
    """
    rows = [row for row in run.read_history() if row["epoch"] <= epoch]
    found = history_text.text_of(rows)
    if stored is None:
        if len(rows) < epoch:
            missing = f"{run.history.name} is damaged: {epoch - len(rows)} of {epoch} rows are lost"
            report(LogLine(f"{missing} and cannot be restored."))
        return found
    kept = bytes(stored).decode()
    if history_text.text_of(history_text.rows_of(kept)) != found:
        report(LogLine(f"{run.history.name} was damaged or changed; its rows were restored."))
    return kept


def _all_exist(texts: Sequence[str]) -> bool:
    files = {image.file for image in parse_images(texts)}
    return all(file_stamp(file) is not None for file in files)


def _choices(before: Project, now: Project) -> Iterator[tuple[str, fields.FieldInfo, Any, Any]]:
    """Each setting that training depends on: its name, its field, the old and the new value."""
    for section in SECTIONS:
        if section != "translation":
            old, new = getattr(before.specs, section), getattr(now.specs, section)
            for info in fields.fields_of(old):
                was, becomes = getattr(old, info.name), getattr(new, info.name)
                yield f"{section}.{info.name}", info, was, becomes


def _refuse_other_images(
    before: Project, now: Project, contents: Mapping[ImageRef, FileContent]
) -> None:
    """Refuse image files whose content differs from the run's; they may have been moved."""
    hashes = before.run.get("sha256", {})
    for name, info, was, becomes in _choices(before, now):
        if info.kind == "paths" and name not in _FREE_AT_RESUME:
            try:
                found = _checksums(parse_images(becomes), contents)
            except OSError:
                found = []
            if found != [hashes.get(old) for old in was]:
                _refuse_change(name, info, was, becomes)


def _refuse_change(name: str, info: fields.FieldInfo, was: Any, becomes: Any) -> NoReturn:
    change = f"was changed from {was} to {becomes} since the run began"
    if info.kind == "paths":
        change = "names other files, or files of other content, than the run began with"
    raise UserError(
        f"{name} {change}. Resume with the old choice, or start a new run from its weights.",
        remedy=Remedy(action="train_from_weights"),
    )


def write_run_record(
    run: RunFolder,
    project: Project,
    dataset: Dataset,
    precision: str,
    start_weights: Path | None,
    report: Report,
) -> None:
    """Write everything needed to repeat the run.

    Raises:
        UserError: the weights to start from cannot be read, or the record cannot be written.
    """
    if start_weights is not None:
        weights.read_card(start_weights)  # refused before anything is written
    pairs = (*dataset.train, *dataset.val)
    files = [image for pair in pairs for image in (pair.input, pair.target)]
    if start_weights is not None:
        files.append(ImageRef(start_weights))
    report(LogLine(f"{len(dataset.train)} training and {len(dataset.val)} validation pairs."))
    found = _checksums(files, dataset.contents)
    facts = {
        "reading": READING_VERSION,
        "versions": devices.versions(),
        "device": devices.describe_device(),
        "precision": precision,
        "network": fields.to_json(dataset.model),
        "start_weights": None if start_weights is None else str(start_weights.absolute()),
        "sha256": dict(zip((str(file.absolute()) for file in files), found, strict=True)),
    }
    save_project(replace(project, run=facts, labels=None), run.project)


def _checksums(images: Sequence[ImageRef], contents: Mapping[ImageRef, FileContent]) -> list[str]:
    """The checksum of each image; only images without a known checksum are read.

    Raises:
        OSError: an image cannot be read.
    """
    unknown = [image for image in images if image not in contents or not contents[image].checksum]
    read = dict(zip(unknown, checksums(unknown), strict=True))
    return [read.get(image) or contents[image].checksum for image in images]
