"""Keep whole groups of images, such as persons, for validation."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.pairs import ImagePair, kernel
from deepimagetranslator.core.problem import UserError

_SLICE = re.compile("(s|z|t|i|slice|slices|frame|layer|plane|page|image|img|im)?[0-9]*")


@dataclass(frozen=True)
class Split:
    """Pairs to learn from and pairs to validate with.

    Attributes:
        train: never empty.
        val: never empty; no group is in both.
        groups: each group's name with its part, "train" or "val".
        warning: a sentence if neighbouring images may be in both parts, else empty.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    groups: dict[str, str]
    warning: str


def split_by_group(
    pairs: Sequence[ImagePair], fraction: float, pattern: str | None = None, seed: int = 1
) -> Split:
    """Keep whole groups, such as persons, for validation: as near to ``fraction`` as they allow.

    Args:
        pairs: at least two.
        fraction: of the images, above 0 and below 1.
        pattern: a regular expression, sought in the input's file name, then in its path below the
            inputs' common folder; its first group, or else the whole match, names the group.
            Without one, the first folder level that differs, or else the name without its slice
            number; if that groups nothing each image is a group, with a warning.
        seed: which groups are chosen.

    Raises:
        UserError: the fraction or the pattern is wrong, a file does not match, or there is only
            one group.
    """
    if not 0 < fraction < 1:
        raise UserError(f"The validation fraction must be between 0 and 1, not {fraction}.")
    names, warning = _group_names([pair.input for pair in pairs], pattern)
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
    parts: dict[bool, list[ImagePair]] = {True: [], False: []}
    for pair, name in zip(pairs, names, strict=True):
        parts[name in chosen].append(pair)
    groups = {name: "val" if name in chosen else "train" for name in sizes}
    return Split(tuple(parts[False]), tuple(parts[True]), groups, warning)


def _group_names(files: Sequence[Path], pattern: str | None) -> tuple[list[str], str]:
    """Each file's group, and the warning."""
    full = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100  resolves ".."
    root = Path(os.path.commonpath([file.parent for file in full])) if full else Path()
    paths = [file.relative_to(root) for file in full]
    if pattern is not None:
        return [_matched(pattern, path) for path in paths], ""
    folders = [[part for part in path.parent.parts if kernel(part, folder=True)] for path in paths]
    by_folder = [folder[0] if folder else "." for folder in folders]
    by_name = [_without_slice(path.stem) or path.stem for path in paths]
    for names in (by_folder, by_name):
        if 1 < len(set(names)) < len(names):
            return names, ""
    warning = (
        "Each image counts as a group of its own, so neighbouring slices of one person may be in "
        "both training and validation; give --group a pattern that finds the person in the names."
    )
    return [path.with_suffix("").as_posix() for path in paths], warning


def _matched(pattern: str, path: Path) -> str:
    try:
        match = re.search(pattern, path.name) or re.search(pattern, path.as_posix())
    except re.error as error:
        message = f"The group pattern '{pattern}' is no regular expression ({error}); correct it."
        raise UserError(message) from error
    if not match:
        message = f"The group pattern '{pattern}' is not found in {path.as_posix()}; widen it."
        raise UserError(message)
    named = match[1] if match.re.groups else None
    return match[0] if named is None else str(named)


def _without_slice(stem: str) -> str:
    """CT-12-004 -> ct_12, person01_slice003 -> person01; empty if nothing would remain."""
    words = kernel(stem).split("_")
    numbered = False
    while words and _SLICE.fullmatch(words[-1]):
        if words[-1].isdigit() and numbered:
            break
        numbered = numbered or words[-1][-1:].isdigit()
        words.pop()
    return "_".join(words) if numbered else ""
