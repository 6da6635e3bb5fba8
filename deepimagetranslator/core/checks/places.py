"""Findings about the places in the patient that files state: of pairs, and within one file.

A finding offers every way to mend it that fits the files; which one is right only the user knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, named
from deepimagetranslator.core.checks.repairs import moved
from deepimagetranslator.core.data.facts import PairFacts
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.places import (
    LEAST_OVERLAP,
    agreeing_forms,
    array_order,
    nearest,
    overlap,
)
from deepimagetranslator.core.errors import Problem, Repair, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_geometry, read_place
from deepimagetranslator.core.imaging.place import Place, agree, difference
from deepimagetranslator.core.typing import Array

_LOOKED_AT = 32  # rows and columns of a slice whose overlap is computed

Pairs = list[ImagePair]


@dataclass(frozen=True)
class _Volume:
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


def displaced(context: CheckContext) -> Iterator[Problem]:
    """Pairs whose files state different places in the patient."""
    groups: defaultdict[tuple[str, ...], list[_Volume]] = defaultdict(list)
    ways: dict[int, dict[str, Pairs]] = {}
    for volume in _volumes(context):
        ways[id(volume)] = _ways(volume)
        groups[tuple(ways[id(volume)])].append(volume)
    for names, volumes in groups.items():
        repairs = [
            _repair(context, name, volumes, [ways[id(volume)][name] for volume in volumes])
            for name in names
        ]
        targets = [facts.pair.target for volume in volumes for facts in volume.facts]
        out = leave_out(targets)
        assert out is not None
        first, *others = [*repairs, replace(out, name="leave_out", guess=True)]
        problem = finding("displaced", _sentence(volumes), targets, fatal=True, repair=first)
        yield replace(problem, others=tuple(others))


def _sentence(volumes: Sequence[_Volume]) -> str:
    files = list(dict.fromkeys(_whole(volume.facts[0].pair.target) for volume in volumes))
    ours, theirs = volumes[0].places
    one = len(files) == 1
    first = "It differs" if one else f"{files[0].shown_name} differs"
    words = (
        f"{'The target' if one else f'{len(files)} targets:'} {named(files)} "
        f"{'states' if one else 'state'} another place in the patient than "
        f"{'its input' if one else 'their inputs'}. {first} in {difference(ours, theirs)}."
    )
    if theirs.placeholder or ours.placeholder:
        whose = "The target" if theirs.placeholder else "The input"
        words += f" {whose} has the place that programs write when they know none."
    if ours.other is not None or theirs.other is not None:
        whose = "input" if ours.other is not None else "target"
        words += f" The qform and the sform of the {whose} disagree."
    return f"{words} Choose which is right; no file is changed."


def _volumes(context: CheckContext) -> Iterator[_Volume]:
    """The displaced pairs of both parts by volume."""
    for part, pairing in zip((context.train, context.val), context.pairings, strict=True):
        found: defaultdict[tuple[Path, Path], list[PairFacts]] = defaultdict(list)
        for facts in part.readable:
            if facts.displaced:
                found[facts.pair.input.home, facts.pair.target.home].append(facts)
        for (ours, theirs), displaced in found.items():
            inputs = [facts.pair.input for facts in displaced]
            targets = [facts.pair.target for facts in displaced]
            inputs += [image for image in pairing.unmatched_inputs if image.home == ours]
            targets += [image for image in pairing.unmatched_targets if image.home == theirs]
            yield _Volume(displaced, inputs, targets)


def _whole(image: ImageRef) -> ImageRef:
    return ImageRef(image.file)


def _ways(volume: _Volume) -> dict[str, Pairs]:
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


def _in_array_order(volume: _Volume) -> Pairs:
    pair = volume.facts[0].pair
    possible = array_order(pair, read_geometry(pair.target)) is not None
    return volume.pairs_of_numbers if possible else []


def _by_other_form(volume: _Volume) -> Pairs:
    return volume.pairs_of_numbers if agreeing_forms(*volume.places) else []


def _by_place(volume: _Volume) -> Pairs:
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


def _resampled(volume: _Volume) -> Pairs:
    """Inputs of which at least half lies in the target, if these are half of the inputs."""
    read_geometry(volume.targets[0])  # a NIfTI volume
    theirs, pairs = volume.places[1], []
    for pair in volume.pairs_of_all_inputs:
        ours = read_place(pair.input)
        if ours is not None and overlap(ours, theirs, _LOOKED_AT) >= LEAST_OVERLAP:
            pairs.append(pair)
    return pairs if 2 * len(pairs) >= len(volume.inputs) else []


_NAMES: dict[Callable[[_Volume], Pairs], str] = {
    _in_array_order: "array_order",
    _by_other_form: "other_form",
    _by_place: "by_place",
    _resampled: "resampled",
}
_LABELS = {
    "array_order": "Ignore the targets' place: same order of voxels as in the inputs",
    "other_form": "Use the other of qform and sform",
    "by_place": "Pair slices by their place",
    "resampled": "Resample onto the inputs' pixels",
}


def _repair(
    context: CheckContext, name: str, volumes: Sequence[_Volume], pairs: Sequence[Pairs]
) -> Repair:
    """The repair of this name for several volumes.

    Args:
        context: the project.
        name: the way.
        volumes: the volumes.
        pairs: of each volume the pairs after the repair.
    """
    label = _LABELS[name]
    lost = sum(len(v.inputs) - len(after) for v, after in zip(volumes, pairs, strict=True))
    if lost:
        label += f" (leaves out {lost} without {'a partner' if name == 'by_place' else 'overlap'})"
    targets = dict.fromkeys(str(_whole(pair.target)) for after in pairs for pair in after)
    changes = () if name == "by_place" else tuple((target, name) for target in targets)
    repair = Repair(label, changes=changes, name=name, guess=True)
    if all(_same(volume, after) for volume, after in zip(volumes, pairs, strict=True)):
        return repair
    instead = {
        facts.pair: after if number == 0 else []
        for volume, after in zip(volumes, pairs, strict=True)
        for number, facts in enumerate(volume.facts)
    }
    train, val = (
        [pair for facts in part.facts for pair in instead.get(facts.pair, [facts.pair])]
        for part in (context.train, context.val)
    )
    return replace(repair, settings=moved(train, val, label).settings)


def _same(volume: _Volume, after: Pairs) -> bool:
    """Whether these are the volume's pairs, and nothing of it lacks a partner."""
    before = [facts.pair for facts in volume.facts]
    return before == after and len(after) == len(volume.inputs) == len(volume.targets)


def two_forms(context: CheckContext) -> Iterator[Problem]:
    """NIfTI files whose qform and sform state different places."""
    found: dict[ImageRef, Place] = {}
    for side in ("input", "target"):
        for image, facts in context.images(side):
            if facts.place is not None and facts.place.other is not None:
                found.setdefault(_whole(image), facts.place)
    if not found:
        return
    files, place = list(found), next(iter(found.values()))
    other = place.with_other()
    assert other is not None
    message = (
        f"The qform and the sform of {named(files)} differ in "
        f"{difference(place, nearest(place, other))}; the sform is used."
    )
    yield finding("two_forms", message, files)
