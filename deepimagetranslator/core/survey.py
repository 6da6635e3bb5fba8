"""Look at every file of the pairs once: what is wrong, and which sizes, values and colours show."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deepimagetranslator.core.images import read_image
from deepimagetranslator.core.labels import ColourCount, Palette
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.scaling import ValueRange

_THREADS = min(4, os.cpu_count() or 1)


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
