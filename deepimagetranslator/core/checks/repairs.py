"""Applies repairs to a project: leaves out or moves pairs, changes settings, never files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.chosen import with_values
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.chosen_changes import with_changes
from deepimagetranslator.core.data.pair_lists import LISTS, PARTS, lists_of, matched, with_pairs
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images

ALL = "all"
"""Chooses the repairs of every kind of finding."""


def repaired(specs: Specs, repair: Repair) -> Specs:
    """The specs after a repair.

    A repair that moves pairs keeps only pairs that are still in the project, so pairs left out by
    an earlier repair stay out.
    """
    settings = dict(repair.settings)
    lists = {name: settings.pop(f"data.{name}") for name in LISTS if f"data.{name}" in settings}
    data = specs.data
    if lists:
        settings.pop("data.pairing", None)  # ``with_pairs`` decides it
        data = _with_lists(data, lists)
    if repair.leave_out:
        data = _without(data, set(parse_images(repair.leave_out)), repair.part)
    data = with_changes(data, repair.changes)
    return with_values(replace(specs, data=data), settings.items())


def chosen_repair(problem: Problem, wanted: Collection[str]) -> Repair | None:
    """The repair of a finding that the user has chosen; None for none.

    Args:
        problem: the finding.
        wanted: "all" chooses the first repair of every finding unless it is a guess; a kind of
            finding chooses the first repair of this kind, "KIND:NAME" the one of this name.
    """
    for repair in problem.repairs:
        if repair.name and f"{problem.kind}:{repair.name}" in wanted:
            return repair
    first = problem.repair
    if first is not None and (problem.kind in wanted or (ALL in wanted and not first.guess)):
        return first
    return None


def changing(label: str, name: str, targets: Iterable[ImageRef], guess: bool = False) -> Repair:
    """The repair after which these targets are read with a change.

    Args:
        label: the text of its button.
        name: of the change, see ``core.config.target_changes``; also the repair's name.
        targets: files with all of their images, or slices.
        guess: see ``Repair``.
    """
    changes = tuple((str(target), name) for target in targets)
    return Repair(label, changes=changes, name=name, guess=guess)


def moved(train: Sequence[ImagePair], val: Sequence[ImagePair], label: str) -> Repair:
    """The repair that sets these pairs, as far as they are still in the project.

    It removes files without a partner.
    """
    lists = lists_of(train, val)
    return Repair(label, settings=tuple((f"data.{name}", files) for name, files in lists.items()))


def _with_lists(data: DataSpec, lists: Mapping[str, Any]) -> DataSpec:
    """The data spec with new lists of pairs, without files that left the project."""
    there = {image for name in LISTS for image in parse_images(getattr(data, name))}
    files = {image.file for image in there}  # a target that is read otherwise has other slices
    parts = []
    for part in PARTS:
        both = (parse_images(lists[f"{part}_{side}"]) for side in ("inputs", "targets"))
        pairs = (ImagePair(*files) for files in zip(*both, strict=True))
        parts.append([pair for pair in pairs if pair.input in there and pair.target.file in files])
    return with_pairs(data, *parts)


def _without(data: DataSpec, images: set[ImageRef], only: str) -> DataSpec:
    """The data spec without these images and their partners."""
    parts: dict[str, list[ImagePair]] = {}
    lists: dict[str, Any] = {}
    for part in PARTS:
        pairs = matched(data, part)
        gone = images if only in ("", part) else set()
        out = {pair for pair in pairs if pair.input in gone or pair.target in gone}
        parts[part] = [pair for pair in pairs if pair not in out]
        gone = gone | {image for pair in out for image in (pair.input, pair.target)}
        for side in ("inputs", "targets"):
            name = f"{part}_{side}"
            there = getattr(data, name)
            both = zip(there, parse_images(there), strict=True)
            lists[name] = tuple(text for text, image in both if image not in gone)
    # Files without a partner stay, so that they are still reported.
    remaining = replace(data, **lists)
    if all(matched(remaining, part) == parts[part] for part in PARTS):
        return remaining
    return with_pairs(data, parts["train"], parts["val"])
