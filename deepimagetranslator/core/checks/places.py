"""Findings about the places in the patient that files state: of pairs, and within one file.

A finding offers every way to mend it that fits the files; which one is right only the user knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, named
from deepimagetranslator.core.checks.place_ways import Pairs, Volume, ways
from deepimagetranslator.core.checks.repairs import moved
from deepimagetranslator.core.data.facts import PairFacts
from deepimagetranslator.core.data.places import nearest
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.place import Place, difference


def displaced(context: CheckContext) -> Iterator[Problem]:
    """Pairs whose files state different places in the patient."""
    groups: defaultdict[tuple[str, ...], list[Volume]] = defaultdict(list)
    found: dict[int, dict[str, Pairs]] = {}
    for volume in _volumes(context):
        found[id(volume)] = ways(volume)
        groups[tuple(found[id(volume)])].append(volume)
    for names, volumes in groups.items():
        repairs = [
            _repair(context, name, volumes, [found[id(volume)][name] for volume in volumes])
            for name in names
        ]
        targets = [facts.pair.target for volume in volumes for facts in volume.facts]
        out = leave_out(targets)
        assert out is not None
        first, *others = [*repairs, replace(out, name="leave_out", guess=True)]
        problem = finding("displaced", _sentence(volumes), targets, fatal=True, repair=first)
        yield replace(problem, others=tuple(others))


def _sentence(volumes: Sequence[Volume]) -> str:
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


def _volumes(context: CheckContext) -> Iterator[Volume]:
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
            yield Volume(displaced, inputs, targets)


def _whole(image: ImageRef) -> ImageRef:
    return ImageRef(image.file)


_LABELS = {
    "array_order": "Ignore the targets' place: same order of voxels as in the inputs",
    "other_form": "Use the other of qform and sform",
    "by_place": "Pair slices by their place",
    "resampled": "Resample onto the inputs' pixels",
}


def _repair(
    context: CheckContext, name: str, volumes: Sequence[Volume], pairs: Sequence[Pairs]
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


def _same(volume: Volume, after: Pairs) -> bool:
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
