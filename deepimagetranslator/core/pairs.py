"""Which input belongs to which target, what is wrong with the files, and which are kept for
validation: everything that is found out before training.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deepimagetranslator.core.images import plain, read_image
from deepimagetranslator.core.labels import ColourCount, Palette
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.scaling import ValueRange

_AFFIX_WORDS = """
mask masks seg segs segmentation segmentations segmented label labels labelled labeled map target
targets gt groundtruth ground truth annotation annotations annotated manual image images img imgs
im input inputs raw original originals source src noisy clean
"""
AFFIXES = frozenset(_AFFIX_WORDS.split())
"""Words round a name that say what a file is, not whose it is."""

_SLICE = re.compile("(s|z|t|i|slice|slices|frame|layer|plane|page|image|img|im)?[0-9]*")
_SEPARATOR = re.compile(r"[_\-. ]+")
_THREADS = min(4, os.cpu_count() or 1)

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
        self.above = tuple(word for part in root.parts if (word := _kernel(part, folder=True)))
        self.raw = [
            tuple(plain(part) for part in file.parent.relative_to(root).parts) for file in full
        ]
        self.folders = [
            tuple(word for part in folder if (word := _kernel(part, folder=True)))
            for folder in self.raw
        ]
        self.names = [plain(file.name) for file in full]
        self.stems = [plain(file.stem) for file in full]
        self.kernels = [_kernel(stem) or stem for stem in self.stems]
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
    problems += [
        Problem(str(pair.input), "The file is its own target; choose the targets' folder.")
        for pair in pairs
        if pair.input == pair.target
    ]
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


def _kernel(name: str, folder: bool = False) -> str:
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


@dataclass
class Survey:
    """What one reading of all files found.

    Attributes:
        problems: unreadable files, sizes that do not fit; remarks about mixtures.
        input_range: for ``choose_scaling``; likewise ``target_range``.
        target_range: of the targets.
        colours: of the targets; its ``palette()`` serves if the user calls them labels.
        palette: the targets' if they are label maps, else None.
        input_shapes: how many inputs have each (height, width, channels), the first file's first.
        target_shapes: of the targets.
        ratio: target height and width divided by the input's.
        complete: False if it was cancelled.
    """

    problems: list[Problem] = field(default_factory=list)
    input_range: ValueRange = field(default_factory=ValueRange)
    target_range: ValueRange = field(default_factory=ValueRange)
    colours: ColourCount = field(default_factory=ColourCount)
    palette: Palette | None = None
    input_shapes: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    target_shapes: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    ratio: tuple[float, float] = (1.0, 1.0)
    complete: bool = True


@dataclass
class _Facts:
    """What one file says; small, whatever the image's size."""

    problem: Problem | None = None
    shape: tuple[int, int, int] = (0, 0, 0)
    values: ValueRange = field(default_factory=ValueRange)
    colours: ColourCount = field(default_factory=ColourCount)


def check_pairs(
    pairs: Sequence[ImagePair], report: Callable[[int, int], None] | None = None
) -> list[Problem]:
    """The problems that ``survey`` finds."""
    return survey(pairs, report=report).problems


def survey(
    pairs: Sequence[ImagePair],
    cancelled: Callable[[], bool] | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Survey:
    """Read every file once, in a few threads and little memory, and say what is wrong.

    Args:
        pairs: to look at.
        cancelled: asked after each pair; True ends with what was found so far.
        report: called with the number of pairs read and of all pairs.
    """
    result = Survey()
    sizes: list[tuple[ImagePair, tuple[int, int, int], tuple[int, int, int]]] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, (pair, (ours, theirs)) in enumerate(
            zip(pairs, pool.map(_look, pairs), strict=True), 1
        ):
            result.problems += [facts.problem for facts in (ours, theirs) if facts.problem]
            result.input_range.merge(ours.values)
            result.target_range.merge(theirs.values)
            result.colours.merge(theirs.colours)
            if not ours.problem:
                result.input_shapes[ours.shape] += 1
            if not theirs.problem:
                result.target_shapes[theirs.shape] += 1
            if not (ours.problem or theirs.problem):
                sizes.append((pair, ours.shape, theirs.shape))
            if report:
                report(done, len(pairs))
            if cancelled and cancelled():
                pool.shutdown(wait=False, cancel_futures=True)
                result.complete = False
                break
    result.palette = result.colours.label_palette()
    _check_sizes(result, sizes)
    for kind in ("input", "target"):
        _check_mixture(result, kind)
    return result


def _look(pair: ImagePair) -> tuple[_Facts, _Facts]:
    return _facts(pair.input, False), _facts(pair.target, True)


def _facts(file: Path, target: bool) -> _Facts:
    try:
        image = read_image(file)
    except UserError as error:
        return _Facts(Problem(str(file), str(error)))
    facts = _Facts(shape=image.shape)
    facts.values.add(image)
    if target:
        facts.colours.add(image)
    return facts


def _check_sizes(
    result: Survey, sizes: Sequence[tuple[ImagePair, tuple[int, int, int], tuple[int, int, int]]]
) -> None:
    """Set the ratio that most pairs have, and name the pairs that have another one."""
    kinds = Counter((ours[:2], theirs[:2]) for _, ours, theirs in sizes)

    def fits(ours: Iterable[int], theirs: Iterable[int], ratio: tuple[float, float]) -> bool:
        return all(
            abs(a * r - b) <= max(1.0, r) / 2 + 1e-9
            for a, b, r in zip(ours, theirs, ratio, strict=True)
        )

    ratios = {(1.0, 1.0): 0}
    for (small, large), _ in kinds.most_common(20):
        ratios[large[0] / small[0], large[1] / small[1]] = 0
    for ratio in ratios:
        ratios[ratio] = sum(n for sides, n in kinds.items() if fits(*sides, ratio))
    result.ratio = max(ratios, key=lambda ratio: ratios[ratio])
    for pair, ours, theirs in sizes:
        if not fits(ours[:2], theirs[:2], result.ratio):
            height, width = (round(a * r) for a, r in zip(ours, result.ratio, strict=False))
            message = (
                f"It has {theirs[1]} x {theirs[0]} pixels where {width} x {height} belong to its "
                f"input {pair.input} ({ours[1]} x {ours[0]}); resize it or choose the right file."
            )
            result.problems.append(Problem(str(pair.target), message))


def _check_mixture(result: Survey, kind: str) -> None:
    """Remarks about what differs within a set, which is allowed but seldom meant."""
    shapes: Counter[tuple[int, int, int]] = getattr(result, f"{kind}_shapes")
    values: ValueRange = getattr(result, f"{kind}_range")
    sizes = {shape[:2] for shape in shapes}
    found = []
    if len(sizes) > 1:
        found.append(f"The {kind}s have {len(sizes)} sizes; they are resized to the network's.")
    if len(values.dtypes) > 1:
        names = ", ".join(sorted(values.dtypes))
        found.append(f"The {kind}s mix value types ({names}); save them in one type if you can.")
    if len(values.channels) > 1:
        found.append(f"The {kind}s mix grey and colour images; check that none is out of place.")
    result.problems += [Problem(f"{kind}s", message, fatal=False) for message in found]


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
    folders = [[part for part in path.parent.parts if _kernel(part, folder=True)] for path in paths]
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
    words = _kernel(stem).split("_")
    numbered = False
    while words and _SLICE.fullmatch(words[-1]):
        if words[-1].isdigit() and numbered:
            break
        numbered = numbered or words[-1][-1:].isdigit()
        words.pop()
    return "_".join(words) if numbered else ""
