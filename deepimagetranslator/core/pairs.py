"""Which input belongs to which target: a pair each, matched by name or by order."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.files import plain
from deepimagetranslator.core.problem import Problem

_AFFIX_WORDS = """
mask masks seg segs segmentation segmentations segmented label labels labelled labeled map target
targets gt groundtruth ground truth annotation annotations annotated manual image images img imgs
im input inputs raw original originals source src noisy clean
"""
AFFIXES = frozenset(_AFFIX_WORDS.split())
"""Words round a name that say what a file is, not whose it is."""

_SEPARATOR = re.compile(r"[_\-. ]+")

Key = tuple[tuple[str, ...], str]  # folders and name, as they are compared


@dataclass(frozen=True)
class ImagePair:
    """An image to learn from and what it should become."""

    input: Path
    target: Path


@dataclass(frozen=True)
class Pairing:
    """What ``match_pairs`` found.

    Attributes:
        pairs: in the inputs' order.
        problems: one for each file without exactly one partner.
        rule: by what they were matched, in a few words.
    """

    pairs: tuple[ImagePair, ...]
    problems: tuple[Problem, ...]
    rule: str


class _Names:
    """The files of one set, as the rules compare them."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files
        full = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100  resolves ".."
        root = Path(os.path.commonpath([file.parent for file in full])) if full else Path()
        self.above = tuple(word for part in root.parts if (word := kernel(part, folder=True)))
        self.raw = [
            tuple(plain(part) for part in file.parent.relative_to(root).parts) for file in full
        ]
        self.folders = [
            tuple(word for part in folder if (word := kernel(part, folder=True)))
            for folder in self.raw
        ]
        self.names = [plain(file.name) for file in full]
        self.stems = [plain(file.stem) for file in full]
        self.kernels = [kernel(stem) or stem for stem in self.stems]
        self.cores = _without_common(self.kernels)

    def depth(self) -> int:
        return max(map(len, self.folders), default=0)

    def deepen(self, levels: int) -> None:
        """Name folders above the common one, where the other set's folders are that much deeper."""
        if levels > 0:
            self.folders = [self.above[-levels:] + folder for folder in self.folders]

    def keys(self, rule: str) -> list[Key]:
        numbers = [re.sub("[0-9]+", lambda run: str(int(run[0])), core) for core in self.cores]
        nowhere: list[tuple[str, ...]] = [()] * len(self.files)
        folders, names = {
            "the same file name": (self.raw, self.names),
            "the same name with another ending": (self.raw, self.stems),
            "names without words such as image or mask": (self.folders, self.kernels),
            "names without what each set has in common": (self.folders, self.cores),
            "numbers in the names": (self.folders, numbers),
            "names in other folders": (nowhere, self.kernels),
        }[rule]
        return list(zip(folders, names, strict=True))


_RULES = (
    "the same file name",
    "the same name with another ending",
    "names without words such as image or mask",
    "names without what each set has in common",
    "numbers in the names",
)
_FLAT_RULE = "names in other folders"


def match_pairs(inputs: Sequence[Path], targets: Sequence[Path], pairing: str = "name") -> Pairing:
    """Find each input's target.

    By name the rules are tried from exact to loose; the first that pairs every file is used, else
    the first of those that pair most. Capitals do not matter, subfolders (a person each, say) do,
    except those named like ``images`` or ``targets``.

    Args:
        inputs: as ``list_images`` lists them; likewise ``targets``.
        targets: in any order, unless it is by order.
        pairing: "name" or "order".
    """
    if pairing == "order":
        return _match_by_order(inputs, targets)
    ours, theirs = _Names(inputs), _Names(targets)
    ours_deep, theirs_deep = ours.depth(), theirs.depth()
    ours.deepen(theirs_deep - ours_deep)
    theirs.deepen(ours_deep - theirs_deep)
    rules = list(_RULES)
    if min(len(set(ours.folders)), len(set(theirs.folders))) == 1:
        rules.append(_FLAT_RULE)
    best, best_rule = _match(ours, theirs, rules[0]), rules[0]
    for rule in rules[1:]:
        if len(best[0]) == len(inputs) == len(targets):
            break
        found = _match(ours, theirs, rule)
        if len(found[0]) > len(best[0]):
            best, best_rule = found, rule
    pairs, problems = best
    own = [pair.input for pair in pairs if pair.input == pair.target]
    if own:
        message = (
            f"{len(own)} files are their own targets, {own[0].name} for one. That is right for "
            "denoising, where augmentation adds noise to the inputs; else choose the targets."
        )
        problems.append(Problem("targets", message, fatal=False))
    return Pairing(tuple(pairs), tuple(problems), best_rule)


