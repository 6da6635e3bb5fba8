"""Train on the done images: the next run of the loop, on a snapshot of their label maps.

What the window and the command ``label train`` begin is decided here. The run's own project file
then lists the snapshot, so the run is resumed and repeated as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config.classes import to_texts
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pair_lists import lists_of, matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import Problem, Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.classes import adopt_classes
from deepimagetranslator.core.labelling.loop.newest import (
    newest_weights,
    next_number,
    seen_by,
    trained_on,
    validated_last,
)
from deepimagetranslator.core.labelling.loop.round_record import write_record
from deepimagetranslator.core.labelling.loop.schedule import CONTINUES, scheduled
from deepimagetranslator.core.labelling.loop.snapshot import take_snapshot
from deepimagetranslator.core.labelling.loop.states import KnownImage, known_images
from deepimagetranslator.core.labelling.loop.validation import Division, divided
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL, Round
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.messages.events import Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import locked
from deepimagetranslator.core.runs.run_state import Stage, state_of
from deepimagetranslator.core.system.system_path import exists


@dataclass(frozen=True)
class NextTraining:
    """A training of the loop that is ready to begin.

    ``project``, ``run_dir`` and ``start_weights`` are arguments of ``ml.training.train`` and fields
    of ``StartTraining``; no record of a data check fits it.

    Attributes:
        number: of the round, from 1.
        project: what is trained, with the snapshot in its lists of files.
        run_dir: the run's folder.
        start_weights: the weights it begins from; None for random ones.
        division: which images are trained on and which validate.
        images: all images of the project, with their states.
        left_out: a problem for each done image that could not be taken; its subject is the image.
        notes: further sentences for the user.
    """

    number: int
    project: Project
    run_dir: Path
    start_weights: Path | None
    division: Division
    images: tuple[KnownImage, ...]
    left_out: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the user should know before it begins."""
        done = len(self.division.train) + len(self.division.val)
        start = "random weights" if self.start_weights is None else str(self.start_weights)
        begins = (
            f"Round {self.number}: {done} of {len(self.images)} images are done, "
            f"{len(self.division.train)} of them are trained on; it begins from {start}."
        )
        return (begins, self.division.sentence, *self.notes)


def next_training(
    project: Project,
    path: Path | None,
    store: LabelStore,
    run_dir: Path,
    *,
    continued: bool | None = None,
    epochs: int = 0,
    report: Report = ignore,
    control: JobControl | None = None,
) -> NextTraining:
    """Prepare the next training of the loop, and note it in the label store and in its folder.

    It takes the done images: the label maps of those that were painted are copied into the run's
    folder, targets of the project stay where they are. Painting may go on when it returns.

    Args:
        project: the project.
        path: its file; None if it was never saved.
        store: its label store, which must be open (``LabelStore.open``).
        run_dir: the run's folder; it must not hold a run with a complete epoch.
        continued: begin from the newest weights of the loop instead of random ones; None for
            ``schedule.CONTINUES``.
        epochs: see ``schedule.scheduled``.
        report: called with ``FilesRead``.
        control: cancels it; nothing is left then.

    Raises:
        UserError: no image is done, there are no classes, the targets of the project are no label
            maps, the folder holds a run, there are no weights to continue, or a file cannot be
            written.
        Cancelled: the caller cancelled.
    """
    wanted = CONTINUES if continued is None else continued
    try:
        preparing = _Preparing(project, path, store, run_dir, report, control or JobControl())
        return preparing.prepared(wanted, epochs, asked=continued is True)
    except BaseException:
        with suppress(OSError):  # it holds something
            run_dir.rmdir()
        raise


@dataclass(frozen=True)
class _Preparing:
    """A training of the loop that is being prepared; arguments as ``next_training``."""

    project: Project
    path: Path | None
    store: LabelStore
    run_dir: Path
    report: Report
    control: JobControl

    def prepared(self, continued: bool, epochs: int, asked: bool) -> NextTraining:
        """Take the snapshot and decide the rest; ``asked`` if the user wants to continue."""
        project, store, run_dir = self.project, self.store, self.run_dir
        _require_no_run(RunFolder(run_dir))
        adopt_classes(project.specs.data, store)
        data = project.specs.data
        images, own = known_images(data, store), matched(data, "val")
        validating = {pair.input for pair in own}
        done = [one for one in images if one.state == DONE and one.image not in validating]
        _require_done(done, images)
        given = _given(data, done, store)
        with locked(RunFolder(run_dir)):
            painted = [one.image for one in done if store.status(one.image).state == DONE]
            taken = take_snapshot(store, painted, run_dir, self.report, self.control)
            pairs = {pair.input: pair for pair in (*given, *taken.pairs)}
            usable = [one for one in done if one.image in pairs]
            if not usable:
                raise UserError(*(one.message for one in taken.left_out))
            division = division_of(usable, validating, store)
            validate = division.val or tuple(validating)
            start, notes = _start(self.path, project, store, validate, continued, asked)
            new = _with_pairs(project, store, pairs, division, own)
            new = scheduled(new, len(division.train), start is not None, epochs)
            number = next_number(store)
            write_record(run_dir, number, store, division, taken.left_out, start)
            store.add_round(_round(number, store, run_dir, division, start))
        notes = (*_drafts_with_targets(data, images), *notes)
        every = tuple(images)
        return NextTraining(number, new, run_dir, start, division, every, taken.left_out, notes)


