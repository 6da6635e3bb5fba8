"""Pairs inputs with targets, by file name or by order."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deepimagetranslator.core.errors import Problem, Repair, first_few
from deepimagetranslator.core.imaging.filenames import plain
from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.image_ref import ImageRef

_TARGET_WORDS = """
mask masks seg segs segmentation segmentations segmented label labels labelled labeled target
targets gt groundtruth truth annotation annotations annotated manual clean
"""
_INPUT_WORDS = "image images img imgs im input inputs raw original originals source src noisy"
SIDE_WORDS = {
    "targets": frozenset(_TARGET_WORDS.split()),
    "inputs": frozenset(_INPUT_WORDS.split()),
}
"""Words in names of files and folders that say which side of a pair they hold."""
AFFIXES = SIDE_WORDS["targets"] | SIDE_WORDS["inputs"] | {"ground", "map"}
"""Words in a file name that describe its kind (image, mask), not the person or sample."""

_MODALITY_WORDS = """
ct cbct ldct ndct mr mri pet us xray rgb grey gray he ihc dapi gfp phase brightfield fluo low high
quality dose lr hr expert manual automatic result predicted prediction slice frame scan tile patch
"""
_ROLES = AFFIXES | frozenset(_MODALITY_WORDS.split())
"""Words that may differ between input and target of the same person or sample."""

CERTAIN, LIKELY, DOUBTFUL = "certain", "likely", "doubtful"

_SEPARATOR = re.compile(r"[_\-. ]+")

Key = tuple[tuple[str, ...], str]  # folders and name, as they are compared


@dataclass(frozen=True)
class ImagePair:
    """An input image and its target. Pairs are equal if their files are.

    Attributes:
        input: the input image.
        target: the target image; read it with ``core.data.targets.read_target``.
        changes: names of the changes with which the target is read, in order.
    """

    input: ImageRef
    target: ImageRef
    changes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Pairing:
    """The result of ``match_pairs``.

    Attributes:
        pairs: in the inputs' order.
        problems: one for each file without exactly one partner; beyond five, their number.
        rule: the matching rule, in a few words.
        confidences: of each pair: "certain" (equal names), "likely" (equal base names, or equal
            except for parts that all names of a set share), or "doubtful" (only numbers or the
            order match, or the folders differ).
        unmatched_inputs: inputs without a partner.
        unmatched_targets: targets without a partner, in the targets' order.
    """

    pairs: tuple[ImagePair, ...] = ()
    problems: tuple[Problem, ...] = ()
    rule: str = ""
    confidences: tuple[str, ...] = ()
    unmatched_inputs: tuple[ImageRef, ...] = ()
    unmatched_targets: tuple[ImageRef, ...] = ()


NO_PAIRING = Pairing()


class _Names:
    """The names of one set's images in the forms that the rules compare.

    A file with slices counts as a folder.
    """

    def __init__(self, files: Sequence[ImageRef]) -> None:
        self.files = files
        full = [os.path.abspath(str(file)) for file in files]  # noqa: PTH100  resolves ".."
        parents = [os.path.dirname(file) for file in full]  # noqa: PTH120  of thousands
        known = {parent: Path(parent) for parent in parents}
        root = Path(os.path.commonpath(known)) if files else Path()
        self.above = _words_of(root.parts)
        raw = {
            parent: tuple(plain(part) for part in path.relative_to(root).parts)
            for parent, path in known.items()
        }
        words = {parent: _words_of(folder) for parent, folder in raw.items()}
        self.raw = [raw[parent] for parent in parents]
        self.folders = [words[parent] for parent in parents]
        self.names = [plain(file.name) for file in files]

    @cached_property
    def stems(self) -> list[str]:
        return [stem(name) for name in self.names]

    @cached_property
    def base_names(self) -> list[str]:
        return [base_name(stem) or stem for stem in self.stems]

    @cached_property
    def _cores(self) -> tuple[list[str], frozenset[str]]:
        return _without_common(self.base_names)

    @property
    def common(self) -> frozenset[str]:
        """The words that all names share."""
        return self._cores[1]

    def depth(self) -> int:
        return max(map(len, self.folders), default=0)

    def deepen(self, levels: int) -> None:
        """Add levels of folders above the common one, if the other set's folders are deeper."""
        if levels > 0:
            self.folders = [self.above[-levels:] + folder for folder in self.folders]

    def keys(self, rule: str) -> list[Key]:
        nowhere: list[tuple[str, ...]] = [()] * len(self.files)
        folders, names = {
            "the same file name": lambda: (self.raw, self.names),
            "the same name with another extension": lambda: (self.raw, self.stems),
            "the same base name": lambda: (self.folders, self.base_names),
            "names without their common words": lambda: (self.folders, self._cores[0]),
            "numbers in the names": lambda: (self.folders, self._numbers()),
            "base names, ignoring folders": lambda: (nowhere, self.base_names),
        }[rule]()
        return list(zip(folders, names, strict=True))

    def _numbers(self) -> list[str]:
        return [re.sub("[0-9]+", lambda run: str(int(run[0])), core) for core in self._cores[0]]


