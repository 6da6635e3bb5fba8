"""Drafts as files to paint on in another program, and what is kept of them to count corrections.

The drafts are PNG in label colours. As they are changed in place, a copy of each lies under the
same name in the hidden subfolder ``.drafts``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.layout import places, require_folder
from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.loop.drafts import Put
from deepimagetranslator.core.labelling.loop.painted import palette_to_paint
from deepimagetranslator.core.labelling.number_files import png_of, read_numbers
from deepimagetranslator.core.labelling.record import DraftRecord
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.system_path import exists, is_file, system_path

_KEPT = ".drafts"
_RECORD = "round.json"


def into_folder(
    folder: Path, table: ClassTable, images: Sequence[ImageRef], round_number: int = 0
) -> Put:
    """Have drafts written as PNG in label colours, as NAME.png or, for slices, NAME/0007.png.

    Subfolders of the images are kept, so that the painted files find their images again.

    Args:
        folder: a new or empty folder.
        table: the classes.
        images: all images that may get a draft.
        round_number: of the training whose network makes them; 0 for another network.

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

    def put(image: ImageRef, numbers: Classes, _confidence: float | None) -> None:
        kept = folder / _KEPT
        if not exists(kept / _RECORD):
            write_bytes(kept / _RECORD, json.dumps({"round": round_number}).encode())
        write_bytes(kept / files[image].relative_to(folder), png_of(numbers))
        write_image(files[image], palette.decode(table.dense(numbers)), replace=False)

    return put


def kept_draft(label: ImageRef) -> tuple[Classes, DraftRecord] | None:
    """The draft that a label image began with, if it is a file of ``into_folder``.

    Returns:
        Its class numbers (height, width) and what is known of it; None if there is none, or it
        cannot be read.
    """
    for folder in label.file.parents:
        place = folder / _KEPT / label.file.relative_to(folder)
        if label.slice is None and is_file(place):
            with suppress(UserError, OSError, ValueError, TypeError, KeyError):
                record = json.loads(system_path(folder / _KEPT / _RECORD).read_bytes())
                numbers = read_numbers(place)
                return numbers, DraftRecord(int(record["round"]), int(numbers.size))
    return None


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
