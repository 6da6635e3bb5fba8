"""Converts a project's lists of files to pairs, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.chosen_changes import paired_with_changes
from deepimagetranslator.core.data.pairs import ImagePair, Pairing, match_pairs
from deepimagetranslator.core.imaging.image_ref import parse_images

PARTS = ("train", "val")


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
