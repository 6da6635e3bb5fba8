"""Class numbers of label images that were painted in another program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour, colour_of
from deepimagetranslator.core.data.labels.palette import Palette, pack, whole_numbers
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.places import displaced
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image, read_place
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.typing import Array


def numbers_of_painted(label: ImageRef, image: ImageRef, table: ClassTable) -> Classes:
    """The class numbers (height, width) of a label image for an input.

    The label image holds the colours of the classes, as in targets or as written, or class numbers
    from 0 in the order of the classes. Colours come first where grey values could be either.

    Args:
        label: the label image.
        image: its input.
        table: the classes.

    Raises:
        UserError: one of both cannot be read, they differ in size or place, or a colour is no
            class's.
    """
    found = read_image(label)
    height, width, *_ = image_size(image)
    if found.shape[:2] != (height, width):
        high, wide = found.shape[:2]
        raise UserError(
            f"{label} has {wide} x {high} pixels and its input {width} x {height}; paint on an "
            "image of the input's size."
        )
    if displaced(ImagePair(image, label), read_place(image), read_place(label)):
        raise UserError(
            f"{label} states another place in the patient than {image}; save it in the geometry of "
            "its image."
        )
    numbers = whole_numbers(found)
    if numbers is None:
        raise UserError(
            f"{label} holds fractions or values outside 0 to 65535; save it in label colours or "
            "class numbers."
        )
    return table.sparse(_indices(numbers, table.palette(of_files=True), table.palette(), label))


def palette_to_paint(table: ClassTable) -> Palette:
    """The palette in whose colours drafts are written, which ``numbers_of_painted`` understands.

    They are those of translated images, unless one of these is another class's in the files.
    """
    palette, files = table.palette(), table.palette(of_files=True)
    written = [colour_of(colour, 3) for colour in palette.written]
    others = [files.class_of(colour) for colour in written]
    mixed = any(other not in (-1, files.rest, number) for number, other in enumerate(others))
    return files if mixed or len(set(written)) < len(written) else palette


def _indices(image: Array, palette: Palette, written: Palette, label: ImageRef) -> Classes:
    """Indices of the palette, by colour or else by class number."""
    colours, number_of_run, lengths = _runs_of(image)
    known = {colour_of(c, 3): number for number, c in enumerate(written.written)}
    for colour, number in (*((c, n) for n, c in enumerate(palette.colours)), *palette.also):
        known[colour_of(colour, 3)] = number
    found = [known.get(colour_of(colour, 3), palette.rest) for colour in colours]
    if -1 in found and all(len(set(c)) == 1 and c[0] < len(palette.colours) for c in colours):
        found = [colour[0] for colour in colours]
    if -1 in found:
        pixels = np.bincount(number_of_run, weights=lengths)
        unknown = [(int(n), c) for n, c, at in zip(pixels, colours, found, strict=True) if at < 0]
        raise _refusal(sorted(unknown, reverse=True), label)
    indices: Classes = np.repeat(np.array(found, np.uint8)[number_of_run], lengths)
    return indices.reshape(image.shape[:2])


def _runs_of(image: Array) -> tuple[list[Colour], NDArray[np.intp], NDArray[np.intp]]:
    """The colours of an image; for each run of equal pixels, row by row, its colour's number and
    its length. Label images have few runs, so that these are sorted much faster than pixels."""
    packed = pack(image).ravel()
    starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    lengths = np.diff(starts, append=packed.size)
    _, first, number_of_run = np.unique(packed[starts], return_index=True, return_inverse=True)
    flat = image.reshape(-1, image.shape[2])
    return [tuple(map(int, flat[starts[run]])) for run in first], number_of_run, lengths


def _refusal(unknown: list[tuple[int, Colour]], label: ImageRef) -> UserError:
    """The error of colours without a class, each after its number of pixels, most first."""
    (pixels, colour), *others = unknown
    shown = ", ".join(map(str, colour))
    more = ""
    if others:
        rest = sum(number for number, _ in others)
        more = f" and {len(others)} more such colour{'s' * (len(others) > 1)} on {rest}"
    return UserError(
        f"{label} has the colour ({shown}), which no class has, on {pixels} "
        f"pixel{'s' * (pixels > 1)}{more}; paint with hard edges in the colours of the classes, or "
        "add the class."
    )
