"""Titles of the findings in display order, and their levels."""

from __future__ import annotations

from deepimagetranslator.core.errors import Problem

ERROR, WARNING, NOTE = LEVELS = "Error", "Warning", "Note"
_NOTES = (
    *("several_sizes", "empty_target", "few_images", "colour_and_grey", "bit_depths"),
    *("not_read", "two_forms", "changed_targets", "maybe_instances", "separate_labels"),
    "nan_margin",
)
"""Kinds that are mostly harmless and only reported as notes."""

TITLES = {
    "unmatched": "Files without a partner",
    "unreadable": "Files that cannot be read",
    "sizes": "Input and target of different sizes",
    "displaced": "Targets at another place than their inputs",
    "other_aspect": "Targets of another aspect ratio",
    "all_constant": "Targets that all hold one value",
    "swapped": "Input and target exchanged",
    "target_is_input": "Targets that look like inputs",
    "own_target": "Images that are their own targets",
    "turned_target": "Targets turned or mirrored",
    "mispaired": "Targets that fit another input better",
    "doubtful_pairs": "Pairs whose names differ",
    "shifted_pair": "Targets shifted against their inputs",
    "in_both": "The same image in training and validation",
    "person_in_both": "The same person in training and validation",
    "duplicates": "The same image several times",
    "class_missing": "Classes that are missing",
    "blurred_labels": "Blurred label colours",
    "unknown_labels": "Label colours that are no class",
    "instance_masks": "Targets that number their objects",
    "maybe_instances": "Targets that may number their objects",
    "mask_polarity": "Masks with object and background exchanged",
    "mask_encodings": "Masks written in several ways",
    "separate_labels": "Label colours that never share a file",
    "empty_target": "Empty targets",
    "constant_image": "Images of one value",
    "bit_depths": "Different value types",
    "colour_and_grey": "Colour and grey images",
    "several_sizes": "Images of several sizes",
    "not_finite": "Values that are not numbers, or infinite",
    "far_values": "Values far beyond all others",
    "nan_margin": "NaN at the border",
    "outside_window": "Values outside the window",
    "two_forms": "Files that state two places",
    "changed_targets": "Targets read with a change",
    "little_left": "Augmentation that leaves little",
    "not_read": "Parts of files that are not read",
    "few_images": "Few images",
    "no_validation": "No validation images",
    "memory": "Memory",
    "disk_space": "Disk space",
    "": "Choices",
}
"""Each kind of ``Problem`` in words; an empty kind is about the project's choices."""


def title(kind: str) -> str:
    """The title of a group of findings."""
    return TITLES.get(kind, kind.replace("_", " ").capitalize())


def level(problem: Problem) -> str:
    """The level of a finding: an error stops training, a warning may spoil it."""
    if problem.fatal:
        return ERROR
    return NOTE if problem.kind in _NOTES else WARNING


def rank(kind: str) -> int:
    """The position of a kind in the display order."""
    order = list(TITLES)
    return order.index(kind) if kind in TITLES else len(order)
