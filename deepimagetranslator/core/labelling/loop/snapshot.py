"""A snapshot of done label maps as targets, so that what is painted meanwhile changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, write_image
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.atomic_write import writing
from deepimagetranslator.core.system.moving import flush_folder, make_folder
from deepimagetranslator.core.system.system_path import exists, system_path
from deepimagetranslator.core.system.temporary import temporary_name

FOLDER = "snapshot"
"""The snapshot's name in a run's folder; with a number if there is an earlier one."""


@dataclass(frozen=True)
class Snapshot:
    """Done images with their targets.

    Attributes:
        pairs: each image with its label map in the snapshot.
        left_out: a problem for each image that has none; its subject is the image.
    """

    pairs: tuple[ImagePair, ...]
    left_out: tuple[Problem, ...] = ()


def take_snapshot(
    store: LabelStore,
    images: Sequence[ImageRef],
    run_dir: Path,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Snapshot:
    """Write the label maps of images as targets: PNG in the label colours.

    They are read through the label colours of ``store.table`` as any other targets. The folder gets
    its name when all of them are written.

    Args:
        store: has the label maps and the classes.
        images: done ones.
        run_dir: the run's folder, created if needed.
        report: called with ``FilesRead``.
        control: cancels it; nothing is left then.

    Raises:
        UserError: there is no class but the background, or a file cannot be written.
        Cancelled: the caller cancelled.
    """
    control, palette = control or JobControl(), store.table.palette(of_files=True)
    names: list[tuple[ImageRef, str]] = []
    left_out = []
    with _new_folder(run_dir) as folder:
        for position, image in enumerate(images, 1):
            control.raise_if_cancelled()
            try:
                numbers = _numbers_of_done(store, image)
            except UserError as error:
                left_out.append(Problem(str(image), str(error)))
            else:
                name = store.status(image).file
                write_image(folder / name, palette.decode(store.table.dense(numbers)))
                names.append((image, name))
            report(FilesRead(position, len(images)))
        place = _named(folder, run_dir) if names else run_dir
    pairs = tuple(ImagePair(image, ImageRef(place / name)) for image, name in names)
    return Snapshot(pairs, tuple(left_out))


def _numbers_of_done(store: LabelStore, image: ImageRef) -> Classes:
    """The label map of a done image.

    Raises:
        UserError: it or the image is missing, cannot be read, or they differ in size.
    """
    height, width, *_ = image_size(image)
    numbers = store.read(image, (height, width), to_paint=False)
    if store.status(image).state != DONE:
        raise UserError(f"{image} is being changed; mark it as done again.")
    if numbers is None:
        raise UserError(
            f"The label map {store.path(image)} of {image} is missing; restore it, or label the "
            "image anew."
        )
    return numbers


@contextmanager
def _new_folder(run_dir: Path) -> Iterator[Path]:
    """A temporary folder, which is deleted at the end unless it was renamed."""
    folder = run_dir / temporary_name(FOLDER)
    with writing(folder):
        make_folder(system_path(folder), durable=True)
    try:
        yield folder
    finally:
        with suppress(OSError):
            shutil.rmtree(system_path(folder))


def _named(folder: Path, run_dir: Path) -> Path:
    """Give a complete folder the first free name."""
    for number in count(1):
        place = run_dir / (FOLDER if number == 1 else f"{FOLDER}{number}")
        if not exists(place):
            with writing(place):
                flush_folder(system_path(folder))
                system_path(folder).rename(system_path(place))
                flush_folder(system_path(run_dir))
            return place
    raise AssertionError