def _require_no_run(run: RunFolder) -> None:
    stage = state_of(run).stage
    if stage in (Stage.RESUMABLE, Stage.STATELESS):
        raise UserError(
            f"{run.path} holds a run already: resume it, or choose another folder.",
            remedy=Remedy(action="resume"),
        )
    if stage is Stage.NEW and exists(run.project):
        raise UserError(
            f"{run.project} is no record of a run and would be overwritten; choose another folder."
        )


def _require_done(done: Sequence[KnownImage], images: Sequence[KnownImage]) -> None:
    if not images:
        raise UserError("The project has no images yet; add some first.")
    if not done:
        raise UserError(
            f"None of the {len(images)} images is done yet; label one and mark it as done first."
        )


def _given(data: DataSpec, done: Sequence[KnownImage], store: LabelStore) -> list[ImagePair]:
    """The pairs of done images whose targets are files of the project.

    Raises:
        UserError: these are no label maps.
    """
    wanted = {one.image for one in done if store.status(one.image).state == TO_LABEL}
    pairs = [pair for pair in matched(data, "train") if pair.input in wanted]
    if data.target_kind == "values" and (pairs or data.val_targets):
        raise UserError(
            "The targets of the project are images of values, which are not trained on together "
            "with label maps; make a project of the images to label alone."
        )
    return pairs


def division_of(done: Sequence[KnownImage], own: set[ImageRef], store: LabelStore) -> Division:
    """How the next training divides the done images.

    Args:
        done: they, without the project's own validation images.
        own: these.
        store: has the rounds before.
    """
    trained, validated = trained_on(store), validated_last(store)
    names = {one.image: store.text_of(one.image.path) for one in done}
    return divided(
        done,
        own,
        {image for image, text in names.items() if text in trained},
        {image for image, text in names.items() if text in validated},
    )


def _start(
    path: Path | None,
    project: Project,
    store: LabelStore,
    validate: Sequence[ImageRef],
    continued: bool,
    asked: bool,
) -> tuple[Path | None, tuple[str, ...]]:
    """The weights to begin from, and why these are others than the wanted ones.

    Raises:
        UserError: the user asked for the newest weights, and there are none.
    """
    newest = newest_weights(path, project, store) if continued else None
    if newest is None:
        if asked:
            raise UserError("There are no weights to continue yet; train from scratch first.")
        return None, ()
    seen = seen_by(newest.weights, store)
    known = sum(store.text_of(image.path) in seen for image in validate)
    if known:
        return None, (
            f"It begins from scratch, as {known} of the images that validate now were trained on "
            f"in {newest.weights.parent}.",
        )
    return newest.weights, ()


def _with_pairs(
    project: Project,
    store: LabelStore,
    pairs: dict[ImageRef, ImagePair],
    division: Division,
    own: Sequence[ImagePair],
) -> Project:
    """The project with these pairs, and with the settings that are suggested for them."""
    train = [pairs[image] for image in division.train]
    val = [pairs[image] for image in division.val] if division.kind != "own" else own
    lists: dict[str, Any] = lists_of(train, val)
    classes = to_texts([one for _, one in store.table.classes])
    data = replace(
        project.specs.data,
        **lists,
        unlabelled_inputs=(),
        pairing="order",
        target_kind="labels",
        labels=classes,
    )
    new = replace(project, specs=replace(project.specs, data=data), runs=(), labels=None, run={})
    return suggested(new, look_for(new))


def _round(
    number: int, store: LabelStore, run_dir: Path, division: Division, start: Path | None
) -> Round:
    train, val = (
        tuple(store.text_of(image.path) for image in images)
        for images in (division.train, division.val)
    )
    before = "" if start is None else store.text_of(start.parent)
    return Round(number, store.text_of(run_dir), train, val, before)


def _drafts_with_targets(data: DataSpec, images: Sequence[KnownImage]) -> list[str]:
    """A sentence on targets that are left out, as a draft over them is not done."""
    drafts = {one.image for one in images if one.state == DRAFT}
    count = sum(pair.input in drafts for pair in matched(data, "train"))
    if not count:
        return []
    verb = "image with a target is a draft" if count == 1 else "images with a target are drafts"
    return [f"{count} {verb} now and left out until done."]
