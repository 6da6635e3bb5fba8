"""Saving a label map into the target file itself: the one case in which an original is changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepimagetranslator.core.data.labels.palette import Palette, whole_numbers
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, read_spacing, write_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.stamps import ChangedMeanwhileError
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.system_path import Stamp, file_stamp

_KEPT = (".png", ".tif", ".tiff")


def numbers_of_target(
    target: ImagePair | ImageRef, table: ClassTable, shape: tuple[int, int]
) -> Classes:
    """The class numbers of a target, (height, width).

    Args:
        target: the target, as ``read_target`` takes it.
        table: the classes; the target's colours must be theirs.
        shape: height and width of the input.

    Raises:
        UserError: the target cannot be read, has another size than the input, or a colour that no
            class has.
    """
    image = read_target(target)
    name = target.target if isinstance(target, ImagePair) else target
    if image.shape[:2] != shape:
        (high, wide), (height, width) = image.shape[:2], shape
        raise UserError(
            f"{name} has {wide} x {high} pixels and its input {width} x {height}; a label map is "
            "painted pixel by pixel, so bring both to one size first."
        )
    return table.sparse(table.palette(of_files=True).encode(image, str(name)))


def save_into_target(
    target: ImagePair | ImageRef, numbers: Classes, table: ClassTable, read_at: Stamp | None
) -> Path:
    """Write a label map into its target file, in the colours of the file; a copy (.bak) is kept.

    Pixels whose class did not change keep their value.

    Args:
        target: the target.
        numbers: the class numbers, (height, width).
        table: the classes.
        read_at: the stamp of the file when it was read.

    Returns:
        The copy.

    Raises:
        ChangedMeanwhileError: another program has changed the file since then.
        UserError: it cannot hold the label map, or cannot be written.
    """
    image = target.target if isinstance(target, ImagePair) else target
    changes = target.changes if isinstance(target, ImagePair) else ()
    _require_writable(image, changes)
    if file_stamp(image.file) != read_at:
        raise ChangedMeanwhileError(
            f"Another program has changed {image} since it was read; take it over first, or save "
            "the label map under another name."
        )
    before = whole_numbers(read_image(image))
    palette = table.palette(of_files=True)
    if before is None:
        raise UserError(f"{image} holds fractions; save the label map under another name.")
    after = _painted(before, palette, table.dense(numbers), str(image))
    spacing = read_spacing(image)
    copy = back_up(image.file)
    write_image(image.file, after, spacing)
    return copy


def _painted(before: Classes, palette: Palette, classes: Classes, name: str) -> Classes:
    old = palette.encode(before, name)
    if old.shape != classes.shape:
        raise UserError(f"{name} has another size than its label map; save it elsewhere.")
    colours = np.array(palette.colours, before.dtype)
    if colours.shape[1] != before.shape[2]:
        grey = bool((colours == colours[:, :1]).all())
        if not (grey or before.shape[2] == 3):
            raise UserError(
                f"{name} is grey and cannot hold the label colours; save it under another name."
            )
        colours = np.repeat(colours[:, :1], before.shape[2], axis=1)
    painted: Classes = np.where((old != classes)[..., None], colours[classes], before)
    return painted


def _require_writable(image: ImageRef, changes: tuple[str, ...]) -> None:
    if image.slice is not None or image.file.suffix.lower() not in _KEPT:
        raise UserError(
            f"{image} is no single PNG or TIFF image, so it cannot be replaced without a loss; "
            "export the label map instead."
        )
    if changes:
        raise UserError(
            f"{image} is read with changes ({', '.join(changes)}), which its file does not hold; "
            "export the label map instead."
        )
