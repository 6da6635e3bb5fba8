"""Converts a project's lists of files to pairs, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.chosen_changes import paired_with_changes
from deepimagetranslator.core.data.pairs import ImagePair, Pairing, match_pairs
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images

PARTS = ("train", "val")
_SIDES = ("inputs", "targets")

Files = tuple[Sequence[ImageRef], Sequence[ImageRef]]
"""Inputs and targets."""


def with_pairs(data: DataSpec, train: Sequence[ImagePair], val: Sequence[ImagePair]) -> DataSpec:
    """The data spec with exactly these pairs.

    Pairing by name is kept if it gives the same pairs, else files are paired by order.
    """
    data = replace(data, **lists_of(train, val))
    if data.pairing == "order":
        return data
    for part, pairs in zip(PARTS, (train, val), strict=True):
        if matched(data, part) != list(pairs):
            return replace(data, pairing="order")
    return data


def with_more(data: DataSpec, part: str, groups: Sequence[Files]) -> DataSpec:
    """The data spec with more files, each group of which is paired by itself.

    Files of the part that are there already are not added again. Pairing by name is kept if it
    gives the same pairs for all files together, else files are paired by order.

    Args:
        data: the data spec.
        part: "train" or "val".
        groups: inputs and targets of a person, or of a folder pair.

    Raises:
        UserError: the names of all files together give other pairs, and some file has no partner,
            which pairing by order cannot express.
    """
    there = {image for side in _SIDES for image in parse_images(getattr(data, f"{part}_{side}"))}
    more = [
        ([f for f in inputs if f not in there], [f for f in targets if f not in there])
        for inputs, targets in groups
    ]
    pairings = [pairing_of(data, part), *(match_pairs(*group) for group in more)]
    pairs = [pair for pairing in pairings for pair in pairing.pairs]
    lists: dict[str, Any] = {}
    for side, files in zip(_SIDES, zip(*more, strict=True), strict=True):
        new = (str(image) for one in files for image in one)
        lists[f"{part}_{side}"] = (*getattr(data, f"{part}_{side}"), *new)
    joined = replace(data, **lists)
    if data.pairing == "name" and set(matched(joined, part)) == set(pairs):
        return joined
    others = {other: pairing_of(data, other) for other in PARTS if other != part}
    alone = [f for p in (*pairings, *others.values()) for f in p.unmatched_inputs]
    alone += [f for p in (*pairings, *others.values()) for f in p.unmatched_targets]
    if alone:
        raise UserError(
            f"{alone[0]} has no partner, and the names of all files together are not clear; "
            "leave it out or add its partner before you load these folders together."
        )
    every = {other: list(pairing.pairs) for other, pairing in others.items()} | {part: pairs}
    return with_pairs(data, every["train"], every["val"])


def matched(data: DataSpec, part: str) -> list[ImagePair]:
    """The pairs of a part, "train" or "val", by name or order."""
    return list(pairing_of(data, part).pairs)


def pairing_of(data: DataSpec, part: str) -> Pairing:
    """How the files of a part, "train" or "val", are paired; they are not opened."""
    inputs, targets = (
        parse_images(getattr(data, f"{part}_{side}")) for side in ("inputs", "targets")
    )
    return paired_with_changes(match_pairs(inputs, targets, data.pairing), data)


LISTS = tuple(f"{part}_{side}" for part in PARTS for side in ("inputs", "targets"))


def lists_of(train: Sequence[ImagePair], val: Sequence[ImagePair]) -> dict[str, Any]:
    return {
        f"{part}_{side}s": tuple(str(getattr(pair, side)) for pair in pairs)
        for part, pairs in zip(PARTS, (train, val), strict=True)
        for side in ("input", "target")
    }
