"""The ways in which displaced targets can be read or paired, and the pairs after each.

A target is a volume (NIfTI), or slices in files or frames of their own (DICOM). Of the latter an
input is paired with the slice that is to be read at its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.data.facts import PairFacts
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.places import (
    LEAST_OVERLAP,
    agreeing_forms,
    array_order,
    overlap,
)
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_geometry, read_place
from deepimagetranslator.core.imaging.place import Place, agree
from deepimagetranslator.core.imaging.series import ALL, in_order, instance_of
from deepimagetranslator.core.typing import Array

_LOOKED_AT = 32  # rows and columns of a slice whose overlap is computed

Pairs = list[ImagePair]


@dataclass(frozen=True)
class Volume:
    """The displaced pairs of one volume or series of inputs, and one of targets.

    Attributes:
        facts: of the pairs.
        inputs, targets: all of its images in the project's part, those without a partner too.
    """

    facts: Sequence[PairFacts]
    inputs: Sequence[ImageRef]
    targets: Sequence[ImageRef]

    @property
    def places(self) -> tuple[Place, Place]:
        """The places of the first pair's input and target."""
        ours, theirs = self.facts[0].input.place, self.facts[0].target.place
        assert ours is not None and theirs is not None
        return ours, theirs

    @property
    def pairs_of_numbers(self) -> Pairs:
        """Each input with the target's slice of the same number, which it need not have."""
        pairs, target = [facts.pair for facts in self.facts], self.facts[0].pair.target
        if len(pairs) == len(self.inputs) == len(self.targets) or not self.places[0].thick:
            return pairs
        return [ImagePair(image, ImageRef(target.file, image.slice)) for image in self.inputs]

    @property
    def pairs_of_all_inputs(self) -> Pairs:
        """As ``pairs_of_numbers``; the files of a series, which have no numbers, get some."""
        if self.places[0].thick or len(self.facts) == len(self.inputs):
            return self.pairs_of_numbers
        file = self.facts[0].pair.target.file
        return [ImagePair(one, ImageRef(file, n)) for n, one in enumerate(self.inputs, 1)]


def ways(volume: Volume) -> dict[str, Pairs]:
    """The ways to mend a volume, the most likely one first, each with the pairs after it."""
    ours, theirs = volume.places
    unknown = ours.placeholder or theirs.placeholder
    order = [_by_other_form, _by_place, _resampled, _in_array_order]
    if unknown:
        order = [_in_array_order, _by_other_form]
    found = {}
    for way in order:
        with suppress(UserError):
            if pairs := way(volume):
                found[_NAMES[way]] = pairs
    return found


def _in_array_order(volume: Volume) -> Pairs:
    if array_order(volume.facts[0].pair) is None:
        return []
    ours, theirs = volume.places
    if theirs.thick:
        return volume.pairs_of_numbers
    return _slices_of_volume(volume) if ours.thick else _slices_of_files(volume)


def _slices_of_volume(volume: Volume) -> Pairs:
    """The slices of a NIfTI input, each with the DICOM slice of its number in array order.

    Those of further time points have the targets of the first one.
    """
    voxels, slices = read_geometry(volume.inputs[0]).voxels, volume.places[0].shape[2]
    along = volume.places[0].axes[:, 2] * voxels[2, 2]
    if along @ volume.places[1].axes[:, 2] > 0:
        targets = in_order(volume.targets, ALL)
    else:
        targets = _by_number(volume.targets)
    if len(targets) != slices:
        return []
    numbers = [((image.slice or 1) - 1) % slices for image in volume.inputs]
    k = (round(float((voxels @ [0, 0, number, 1])[2])) for number in numbers)
    return [ImagePair(image, targets[n]) for image, n in zip(volume.inputs, k, strict=True)]


def _slices_of_files(volume: Volume) -> Pairs:
    """The pairs of DICOM slices as they are; if the directions differ, in which both are sorted by
    place, those of the same number in their files."""
    ours, theirs = volume.places
    if ours.axes[:, 2] @ theirs.axes[:, 2] <= 0:
        inputs, targets = _by_number(volume.inputs), _by_number(volume.targets)
        if inputs and len(inputs) == len(targets):
            return [ImagePair(*both) for both in zip(inputs, targets, strict=True)]
    return volume.pairs_of_numbers


def _by_number(images: Sequence[ImageRef]) -> list[ImageRef]:
    """DICOM slices sorted by the number of frame or file; [] if they are not numbered."""
    numbers = {image: instance_of(image) for image in images}
    if None in numbers.values() or len(set(numbers.values())) < len(numbers):
        return []
    return sorted(numbers, key=lambda image: numbers[image] or 0)


def _by_other_form(volume: Volume) -> Pairs:
    return volume.pairs_of_numbers if agreeing_forms(*volume.places) else []


def _by_place(volume: Volume) -> Pairs:
    """Inputs with the targets at their place, if that are half of the inputs or targets."""
    targets = [(image, place) for image in volume.targets if (place := read_place(image))]
    if not targets:
        return []
    centres = np.array([place.centre for _, place in targets])
    pairs = []
    for image in volume.inputs:
        ours = read_place(image)
        if ours is not None:
            target, place = targets[_closest(centres, ours)]
            if agree(ours, place):
                pairs.append(ImagePair(image, target))
    fewer = min(len(volume.inputs), len(targets))
    return pairs if 2 * len(pairs) >= fewer else []


def _closest(centres: Array, ours: Place) -> int:
    return int(np.linalg.norm(centres - ours.centre, axis=1).argmin())


def _resampled(volume: Volume) -> Pairs:
    """Inputs of which at least half lies in the target, if these are half of the inputs."""
    pairs = []
    for pair, theirs in _to_resample(volume):
        ours = read_place(pair.input)
        if ours is not None and overlap(ours, theirs, _LOOKED_AT) >= LEAST_OVERLAP:
            pairs.append(pair)
    return pairs if 2 * len(pairs) >= len(volume.inputs) else []


def _to_resample(volume: Volume) -> list[tuple[ImagePair, Place]]:
    """Each input with the target and the place from which it may be read: the whole volume, or of
    DICOM the nearest slice. None if several lie at one place, such as the segments of a file."""
    theirs = volume.places[1]
    if theirs.thick:
        return [(pair, theirs) for pair in volume.pairs_of_all_inputs]
    targets = [(image, place) for image in volume.targets if (place := read_place(image))]
    normal = theirs.axes[:, 2] / theirs.spacing[2]
    heights = np.array([place.centre @ normal for _, place in targets])
    if len(np.unique(heights.round(2))) < len(targets):
        return []
    found = []
    for image in volume.inputs:
        if (ours := read_place(image)) is not None:
            target, place = targets[int(np.abs(heights - ours.centre @ normal).argmin())]
            found.append((ImagePair(image, target), place))
    return found


_NAMES: dict[Callable[[Volume], Pairs], str] = {
    _in_array_order: "array_order",
    _by_other_form: "other_form",
    _by_place: "by_place",
    _resampled: "resampled",
}
