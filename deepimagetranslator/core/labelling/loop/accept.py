"""Takes label images that were painted in another program over as finished label maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deepimagetranslator.core.data.pairs import DOUBTFUL, ImagePair, base_name, match_pairs
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.loop.draft_folder import kept_draft
from deepimagetranslator.core.labelling.loop.painted import numbers_of_painted
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.system_path import is_file


@dataclass(frozen=True)
class Accepted:
    """What became of label images.

    Attributes:
        images: the inputs that are done now.
        skipped: a problem for each label image that was not taken over; its subject is the file.
    """

    images: tuple[ImageRef, ...]
    skipped: tuple[Problem, ...]


def accept(
    store: LabelStore,
    images: Sequence[KnownImage],
    labels: Sequence[ImageRef],
    *,
    replace: bool = False,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Accepted:
    """Write label images as label maps that are done.

    Each is taken over whole or not at all, and those that cannot be are skipped with the reason. A
    label map that was there before is kept as NAME.bak.

    Args:
        store: takes them; it has the classes.
        images: the project's images.
        labels: the label images, paired with the images by their names.
        replace: whether images that are done already get the new label map.
        report: called with ``FilesRead``.
        control: cancels it; what was taken over stays.

    Raises:
        WriteError: a label map cannot be written; those before are taken over.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    done = {one.image for one in images if one.state == DONE}
    pairs, skipped = _paired([one.image for one in images], labels)
    taken = []
    for position, pair in enumerate(pairs, 1):
        control.raise_if_cancelled()
        try:
            if pair.input in done and not replace:
                raise UserError(f"{pair.target} was left out, as its image is done already.")
            numbers = numbers_of_painted(pair.target, pair.input, store.table)
        except UserError as error:
            skipped.append(Problem(str(pair.target), str(error)))
        else:
            _write(store, pair.input, numbers, pair.target)
            taken.append(pair.input)
        report(FilesRead(position, len(pairs)))
    return Accepted(tuple(taken), tuple(skipped))


def _paired(
    images: Sequence[ImageRef], labels: Sequence[ImageRef]
) -> tuple[list[ImagePair], list[Problem]]:
    """The pairs by name that are certain enough, and the problems of the other label images."""
    pairing = match_pairs(images, labels)
    pairs, problems = [], []
    for pair, confidence in zip(pairing.pairs, pairing.confidences, strict=True):
        if confidence != DOUBTFUL or _alike(pair):
            pairs.append(pair)
        else:
            message = (
                f"{pair.target} may belong to {pair.input}, but their names differ; give it the "
                "name of its image."
            )
            problems.append(Problem(str(pair.target), message))
    for label in pairing.unmatched_targets:
        message = (
            f"{label} has the name of no single image of the project; give it that of its own."
        )
        problems.append(Problem(str(label), message))
    return pairs, problems


def _alike(pair: ImagePair) -> bool:
    """Whether two files, no slices, have the same base name although their folders differ."""
    names: Iterator[str] = (stem(one.file.name) for one in (pair.input, pair.target))
    ours, theirs = (base_name(name) or name for name in names)
    return pair.input.slice is None and pair.target.slice is None and ours == theirs


def _write(store: LabelStore, image: ImageRef, numbers: Classes, label: ImageRef) -> None:
    path = store.path(image)
    if is_file(path):
        back_up(path)
    if store.status(image).locked:
        store.unlock(image)
    store.write(image, numbers)
    kept = kept_draft(label)
    if kept is not None:
        store.keep_draft(image, *kept)
    store.mark_done(image)
