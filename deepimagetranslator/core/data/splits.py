"""Splits pairs into training and validation by whole groups, such as persons.

The slices of one file are always one group, as groups are found by file names.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.core.data.pairs import ImagePair, base_name
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef

TRAINING_WORDS = frozenset(["train", "training"])
VALIDATION_WORDS = frozenset(["val", "valid", "validation"])
TEST_WORDS = frozenset(["test", "testing"])
_PART_WORDS = TRAINING_WORDS | VALIDATION_WORDS | TEST_WORDS
_MOST_NAMED = 12
_SLICE = re.compile("(s|z|t|i|slice|slices|frame|layer|plane|page|image|img|im)?[0-9]*")


@dataclass(frozen=True)
class Split:
    """Training pairs and validation pairs.

    Attributes:
        train: training pairs, at least one.
        val: validation pairs, at least one; no group is in both parts.
        groups: by group name, its part: "train" or "val".
        warning: a sentence if neighbouring images may be in both parts, else empty.
        sizes: each group's number of images.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    groups: dict[str, str]
    warning: str
    sizes: Mapping[str, int] = field(default_factory=dict)


def split_by_group(
    pairs: Sequence[ImagePair],
    fraction: float,
    pattern: str | None = None,
    seed: int = 1,
    by: str = "name",
    persons: Sequence[str] = (),
    validates: Collection[str] | None = None,
) -> Split:
    """Split by whole groups; the validation part is as near to ``fraction`` as they allow.

    Args:
        pairs: at least two.
        fraction: of images for validation, above 0 and below 1.
        pattern: for ``by="name"``: a regular expression, searched in the input's file name, then in
            its path below the inputs' common folder; its first group, or else the whole match,
            names the group. Without one: the person whose folder is known, else the first folder
            level that differs, or else the name without its slice number; if every group has one
            file, each file is a group, with a warning.
        seed: selects the groups.
        by: "name"; "patient": the patient of a DICOM file; "image": each image is a group, with a
            warning.
        persons: folders that each hold the images of one person, as ``DataSpec.persons``.
        validates: the groups for validation, instead of ``fraction`` and ``seed``.

    Raises:
        UserError: the fraction or the pattern is wrong, a file does not match or is not DICOM, or
            there is only one group, or no group that ``validates`` names.
    """
    names, warning = group_names([pair.input for pair in pairs], pattern, by, persons)
    if validates is not None:
        return split_by_choice(pairs, names, validates, warning)
    return split_by_names(pairs, names, fraction, seed, warning)


def group_names(
    files: Sequence[ImageRef], pattern: str | None, by: str, persons: Sequence[str] = ()
) -> tuple[list[str], str]:
    """Each file's group, and a warning or an empty text; arguments as in ``split_by_group``.

    Raises:
        UserError: the pattern is wrong, or a file does not match or is not DICOM.
    """
    if by == "patient":
        return _patients(files), ""
    if by == "image":
        return [file.path.as_posix() for file in files], EACH_IMAGE
    if pattern is not None:
        return _matched(pattern, _below_common_folder(files)), ""
    known = known_persons(files, persons)
    others = [file for file, name in zip(files, known, strict=True) if not name]
    if not others:
        return known, ""
    found, warning = _named(others)
    guessed = iter(found)
    return [name or next(guessed) for name in known], warning


def split_by_choice(
    pairs: Sequence[ImagePair], names: Sequence[str], validates: Collection[str], warning: str = ""
) -> Split:
    """Split by whole groups, of which the user has chosen those for validation.

    Args:
        pairs: all pairs.
        names: each pair's group.
        validates: the groups for validation.
        warning: stored in the split.

    Raises:
        UserError: there is no such group, or no group is left for training or for validation.
    """
    sizes = Counter(names)
    unknown = sorted(set(validates) - sizes.keys())
    if unknown:
        there = ", ".join(sorted(sizes)[:_MOST_NAMED])
        raise UserError(f"There is no group '{unknown[0]}'; choose among {there}.")
    if not validates or len(set(validates)) == len(sizes):
        missing = "training" if validates else "validation"
        raise UserError(f"No group is left for {missing}; choose some, but not all, to validate.")
    parts: dict[bool, list[ImagePair]] = {True: [], False: []}
    for pair, name in zip(pairs, names, strict=True):
        parts[name in validates].append(pair)
    groups = {name: "val" if name in validates else "train" for name in sizes}
    return Split(tuple(parts[False]), tuple(parts[True]), groups, warning, dict(sizes))


def split_by_names(
    pairs: Sequence[ImagePair],
    names: Sequence[str],
    fraction: float,
    seed: int = 1,
    warning: str = "",
) -> Split:
    """Split by whole groups that are already known.

    Args:
        pairs: at least two.
        names: each pair's group.
        fraction: of images for validation, above 0 and below 1.
        seed: selects the groups.
        warning: stored in the split.

    Raises:
        UserError: the fraction is wrong, or there is only one group.
    """
    if not 0 < fraction < 1:
        raise UserError(f"The validation fraction must be between 0 and 1, not {fraction}.")
    sizes = Counter(names)
    if len(sizes) < 2:
        message = f"Only one group ('{names[0]}') was found" if names else "There are no images"
        remedy = "add images of others, give other groups, or give validation images of their own"
        raise UserError(f"{message}, so none can be kept for validation; {remedy}.")
    order = sorted(sizes)
    random.Random(seed).shuffle(order)
    # Bit s of reached[n] is set if some of the first n groups hold s images together.
    reached = [1]
    for group in order:
        reached.append(reached[-1] | reached[-1] << sizes[group])
    sums = [count for count in range(1, len(names)) if reached[-1] >> count & 1]
    wanted = min(sums, key=lambda count: abs(count - fraction * len(names)))
    chosen = set()
    for number, group in reversed(list(enumerate(order))):
        if not reached[number] >> wanted & 1:
            chosen.add(group)
            wanted -= sizes[group]
    return split_by_choice(pairs, names, chosen, warning)