def _match_by_order(inputs: Sequence[Path], targets: Sequence[Path]) -> Pairing:
    problems: tuple[Problem, ...] = ()
    if len(inputs) != len(targets):
        longer = inputs if len(inputs) > len(targets) else targets
        message = (
            f"There are {len(inputs)} inputs and {len(targets)} targets, so this file is the first "
            "without a partner; give as many of each, or pair by name."
        )
        problems = (Problem(str(longer[min(len(inputs), len(targets))]), message),)
    pairs = tuple(ImagePair(*both) for both in zip(inputs, targets, strict=False))
    return Pairing(pairs, problems, "their order")


def _match(ours: _Names, theirs: _Names, rule: str) -> tuple[list[ImagePair], list[Problem]]:
    pairs, problems = [], []
    our_keys, their_keys = ours.keys(rule), theirs.keys(rule)
    inputs, targets = _by_key(ours.files, our_keys), _by_key(theirs.files, their_keys)
    for file, key in zip(ours.files, our_keys, strict=True):
        if len(inputs[key]) == len(targets.get(key, ())) == 1:
            pairs.append(ImagePair(file, targets[key][0]))
        else:
            problems.append(_unpaired(file, inputs[key], targets.get(key, []), "target"))
    for file, key in zip(theirs.files, their_keys, strict=True):
        if not len(targets[key]) == len(inputs.get(key, ())) == 1:
            problems.append(_unpaired(file, targets[key], inputs.get(key, []), "input"))
    return pairs, problems


def _by_key(files: Sequence[Path], keys: Sequence[Key]) -> dict[Key, list[Path]]:
    found: dict[Key, list[Path]] = defaultdict(list)
    for file, key in zip(files, keys, strict=True):
        found[key].append(file)
    return dict(found)


def _unpaired(file: Path, alike: list[Path], partners: list[Path], kind: str) -> Problem:
    if not partners:
        message = f"It has no {kind} of the same name; add one, take it out, or pair by order."
    else:
        several = partners if len(partners) > 1 else [one for one in alike if one != file]
        names = " and ".join(str(one) for one in several[:2])
        message = f"Its {kind} is not certain, because of {names}; rename them, or pair by order."
    return Problem(str(file), message)


def kernel(name: str, folder: bool = False) -> str:
    """A name without the affix words at its ends; a folder's may be followed by a number."""
    words = [word for word in _SEPARATOR.split(plain(name)) if word]

    def is_affix(word: str) -> bool:
        return (word.rstrip("0123456789") if folder else word) in AFFIXES

    while words and is_affix(words[0]):
        words.pop(0)
    while words and is_affix(words[-1]):
        words.pop()
    return "_".join(words)


def _without_common(names: Sequence[str]) -> list[str]:
    """Names without the words that all of them begin or end with; numbers always stay."""
    start = _common_words(names)
    names = [name[start:] for name in names]
    end = _common_words([name[::-1] for name in names])
    return [name[: len(name) - end].strip("_") for name in names]


def _common_words(names: Sequence[str]) -> int:
    """How long a beginning without numbers all names share, up to the end of a word."""
    shared = re.match("[^0-9]*", os.path.commonprefix(names))  # noqa: RUF071  of text
    for length in range(shared.end() if shared else 0, 0, -1):
        if all(
            len(name) > length and (name[length - 1] == "_" or name[length].isdigit())
            for name in names
        ):
            return length
    return 0
