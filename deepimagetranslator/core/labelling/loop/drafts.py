"""Takes translated images over as drafts: into the project's label maps, or into a folder of PNG.

The translation writes class numbers in the order of the network's classes, one PNG an image
(``as_drafts``); these become label maps in the classes of the project.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.layout import places, require_folder
from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image, write_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.loop.classes import numbers_of_network
from deepimagetranslator.core.labelling.loop.painted import palette_to_paint
from deepimagetranslator.core.system.system_path import exists, system_path

Put = Callable[[ImageRef, Classes], object]
"""Takes the class numbers (height, width) of an image; raises WriteError."""


def as_drafts(spec: TranslationSpec) -> TranslationSpec:
    """How drafts are translated: as the project translates, but written as class numbers."""
    return replace(
        spec,
        output="classes",
        file_format="png",
        value_type="automatic",
        confidence=False,
        overwrite=True,
    )


class Drafts:
    """The drafts of one translation.

    Args:
        palette: of the network.
        table: the project's classes.
        put: takes each draft.

    Attributes:
        images: the images that have a draft now.
        skipped: (image, reason) of the others.

    Raises:
        UserError: a class of the network is none of the project's.
    """

    def __init__(self, palette: Palette, table: ClassTable, put: Put) -> None:
        self._meaning, self._put = numbers_of_network(palette, table), put
        self.images: list[ImageRef] = []
        self.skipped: list[tuple[ImageRef, str]] = []

    def take(self, image: ImageRef, translated: ImageRef) -> None:
        """Take one translated image over.

        Raises:
            WriteError: the draft cannot be written.
        """
        try:
            indices = read_image(translated)[..., 0]
            height, width, *_ = image_size(image)
        except UserError as error:
            self.skipped.append((image, str(error)))
            return
        if indices.shape != (height, width):
            high, wide = indices.shape
            reason = (
                f"{image} has {width} x {height} pixels, but its translation {wide} x {high}; use "
                "a network whose output has the size of its input."
            )
            self.skipped.append((image, reason))
            return
        self._put(image, self._meaning[indices])
        self.images.append(image)


def into_folder(folder: Path, table: ClassTable, images: Sequence[ImageRef]) -> Put:
    """Have drafts written as PNG in label colours, as NAME.png or, for slices, NAME/0007.png.

    Subfolders of the images are kept, so that the painted files find their images again.

    Args:
        folder: a new or empty folder.
        table: the classes.
        images: all images that may get a draft.

    Raises:
        UserError: the folder holds something, or two images would get the same name.
    """
    require_folder(folder)
    if exists(folder) and any(system_path(folder).iterdir()):
        raise UserError(f"{folder} holds files already; choose a new folder for the drafts.")
    palette = palette_to_paint(table)
    files = {
        image: folder / _named(image, place.with_name(stem(place.name)))
        for image, place in places(images, folder, folder=_common(images)).items()
    }
    if len(set(files.values())) < len(files):
        raise UserError(
            "Two images differ only in the ending of their names, so their drafts would have the "
            "same one; rename one of them."
        )

    def put(image: ImageRef, numbers: Classes) -> None:
        write_image(files[image], palette.decode(table.dense(numbers)), replace=False)

    return put


def _named(image: ImageRef, place: PurePath) -> PurePath:
    if image.slice is None:
        return place.with_name(f"{place.name}.png")
    return place / f"{image.name}.png"


def _common(images: Sequence[ImageRef]) -> Path | None:
    """The folder that holds all images; None if they lie on several drives."""
    try:
        return Path(os.path.commonpath([image.file.parent for image in images]))
    except ValueError:
        return None