def known_persons(files: Sequence[ImageRef], folders: Sequence[str]) -> list[str]:
    """Each file's person by the person's folder that holds it; empty without one.

    Args:
        files: the files.
        folders: absolute paths. A person has the folder's name, or, if several have the same, the
            end of its path that only it has.
    """
    names = _shortest_names([Path(folder) for folder in folders])
    found: dict[Path, str] = {}

    def person(folder: Path) -> str:
        if folder not in found:
            above = folder.parent
            found[folder] = names.get(folder) or ("" if above == folder else person(above))
        return found[folder]

    if not names:
        return [""] * len(files)
    return [person(file.file.absolute().parent) for file in files]


def _shortest_names(folders: Sequence[Path]) -> dict[Path, str]:
    """The end of each folder's path that no other one has; ``train/P1`` and ``val/P1`` are one."""
    paths = {f: tuple(p for p in f.parts if p.lower() not in _PART_WORDS) for f in folders}
    names: dict[Path, str] = {}
    waiting, length = set(paths.values()), 1
    while waiting:
        ends = {path: "/".join(path[-length:]) for path in waiting}
        several = Counter(ends.values())
        unique = {path for path, end in ends.items() if several[end] == 1}
        names |= {folder: ends[path] for folder, path in paths.items() if path in unique}
        waiting -= unique
        length += 1
    return names


def people(files: Sequence[ImageRef], folders: Sequence[str] = ()) -> list[str]:
    """Each file's person by known folder, else by folder and file name; empty if unknown.

    Stricter than ``split_by_group``: a file name must contain a number (person01, CT-12) to
    identify a person, and folders such as train and val do not.
    """
    known = known_persons(files, folders)
    if all(known):
        return known
    guessed = _people_by_names(files)
    return [name or other for name, other in zip(known, guessed, strict=True)]


def persons_of(
    files: Sequence[ImageRef], patients: Sequence[str], folders: Sequence[str] = ()
) -> list[str]:
    """Each image's person: the DICOM patient, else as ``people``; empty if unknown.

    Args:
        files: the images.
        patients: each image's patient by its DICOM attributes, else empty.
        folders: as ``DataSpec.persons``.
    """
    return [a or b for a, b in zip(patients, people(files, folders), strict=True)]


def _people_by_names(files: Sequence[ImageRef]) -> list[str]:
    paths = _below_common_folder(files)
    folders = [
        [
            part
            for part in path.parent.parts
            if base_name(part, folder=True) not in ("", *_PART_WORDS)
        ]
        for path in paths
    ]
    first = [folder[0] if folder else "" for folder in folders]
    if "" not in first and 1 < len(set(first)) < len(first):
        return first
    stems = [_without_slice(path.stem) for path in paths]
    return [stem if re.search("[0-9]", stem) else "" for stem in stems]


EACH_IMAGE = (
    "Each image counts as a group of its own, so neighbouring slices of one person may be in "
    "both training and validation, which makes the network look better than it is."
)


def _named(files: Sequence[ImageRef]) -> tuple[list[str], str]:
    """Each file's group by name, and the warning."""
    paths = _below_common_folder(files)
    folders = [
        [part for part in path.parent.parts if base_name(part, folder=True)] for path in paths
    ]
    by_folder = [folder[0] if folder else "." for folder in folders]
    by_name = [_without_slice(path.stem) or path.stem for path in paths]
    for names in (by_folder, by_name):
        if 1 < len(set(names)) < len(names):
            return names, ""
    return [path.with_suffix("").as_posix() for path in paths], EACH_IMAGE


def _below_common_folder(images: Sequence[ImageRef]) -> tuple[Path, ...]:
    """The files' paths relative to their common folder; for a slice that of its file."""
    return _relative(tuple(image.file for image in images))


@lru_cache(maxsize=2)  # the split dialog tries a pattern at each key press
def _relative(files: tuple[Path, ...]) -> tuple[Path, ...]:
    full = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100  resolves ".."
    root = Path(os.path.commonpath([file.parent for file in full])) if full else Path()
    return tuple(file.relative_to(root) for file in full)


def _matched(pattern: str, paths: Sequence[Path]) -> list[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        message = f"The group pattern '{pattern}' is no regular expression ({error}); correct it."
        raise UserError(message) from error
    names = []
    for path in paths:
        match = compiled.search(path.name) or compiled.search(path.as_posix())
        if not match:
            message = f"The group pattern '{pattern}' is not found in {path.as_posix()}; widen it."
            raise UserError(message)
        named = match[1] if compiled.groups else None
        names.append(match[0] if named is None else str(named))
    return names


def _patients(files: Sequence[ImageRef]) -> list[str]:
    from deepimagetranslator.core.imaging.series import patient_of  # noqa: PLC0415

    names = []
    for file in files:
        patient = patient_of(file)
        if not patient:
            message = f"{file} does not say whose image it is, as DICOM files do; split by name."
            raise UserError(message)
        names.append(patient)
    return names


def _without_slice(stem: str) -> str:
    """CT-12-004 -> ct_12, person01_slice003 -> person01; empty if nothing would remain."""
    words = base_name(stem).split("_")
    numbered = False
    while words and _SLICE.fullmatch(words[-1]):
        if words[-1].isdigit() and numbered:
            break
        numbered = numbered or words[-1][-1:].isdigit()
        words.pop()
    return "_".join(words) if numbered else ""