_RULES = (
    "the same file name",
    "the same name with another extension",
    "the same base name",
    "names without their common words",
    "numbers in the names",
)
_FLAT_RULE = "base names, ignoring folders"


def match_pairs(
    inputs: Sequence[ImageRef], targets: Sequence[ImageRef], pairing: str = "name"
) -> Pairing:
    """Find each input's target.

    By name, rules are tried from strict to loose. The first rule that pairs every file is used,
    else the first of those that pair most files. Case is ignored. Subfolders (of persons, for
    example) must match, except those with names such as ``images`` or ``targets``.

    Args:
        inputs: as listed by ``list_images``.
        targets: as listed by ``list_images``; their order matters only for pairing by order.
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
    best, most = rules[0], -1
    for rule in rules if inputs and targets else ():
        found = _count(ours, theirs, rule)
        if found > most:
            best, most = rule, found
        if found == len(inputs) == len(targets):
            break
    return _match(ours, theirs, best)


def _count(ours: _Names, theirs: _Names, rule: str) -> int:
    """The number of pairs that a rule finds."""
    partners = Counter(theirs.keys(rule))
    return sum(n == partners[key] == 1 for key, n in Counter(ours.keys(rule)).items())


def _match_by_order(inputs: Sequence[ImageRef], targets: Sequence[ImageRef]) -> Pairing:
    problems: tuple[Problem, ...] = ()
    count = min(len(inputs), len(targets))
    if len(inputs) != len(targets):
        longer = inputs if len(inputs) > len(targets) else targets
        message = (
            f"There are {len(inputs)} inputs and {len(targets)} targets, so this file is the first "
            "without a partner; give as many of each, or pair by name."
        )
        file = str(longer[count])
        problems = (Problem(file, message, kind="unmatched", files=(file,)),)
    pairs = tuple(ImagePair(*both) for both in zip(inputs, targets, strict=False))
    return Pairing(
        pairs,
        problems,
        "their order",
        tuple(_likeness_of_names(pair) for pair in pairs),
        tuple(inputs[count:]),
        tuple(targets[count:]),
    )


def _likeness_of_names(pair: ImagePair) -> str:
    """The confidence, judged by names, of a pair that was matched by order."""
    if pair.input.name == pair.target.name:
        return CERTAIN
    ours, theirs = plain(pair.input.path.stem), plain(pair.target.path.stem)
    if ours == theirs:
        return CERTAIN
    alike = base_name(ours) == base_name(theirs) != ""
    return LIKELY if alike else DOUBTFUL


def _match(ours: _Names, theirs: _Names, rule: str) -> Pairing:
    pairs, confidences, problems = [], [], []
    unmatched: tuple[list[ImageRef], list[ImageRef]] = [], []
    our_keys, their_keys = ours.keys(rule), theirs.keys(rule)
    inputs, targets = _by_key(ours.files, our_keys), _by_key(theirs.files, their_keys)
    for file, key in zip(ours.files, our_keys, strict=True):
        if len(inputs[key]) == len(targets.get(key, ())) == 1:
            pairs.append(ImagePair(file, targets[key][0]))
            confidences.append(_confidence(rule, key[1], ours, theirs))
        else:
            problems.append(_unpaired(file, inputs[key], targets.get(key, []), "target"))
            unmatched[0].append(file)
    for file, key in zip(theirs.files, their_keys, strict=True):
        if not len(targets[key]) == len(inputs.get(key, ())) == 1:
            problems.append(_unpaired(file, targets[key], inputs.get(key, []), "input"))
            unmatched[1].append(file)
    few = first_few(problems, "more files have no certain partner")
    return Pairing(
        tuple(pairs),
        tuple(few),
        rule,
        tuple(confidences),
        tuple(unmatched[0]),
        tuple(unmatched[1]),
    )


def _confidence(rule: str, name: str, ours: _Names, theirs: _Names) -> str:
    """The confidence of a pair that this rule matched by this name."""
    if rule in _RULES[:2]:
        return CERTAIN
    if rule == _FLAT_RULE:
        return DOUBTFUL
    # anna_3 and bob_3 share only a number: they may be two people. ct_3 and mask_3 differ only in
    # the kind of file.
    one, other = ours.common - theirs.common - _ROLES, theirs.common - ours.common - _ROLES
    contradict = rule in _RULES[3:] and one and other
    return DOUBTFUL if contradict and not re.search(r"[^\W\d_]", name) else LIKELY


def _by_key(files: Sequence[ImageRef], keys: Sequence[Key]) -> dict[Key, list[ImageRef]]:
    found: dict[Key, list[ImageRef]] = defaultdict(list)
    for file, key in zip(files, keys, strict=True):
        found[key].append(file)
    return dict(found)


def _unpaired(
    file: ImageRef, alike: list[ImageRef], partners: list[ImageRef], kind: str
) -> Problem:
    if not partners:
        message = f"It has no {kind} of the same name; add one, take it out, or pair by order."
    else:
        several = partners if len(partners) > 1 else [one for one in alike if one != file]
        names = " and ".join(str(one) for one in several[:2])
        message = f"Its {kind} is not certain, because of {names}; rename them, or pair by order."
    repair = Repair("Leave out this file", (str(file),))
    return Problem(str(file), message, kind="unmatched", files=(str(file),), repair=repair)


def base_name(name: str, folder: bool = False) -> str:
    """A name without affix words (image, mask ...) at its start and end.

    In folder names (also of files with slices) an affix may be followed by a number.
    """
    name = stem(name) if folder else name
    words = [word for word in _SEPARATOR.split(plain(name)) if word]

    def is_affix(word: str) -> bool:
        return (word.rstrip("0123456789") if folder else word) in AFFIXES

    while words and is_affix(words[0]):
        words.pop(0)
    while words and is_affix(words[-1]):
        words.pop()
    return "_".join(words)


def _words_of(folders: Sequence[str]) -> tuple[str, ...]:
    """Folder names for comparison, without those that consist of affix words."""
    return tuple(word for part in folders if (word := base_name(part, folder=True)))


def _without_common(names: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Names without the words that all of them start or end with, and these words."""
    start = _common_words(names)
    rest = [name[start:] for name in names]
    end = _common_words([name[::-1] for name in rest])
    removed = f"{names[0][:start]}_{rest[0][len(rest[0]) - end :]}" if names else ""
    cores = [name[: len(name) - end].strip("_") for name in rest]
    return cores, frozenset(removed.split("_")) - {""}


def _common_words(names: Sequence[str]) -> int:
    """The length of the prefix without digits that all names share, up to the end of a word."""
    shared = re.match("[^0-9]*", os.path.commonprefix(names))  # noqa: RUF071  of text
    for length in range(shared.end() if shared else 0, 0, -1):
        if all(
            len(name) > length and (name[length - 1] == "_" or name[length].isdigit())
            for name in names
        ):
            return length
    return 0
