"""Attributes of single frames, in the functional groups of an enhanced file or at its top level."""

from __future__ import annotations

from typing import Any


def from_groups(dataset: Any, frame: int, sequence: str, keyword: str) -> Any:
    """The value of an attribute for one frame; None if missing.

    An enhanced multi-frame file has it in a ``sequence`` of the per-frame or the shared functional
    groups, any other file at the top level.
    """
    for group in _groups_of(dataset, frame):
        for item in sequence_items(group, sequence)[:1]:
            if item.get(keyword) is not None:
                return item.get(keyword)
    return dataset.get(keyword)


def items_of(dataset: Any, frame: int, sequence: str) -> list[Any]:
    """The items of a sequence for one frame: of its own group, the shared one, or the top level."""
    for group in (*_groups_of(dataset, frame), dataset):
        items = sequence_items(group, sequence)
        if items:
            return items
    return []


def sequence_items(dataset: Any, sequence: str) -> list[Any]:
    """The items of a sequence; [] if there is none."""
    return list(dataset.get(sequence) or ())


def _groups_of(dataset: Any, frame: int) -> tuple[Any, ...]:
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    return (*own[frame : frame + 1], *shared[:1])
